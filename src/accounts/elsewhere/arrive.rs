//! Somebody comes back from a provider.

use serde_json::json;

use super::{Bound, WAITS_SECONDS, hash, linked_elsewhere, make, redirect_uri, stale, too_old, trouble};
use crate::accounts::letters::{self, About};
use crate::accounts::sign_in::{Means, SignedIn, Vouched};
use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::directory::Upstream;
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::provider::Identity;
use crate::provider::{self, Answered, ProviderError};
use crate::secret::{FormSecret, Plain, UpstreamSecret, UpstreamState};
use crate::store::identities::IdentityRow;
use crate::store::upstream_logins::UpstreamLogin;
use crate::store::users::UserRow;
use crate::store::{StoreError, new_id};
use crate::time::UnixTime;

/// How far the clocks of providers may differ.
const SKEW_SECONDS: i64 = 60;

/// What the browser came back with.
pub struct Came<'a> {
    pub state: &'a Plain<UpstreamState>,
    pub code: Option<&'a str>,
    pub error: Option<&'a str>,
    pub iss: Option<&'a str>,
}

/// Who came back, and where from.
pub struct Arrival<'a> {
    pub upstream: &'a Upstream,
    pub login: &'a UpstreamLogin,
    pub client_id: &'a str,
    /// Whether the provider was asked to ask whoever it is.
    pub anew: bool,
    /// Who is signed in with the browser already, and in which epoch.
    pub user: Option<(&'a str, i64)>,
    pub origin: &'a Origin,
}

impl Arrival<'_> {
    /// What the provider says with this.
    pub(super) fn vouched(&self, identity: &Identity) -> Means {
        let auth_time = identity.auth_time.map(UnixTime::from_seconds);
        Means::Upstream(Vouched { name: self.upstream.name.clone(), auth_time, asked: self.anew })
    }

    /// Whoever sits at the browser can change what the provider is asked; when it says that it asked nobody since, nothing was
    /// shown.
    fn must_be_new(&self, identity: &Identity) -> Result<(), Refused> {
        let sent_at = self.login.created_at.minus(SKEW_SECONDS).seconds();
        if self.anew && identity.auth_time.is_some_and(|at| at < sent_at) { Err(too_old()) } else { Ok(()) }
    }
}

/// How it goes on.
#[derive(Debug)]
pub enum Arrived {
    SignedIn(SignedIn),
    /// There is an account with the address: whose it is remains to be proven, by who comes back with this.
    Proof(Plain<UpstreamState>),
    /// To the account that was signed in before.
    Linked,
    /// Whoever reads the mail of this address knows how it goes on.
    AsksByLetter(String),
}

/// What was begun in this browser, for this provider. It is spent by that, however it ends.
pub async fn take(
    app: &App,
    upstream: &Upstream,
    state: &Plain<UpstreamState>,
    browser: &Plain<FormSecret>,
    now: UnixTime,
) -> Outcome<UpstreamLogin> {
    let browser = browser.hash(app.keyring.secret_hash_key());
    let found = app.store.take_upstream_login(hash(app, state), browser, upstream.id.clone(), now).await?;
    Ok(found.ok_or_else(stale)?)
}

/// Whoever is refused is recorded.
pub async fn arrive(app: &App, arrival: &Arrival<'_>, came: &Came<'_>, now: UnixTime) -> Outcome<Arrived> {
    match go_on(app, arrival, came, now).await {
        Err(Failure::Refused(refused)) => {
            let entry = Entry::new(Act::SignInRefused, Actor::Nobody).refused(refused.reason);
            let entry = entry.with(json!({ "upstream": arrival.upstream.name }));
            let record = entry.at_client(arrival.client_id).from(arrival.origin).record(now);
            app.store.record(record).await?;
            Err(refused.into())
        }
        done => done,
    }
}

async fn go_on(app: &App, arrival: &Arrival<'_>, came: &Came<'_>, now: UnixTime) -> Outcome<Arrived> {
    let identity = identify(app, arrival, came, now).await?;
    let known = app.store.identity(&arrival.upstream.id, &identity.subject).await?;
    if let Some(user_id) = arrival.login.user_id.as_deref() {
        if arrival.login.again().is_some() {
            return again(app, arrival, user_id, (&identity, known), now).await;
        }
        return link(app, arrival, user_id, &identity, known, now).await;
    }
    arrival.must_be_new(&identity)?;
    match known {
        Some(known) => Ok(Arrived::SignedIn(known_user(app, arrival, &identity, known, now).await?)),
        None => make::make(app, arrival, &identity, now).await,
    }
}

async fn identify(app: &App, arrival: &Arrival<'_>, came: &Came<'_>, now: UnixTime) -> Outcome<Identity> {
    let upstream = arrival.upstream;
    let of_provider = |error: ProviderError| trouble(upstream, &error);
    app.providers.check_issuer(upstream, came.iss, now).await.map_err(of_provider)?;
    let code = match (came.error, came.code) {
        (None, Some(code)) => code,
        (Some("access_denied"), _) => {
            let about = "the provider did not let this happen, or whoever was asked did not want it";
            return Err(Refused::new(ErrorCode::AccessDenied, Reason::UpstreamRefused, about).into());
        }
        (Some("temporarily_unavailable" | "server_error"), _) => {
            return Err(of_provider(ProviderError::Away("it says so itself".to_owned())).into());
        }
        _ => {
            return Err(
                of_provider(ProviderError::Wrong("it answers with neither a code nor consent".to_owned())).into()
            );
        }
    };
    let bound = Bound::to(app, came.state);
    let secret = secret(app, upstream).await?;
    let answered = Answered {
        code,
        redirect_uri: &redirect_uri(app, &upstream.name),
        nonce: &bound.nonce,
        verifier: &bound.verifier,
        secret: secret.as_ref(),
    };
    Ok(app.providers.identify(upstream, &answered, now).await.map_err(of_provider)?)
}

async fn secret(app: &App, upstream: &Upstream) -> Outcome<Option<Plain<UpstreamSecret>>> {
    let Some(sealed) = app.store.upstream_secret(&upstream.id).await? else { return Ok(None) };
    let bytes = app.keyring.open_for(&provider::sealing(&upstream.id), &sealed)?;
    Ok(Some(Plain::presented(String::from_utf8_lossy(&bytes).into_owned())))
}

/// Somebody who signed in with this provider before, unless the account is shut.
pub(super) async fn known_user(
    app: &App,
    arrival: &Arrival<'_>,
    identity: &Identity,
    known: IdentityRow,
    now: UnixTime,
) -> Outcome<SignedIn> {
    let user = app.store.user(&known.user_id).await?.ok_or_else(stale)?;
    admit(app, &user)?;
    app.store.note_identity_used(known.id, now).await?;
    let roles = app.store.roles_of(&user.id).await?;
    let means = arrival.vouched(identity);
    Ok(SignedIn { id: user.id, epoch: user.epoch, roles, upgraded: None, means })
}

/// The same rules as after a password; that this account is theirs they know.
fn admit(app: &App, user: &UserRow) -> Result<(), Refused> {
    let refused = |reason, about| Err(Refused::new(ErrorCode::InvalidGrant, reason, about));
    if user.disabled_at.is_some() {
        return refused(Reason::UserDisabled, "the account is closed");
    }
    if user.locked_at.is_some() {
        return refused(Reason::UserLocked, "the account is locked");
    }
    if user.verified_at.is_none() && app.config.accounts.require_verified_email {
        return refused(Reason::UserUnverified, "the address of the account is not confirmed yet");
    }
    if user.must_reset_password {
        return refused(Reason::PasswordResetDue, "the account needs a new password");
    }
    Ok(())
}

/// To the account that is signed in: the browser that asked for it still is.
async fn link(
    app: &App,
    arrival: &Arrival<'_>,
    user_id: &str,
    identity: &Identity,
    known: Option<IdentityRow>,
    now: UnixTime,
) -> Outcome<Arrived> {
    let Some((_, epoch)) = arrival.user.filter(|(id, _)| *id == user_id) else { return Err(stale().into()) };
    match known {
        Some(known) if known.user_id == user_id => Ok(Arrived::Linked),
        Some(_) => Err(linked_elsewhere().into()),
        None => {
            add_link(app, arrival.upstream, (user_id, epoch), identity, arrival.origin, now).await?;
            Ok(Arrived::Linked)
        }
    }
}

/// Once more, as the one whose account is signed in.
async fn again(
    app: &App,
    arrival: &Arrival<'_>,
    user_id: &str,
    (identity, known): (&Identity, Option<IdentityRow>),
    now: UnixTime,
) -> Outcome<Arrived> {
    if arrival.user.is_none_or(|(id, _)| id != user_id) {
        return Err(stale().into());
    }
    let Some(known) = known.filter(|known| known.user_id == user_id) else {
        let about = "at the provider somebody else is signed in";
        return Err(Refused::new(ErrorCode::AccessDenied, Reason::SomebodyElse, about).into());
    };
    arrival.must_be_new(identity)?;
    Ok(Arrived::SignedIn(known_user(app, arrival, identity, known, now).await?))
}

/// Of two who want the same one of theirs, one gets it. Whose account it is hears of it.
pub(super) async fn add_link(
    app: &App,
    upstream: &Upstream,
    (user_id, epoch): (&str, i64),
    identity: &Identity,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<()> {
    let entry = Entry::new(Act::IdentityLinked, Actor::User(user_id)).on("user", user_id);
    let record = entry.with(json!({ "upstream": upstream.name })).from(origin).record(now);
    let user = app.store.user(user_id).await?.ok_or_else(stale)?;
    let letter = letters::provider(app, &user, (About::Linked, &upstream.description.label), origin, now)?;
    match app.store.add_identity(row(upstream, user_id, identity, now), epoch, letter, record).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(linked_elsewhere().into()),
        Err(StoreError::Overtaken) => Err(stale().into()),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn row(upstream: &Upstream, user_id: &str, identity: &Identity, now: UnixTime) -> IdentityRow {
    IdentityRow {
        id: new_id(now),
        upstream_id: upstream.id.clone(),
        subject: identity.subject.clone(),
        user_id: user_id.to_owned(),
        email: identity.email.clone().filter(|email| crate::accounts::names::check_email(email).is_ok()),
        linked_at: now,
        last_login_at: Some(now),
    }
}

/// Keeps what the provider said until it is proven whose account is theirs.
pub(super) async fn await_proof(
    app: &App,
    arrival: &Arrival<'_>,
    identity: &Identity,
    now: UnixTime,
) -> Outcome<Arrived> {
    let token = Plain::<UpstreamState>::generate();
    let hash = hash(app, &token);
    let said = serde_json::to_vec(identity).unwrap_or_default();
    let login = UpstreamLogin {
        identity: Some(app.keyring.seal_for(&super::prove::sealing(&hash), &said)?),
        hash,
        user_id: None,
        created_at: now,
        expires_at: now.plus(WAITS_SECONDS),
        ..arrival.login.clone()
    };
    app.store.add_upstream_login(login).await?;
    Ok(Arrived::Proof(token))
}
