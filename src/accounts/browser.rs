//! Who is signed in with which browser. The cookie holds 256 random bits, drawn anew at every sign-in, and the store their hash.

use serde_json::json;

use super::{Means, SignedIn};
use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::secret::{Plain, SessionSecret};
use crate::store::grants::SignIn;
use crate::store::new_id;
use crate::store::sessions::{SessionRow, SessionStanding};
use crate::time::UnixTime;

/// Uses within that time are written down as one.
const NOTED_SECONDS: i64 = 60;
/// How long a sign-in shows whose account it is, where no password can.
const RECENT_SECONDS: i64 = 300;

/// The session of a cookie, if it is good.
pub async fn session(
    app: &App,
    secret: Option<&Plain<SessionSecret>>,
    now: UnixTime,
) -> Outcome<Option<SessionStanding>> {
    let Some(secret) = secret else { return Ok(None) };
    let standing = app.store.session(&secret.hash(app.keyring.secret_hash_key())).await?;
    let idle_since = now.minus(app.config.sessions.idle_seconds());
    Ok(standing.filter(|standing| standing.is_good(idle_since, now)))
}

/// The same for a page that is used with it, and not only looked at on the way to a client.
pub async fn used(app: &App, secret: Option<&Plain<SessionSecret>>, now: UnixTime) -> Outcome<Option<SessionStanding>> {
    let Some(standing) = session(app, secret, now).await? else { return Ok(None) };
    if now.since(standing.session.last_used_at) >= NOTED_SECONDS {
        app.store.note_session_used(standing.session.hash.clone(), now).await?;
    }
    Ok(Some(standing))
}

/// Whether its user showed a moment ago whose account it is.
pub fn is_recent(session: &SessionRow, now: UnixTime) -> bool {
    session.proven_at.is_some_and(|at| now.since(at) < RECENT_SECONDS)
}

/// Signs a user in with a browser, in the place of its session before.
pub async fn begin(
    app: &App,
    user: SignedIn,
    before: Option<&Plain<SessionSecret>>,
    client_id: &str,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<Plain<SessionSecret>> {
    let key = app.keyring.secret_hash_key();
    let secret = Plain::<SessionSecret>::generate();
    let (acr, amr) = user.means.told();
    let row = SessionRow {
        hash: secret.hash(key),
        id: new_id(now),
        user_id: user.id,
        user_epoch: user.epoch,
        auth_time: user.means.auth_time(now),
        proven_at: user.means.proven_at(now),
        acr: acr.to_owned(),
        amr: amr.to_owned(),
        created_at: now,
        last_used_at: now,
        expires_at: now.plus(app.config.sessions.absolute_seconds()),
        ended_at: None,
        device: origin.device.clone(),
        address: origin.address.map(|address| address.to_string()),
    };
    let record = Entry::new(Act::SignedIn, Actor::User(&row.user_id)).on("user", row.user_id.clone());
    let record = match &user.means {
        Means::Password => record,
        Means::Upstream(vouched) => record.with(json!({ "upstream": vouched.name })),
    };
    let record = record.at_client(client_id).from(origin).record(now);
    let ends_others = app.config.tokens.single_session;
    let sign_in = SignIn { epoch: user.epoch, ends_others, upgraded: user.upgraded, spends: None };
    let before = before.map(|before| before.hash(key));
    if !app.store.open_session(row, before, sign_in, record, now).await? {
        let about = "the account was changed while the sign-in was under way: try again";
        return Err(Refused::new(ErrorCode::InvalidGrant, Reason::SignInOvertaken, about).into());
    }
    Ok(secret)
}
