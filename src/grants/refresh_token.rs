//! The refresh token grant — RFC 6749 §6, with rotation (RFC 9700 §4.14.2).
//!
//! 1. load: the grant that the token belongs to, and its user
//! 2. decide: `judge` says what this token is to the grant; scopes and resources may narrow, never widen
//! 3. mint: the access token, and the refresh token that takes the place of this one
//! 4. settle: one conditional statement; whoever loses the race reads the grant again and is judged by the same rule
//! 5. answer

use super::sign_in::{Decision, issue};
use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::directory::Client;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::scope::ScopeSet;
use crate::protocol::token::{RefreshRequest, TokenResponse};
use crate::secret::{Hash, Plain, RefreshToken};
use crate::store::grants::{Rotation, Standing};
use crate::time::UnixTime;
use crate::tokens::reach::{self, Holder};
use crate::tokens::refresh::{self, Presented};

/// Whoever loses a race is judged by the winner's row; that can be overtaken again, but not for ever.
const ATTEMPTS: usize = 4;

/// What a genuine token is to the grant that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is the one that is good.
    Rotate,
    /// Its successor was made a moment ago, is unused, and lies here sealed: the answer may have been lost.
    Retry(String),
    /// It was replaced, and whoever has it should not.
    Reuse,
}

/// The times that the rule depends on.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    pub idle_seconds: i64,
    pub retry_seconds: i64,
}

pub async fn answer(
    app: &App,
    client: &Client,
    request: &RefreshRequest,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<TokenResponse> {
    let unknown = || refused(Reason::UnknownRefreshToken);
    let presented = refresh::read(app, &request.refresh_token).ok_or_else(unknown)?;
    let digest = refresh::request(app, request.scope.as_ref(), &request.resources);
    let windows = Windows {
        idle_seconds: app.config.tokens.refresh_idle_seconds(),
        retry_seconds: app.config.tokens.refresh_retry_seconds.into(),
    };
    let mut issued: Option<TokenResponse> = None;
    for _ in 0..ATTEMPTS {
        let standing = app.store.grant(&presented.grant_id).await?.ok_or_else(unknown)?;
        let step = judge(&standing, &presented.hash, &client.id, &digest, windows, now)?;
        if step == Step::Reuse {
            return end(app, client, &standing, origin, now).await;
        }
        let response = match issued.take() {
            Some(response) => response,
            None => {
                let decision = narrow(app, client, &standing, request).await?;
                issue(app, client, &standing.grant, &standing.roles, decision, None, now).await?
            }
        };
        if let Step::Retry(sealed) = step {
            app.counters.refreshed("retried");
            return Ok(with(response, &presented.open(app, &sealed)?));
        }
        let (next, rotation) = rotation(app, &presented, &digest, windows)?;
        if app.store.rotate(rotation, now).await? {
            app.counters.refreshed("rotated");
            return Ok(with(response, &next));
        }
        issued = Some(response);
    }
    Err(refused(Reason::GrantEnded).into())
}

/// The rule, as a function of what is stored. A refusal here costs the owner nothing; `Reuse` ends the grant.
pub fn judge(
    standing: &Standing,
    presented: &Hash<RefreshToken>,
    client_id: &str,
    request: &str,
    windows: Windows,
    now: UnixTime,
) -> Result<Step, Refused> {
    let grant = &standing.grant;
    // "The refresh token is bound to the client to which it was issued" (§10.4).
    if grant.client_id != client_id {
        return Err(refused(Reason::ForeignRefreshToken));
    }
    if grant.expires_at <= now || grant.last_used_at.plus(windows.idle_seconds) <= now {
        return Err(refused(Reason::GrantExpired));
    }
    if !standing.is_good(now) {
        return Err(refused(Reason::GrantEnded));
    }
    let is = |stored: &Option<Hash<RefreshToken>>| stored.as_ref().is_some_and(|stored| stored.matches(presented));
    if is(&grant.refresh_hash) {
        return Ok(Step::Rotate);
    }
    let is_recent = grant.rotated_at.is_some_and(|at| at.plus(windows.retry_seconds) > now);
    let asks_the_same = grant.rotation_request.as_deref() == Some(request);
    match grant.kept_successor() {
        Some(sealed) if is_recent && asks_the_same && is(&grant.previous_hash) => Ok(Step::Retry(sealed.to_owned())),
        _ => Ok(Step::Reuse),
    }
}

/// §6: "the requested scope MUST NOT include any scope not originally granted"; and RFC 8707 §2.2 says the same of resources.
async fn narrow(app: &App, client: &Client, standing: &Standing, request: &RefreshRequest) -> Outcome<Decision> {
    let granted = ScopeSet::parse(&standing.grant.scope).unwrap_or_default();
    let asked = request.scope.as_ref().unwrap_or(&granted);
    if !asked.is_subset_of(&granted) {
        let about = "more scopes were asked for than were granted at the sign-in";
        return Err(Refused::new(ErrorCode::InvalidScope, Reason::ScopeTooWide, about).into());
    }
    let (scopes, roles) = (app.directory.scopes().await?, app.directory.roles().await?);
    let held = reach::held(client, Holder::User { roles: &roles, of: &standing.roles }, &scopes);
    let audience =
        reach::granted_audience(client, &standing.grant.resources, &request.resources, app.config.issuer.as_str())?;
    let meant = reach::meant_by(&audience, &app.directory.resources().await?);
    let scope = reach::narrowed(asked, &held, &scopes, meant.as_ref())?;
    Ok(Decision { scope, audience })
}

fn rotation(
    app: &App,
    presented: &Presented,
    request: &str,
    windows: Windows,
) -> Outcome<(Plain<RefreshToken>, Rotation)> {
    let (next, new) = refresh::make(app, &presented.grant_id);
    // Without a window nobody may ask again, so nothing is kept to answer with.
    let sealed = if windows.retry_seconds > 0 { Some(presented.seal(app, &next)?) } else { None };
    let (grant_id, old) = (presented.grant_id.clone(), presented.hash.clone());
    Ok((next, Rotation { grant_id, old, new, sealed, request: request.to_owned() }))
}

/// RFC 9700 §4.14.2: who presents a token that was replaced shows that two have it, so neither may go on.
async fn end(
    app: &App,
    client: &Client,
    standing: &Standing,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<TokenResponse> {
    let grant = &standing.grant;
    let entry = Entry::new(Act::RefreshReused, Actor::Client(&client.id)).on("grant", grant.id.clone());
    let record = entry.at_client(&client.id).about_person(grant.user_id.clone()).from(origin).record(now);
    if app.store.end_grant(grant.id.clone(), None, record, now).await? {
        app.counters.refreshed("reused");
    }
    Err(refused(Reason::RefreshReused).into())
}

fn with(response: TokenResponse, next: &Plain<RefreshToken>) -> TokenResponse {
    TokenResponse { refresh_token: Some(next.reveal().to_owned()), ..response }
}

/// Whatever is wrong with a refresh token, its bearer hears the same.
fn refused(reason: Reason) -> Refused {
    Refused::new(ErrorCode::InvalidGrant, reason, "the refresh token is not good, or not good any more")
}
