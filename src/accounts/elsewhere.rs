//! Signing in with others: somebody is sent to a provider with a browser, and comes back with it. Whoever is known by that
//! provider is signed in; whoever is not gets an account, or proves first whose account is theirs. An address that two accounts
//! share links nobody.

mod arrive;
mod links;
mod make;
mod prove;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

use super::browser;
use crate::app::App;
use crate::audit::{Act, Actor, Entry};
use crate::directory::Upstream;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::pkce::CodeChallenge;
use crate::provider::{Asked, ProviderError};
use crate::secret::{CodeVerifier, FormSecret, Hash, Plain, UpstreamState};
use crate::store::sessions::SessionRow;
use crate::store::upstream_logins::UpstreamLogin;
use crate::time::UnixTime;

pub use arrive::{Arrival, Arrived, Came, arrive, take};
pub use links::{Linked, links, unlink};
pub use prove::{Awaited, awaited, prove};

/// How long somebody may take at the provider, and then to prove whose account is theirs.
const WAITS_SECONDS: i64 = 600;

/// Where providers send people back to, below the issuer.
pub const CALLBACK: &str = "/login/from";

/// What somebody is sent for.
#[derive(Clone, Copy)]
pub enum Errand<'a> {
    /// To sign in for the request that waits, as a query; the name that the user probably signs in by; and whether the request
    /// wants them to be asked, whoever they are to the provider already.
    SignIn { way: &'a str, login_hint: Option<&'a str>, anew: bool },
    /// Who is signed in wants to be known by the provider, too.
    Link { session: &'a SessionRow },
    /// Who is signed in does so once more, for this page of their account.
    Again { user_id: &'a str, page: &'a str },
}

/// The provider of this name, unless nobody may sign in with it.
pub async fn upstream(app: &App, name: &str) -> Outcome<Upstream> {
    let all = app.directory.upstreams().await?;
    let found = all.iter().find(|upstream| upstream.name == name && upstream.description.enabled);
    let gone = || Refused::new(ErrorCode::NotFound, Reason::NotThere, "there is no such provider");
    Ok(found.cloned().ok_or_else(gone)?)
}

/// Where to send the browser.
pub async fn start(
    app: &App,
    upstream: &Upstream,
    browser: &Plain<FormSecret>,
    errand: Errand<'_>,
    now: UnixTime,
) -> Outcome<String> {
    let (way, user_id, login_hint, again) = match errand {
        Errand::SignIn { way, login_hint, anew } => (way, None, login_hint, anew),
        Errand::Link { session } => {
            must_be_theirs(app, session, now).await?;
            ("", Some(session.user_id.as_str()), None, false)
        }
        Errand::Again { user_id, page } => (page, Some(user_id), None, true),
    };
    let state = Plain::<UpstreamState>::generate();
    let bound = Bound::to(app, &state);
    let challenge = CodeChallenge::of_verifier(&bound.verifier);
    let asked = Asked {
        redirect_uri: &redirect_uri(app, &upstream.name),
        state: state.reveal(),
        nonce: &bound.nonce,
        challenge: challenge.as_str(),
        login_hint,
        again,
    };
    let address = app.providers.address(upstream, &asked, now).await.map_err(|error| trouble(upstream, &error))?;
    let login = UpstreamLogin {
        hash: hash(app, &state),
        upstream_id: upstream.id.clone(),
        browser: browser.hash(app.keyring.secret_hash_key()),
        way: way.to_owned(),
        user_id: user_id.map(str::to_owned),
        identity: None,
        created_at: now,
        expires_at: now.plus(WAITS_SECONDS),
    };
    app.store.add_upstream_login(login).await?;
    Ok(address)
}

/// A page may be left open, and one more provider is a way in for good: nobody adds one who did not sign in a moment ago.
async fn must_be_theirs(app: &App, session: &SessionRow, now: UnixTime) -> Outcome<()> {
    if browser::is_recent(session, now) {
        return Ok(());
    }
    let user_id = session.user_id.as_str();
    let entry = Entry::new(Act::IdentityLinked, Actor::User(user_id)).on("user", user_id);
    app.store.record(entry.refused(Reason::SignInTooOld).record(now)).await?;
    Err(too_old().into())
}

/// What a provider must know for its callers to be answered here.
pub fn redirect_uri(app: &App, name: &str) -> String {
    app.config.issuer.endpoint(&format!("{CALLBACK}/{name}"))
}

/// What belongs to one state: nobody without the server's key can say it, and nothing of it is stored.
struct Bound {
    nonce: String,
    verifier: Plain<CodeVerifier>,
}

impl Bound {
    fn to(app: &App, state: &Plain<UpstreamState>) -> Self {
        let mac = |what: &[u8]| {
            BASE64URL.encode(app.keyring.secret_hash_key().mac(&[b"upstream", what, state.reveal().as_bytes()]))
        };
        Self { nonce: mac(b"nonce"), verifier: Plain::presented(mac(b"verifier")) }
    }
}

fn hash(app: &App, state: &Plain<UpstreamState>) -> Hash<UpstreamState> {
    state.hash(app.keyring.secret_hash_key())
}

/// The log says what it was, people hear only whether to come back.
fn trouble(upstream: &Upstream, error: &ProviderError) -> Refused {
    tracing::warn!(upstream = upstream.name, %error, "somebody could not sign in with a provider");
    match error {
        ProviderError::Away(_) => {
            let about = "the provider does not answer; sign in in another way, or try again in a while";
            Refused::new(ErrorCode::TemporarilyUnavailable, Reason::UpstreamAway, about)
        }
        ProviderError::Wrong(_) => {
            let about = "what the provider answered cannot be taken";
            Refused::new(ErrorCode::AccessDenied, Reason::UpstreamWrong, about)
        }
    }
}

/// Whoever comes back was not sent, or comes too late.
pub fn stale() -> Refused {
    let about = "this sign-in was not begun in this browser, is over, or took too long";
    Refused::new(ErrorCode::InvalidRequest, Reason::UpstreamStale, about)
}

fn too_old() -> Refused {
    Refused::new(ErrorCode::AccessDenied, Reason::SignInTooOld, "this takes a sign-in within the last five minutes")
}

fn linked_elsewhere() -> Refused {
    let about = "this account of the provider is linked to another account here";
    Refused::new(ErrorCode::Conflict, Reason::LinkedElsewhere, about)
}
