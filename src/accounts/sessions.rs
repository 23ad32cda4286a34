//! Where somebody is signed in, and how that ends.

use super::Session;
use super::profile::amended;
use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::secret::{Plain, RefreshToken};
use crate::store::grants::Standing;
use crate::store::sessions::SessionRow;
use crate::store::users::{Amendment, Spared, UserChange};
use crate::time::UnixTime;
use crate::tokens::{self, Examined, refresh};

/// A page of the sign-ins of a user that are good, at clients and with browsers, the newest first, after the one named.
pub async fn list(app: &App, user_id: &str, after: Option<&str>, limit: i64, now: UnixTime) -> Outcome<Vec<Session>> {
    let idle_since = now.minus(app.config.tokens.refresh_idle_seconds());
    let grants = app.store.grants_of(user_id, after, limit, idle_since, now).await?;
    let idle_since = now.minus(app.config.sessions.idle_seconds());
    let browsers = app.store.sessions_of(user_id, after, limit, idle_since, now).await?;
    // The ids of both begin with their time.
    let mut sessions: Vec<Session> =
        grants.into_iter().map(Session::from).chain(browsers.into_iter().map(Session::from)).collect();
    sessions.sort_by(|one, other| other.id.cmp(&one.id));
    sessions.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(sessions)
}

/// Ends one sign-in of a user, at a client or with a browser; `not_found` when there is no such one.
pub async fn end(app: &App, user_id: &str, id: &str, actor: Actor<'_>, origin: &Origin, now: UnixTime) -> Outcome<()> {
    let of = serde_json::json!({ "user_id": user_id });
    let record = |kind| entry(Act::SessionEnded, actor, origin).on(kind, id).with(of.clone()).record(now);
    let (id, user_id) = (id.to_owned(), user_id.to_owned());
    let ended = app.store.end_grant(id.clone(), Some(user_id.clone()), record("grant"), now).await?
        || app.store.end_session(id.clone(), user_id, record("session"), now).await?;
    if ended { Ok(()) } else { Err(unknown("there is no such session")) }
}

/// Ends all sign-ins of a user but the browser's that this is asked with.
pub async fn end_others(app: &App, session: &SessionRow, origin: &Origin, now: UnixTime) -> Outcome<()> {
    let user_id = session.user_id.clone();
    let record = entry(Act::SignedOutEverywhere, Actor::User(&user_id), origin).on("user", user_id.clone()).record(now);
    let amendment = Amendment {
        from_epoch: Some(session.user_epoch),
        ends_grants: Some(Spared(None)),
        spares_session: Some(session.hash.clone()),
        ..Amendment::new(user_id.clone(), UserChange::default(), record, now)
    };
    amended(app.store.amend_user(amendment).await?).map(drop)
}

/// Signing out with a browser, as a client asked for it if one did. One that is signed out already needs no more of it.
pub async fn sign_out(
    app: &App,
    session: &SessionRow,
    client_id: Option<&str>,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<()> {
    let record = entry(Act::SignedOut, Actor::User(&session.user_id), origin).on("session", session.id.clone());
    let record = client_id.into_iter().fold(record, Entry::at_client).record(now);
    app.store.end_session(session.id.clone(), session.user_id.clone(), record, now).await?;
    Ok(())
}

/// Logging out: the sign-in that the caller's own token comes from. One that is over already needs no ending.
pub async fn log_out(app: &App, user_id: &str, grant_id: &str, origin: &Origin, now: UnixTime) -> Outcome<()> {
    let record = entry(Act::SignedOut, Actor::User(user_id), origin).on("grant", grant_id).record(now);
    app.store.end_grant(grant_id.to_owned(), Some(user_id.to_owned()), record, now).await?;
    Ok(())
}

/// The same for whoever has the refresh token of a sign-in at this client, also one that was replaced: the newer one may have
/// been lost. Logging out everywhere takes one that is still good.
pub async fn log_out_by_token(
    app: &App,
    client_id: &str,
    token: &Plain<RefreshToken>,
    everywhere: bool,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<()> {
    let presented = refresh::read(app, token).ok_or_else(|| not_good(Reason::UnknownRefreshToken))?;
    let Some(Standing { grant, .. }) = app.store.grant(&presented.grant_id).await? else { return Ok(()) };
    if grant.client_id != client_id {
        return Err(not_good(Reason::ForeignRefreshToken));
    }
    if !everywhere {
        return log_out(app, &grant.user_id, &grant.id, origin, now).await;
    }
    match tokens::examine(app, token.reveal(), now).await? {
        Some(Examined::Refresh(_)) => end_all(app, &grant.user_id, Actor::User(&grant.user_id), origin, now).await,
        _ => Err(not_good(Reason::GrantEnded)),
    }
}

/// Ends everything that a user ever granted, at once.
pub async fn end_all(app: &App, user_id: &str, actor: Actor<'_>, origin: &Origin, now: UnixTime) -> Outcome<()> {
    let record = entry(Act::SignedOutEverywhere, actor, origin).on("user", user_id).record(now);
    let known = app.store.end_grants_of(user_id.to_owned(), record).await?;
    if known { Ok(()) } else { Err(unknown("there is no such user")) }
}

/// Where it came from is about who did it, and goes when that person is erased.
fn entry<'a>(act: Act, actor: Actor<'a>, origin: &Origin) -> Entry<'a> {
    Entry::new(act, actor).from(origin)
}

fn not_good(reason: Reason) -> Failure {
    Refused::new(ErrorCode::InvalidGrant, reason, "the refresh token is not good, or not good any more").into()
}

fn unknown(about: &'static str) -> Failure {
    Refused::new(ErrorCode::NotFound, Reason::NotThere, about).into()
}
