//! What becomes of an authorization request — RFC 6749 §4.1.1, OpenID Connect Core §3.1.2. The steps in their order:
//!
//! 1. `as_query`: what the client says in a request object takes its place in the query
//! 2. `trust`: which client asks, and may it be answered where it says? Until here a refusal is a page, and never a redirect
//! 3. read all the rest of the request
//! 4. what may this client have at all, whoever the user is?
//! 5. is somebody signed in, recently enough, and whom the client has in mind? Otherwise: sign in
//! 6. what may this user have by this client?
//! 7. has the user seen and allowed all of it? Otherwise: ask
//! 8. a code, bound to all that was decided

mod consent;
mod meant;
mod object;

use std::sync::Arc;

use crate::app::App;
use crate::audit::{Actor, By, Origin};
use crate::directory::Client;
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::grants::sign_in::{self, Asked, Decision};
use crate::protocol::authorization::{Addressed, AuthorizationRequest};
use crate::protocol::error::ErrorCode;
use crate::protocol::id_token::CLASSES;
use crate::protocol::params::Params;
use crate::protocol::scope::{OPENID, ScopeSet};
use crate::protocol::token::GrantType;
use crate::secret::{AuthorizationCode, Plain};
use crate::store::codes::CodeRow;
use crate::store::new_id;
use crate::store::session_clients::SessionClientRow;
use crate::store::sessions::{SessionRow, SessionStanding};
use crate::time::UnixTime;
use crate::tokens;
use crate::tokens::reach::{self, Holder};

pub use consent::{Shown, refused_by_user, shown};
pub use object::as_query;

/// How long what follows a sign-in may take, where its age counts.
const UNHURRIED_SECONDS: i64 = 600;
/// How long a code may be exchanged.
const CODE_SECONDS: i64 = 60;

/// A request that may be answered where it says.
pub struct Trusted {
    pub client: Arc<Client>,
    pub addressed: Addressed,
}

impl Trusted {
    /// RFC 8252 §8.6: a client that proves nothing, and is answered on the device itself, may be any app there. So it gets
    /// nothing without a question.
    fn may_be_another(&self) -> bool {
        !self.client.is_confidential() && !self.addressed.redirect_uri.as_str().starts_with("https:")
    }
}

/// Who asks, and what was said to the question whether they may.
pub struct Asking<'a> {
    pub session: Option<&'a SessionStanding>,
    /// Whether the user has just seen exactly these scopes, and allowed them.
    pub allowed: Option<&'a (dyn Fn(&ScopeSet) -> bool + Sync)>,
    pub origin: &'a Origin,
}

/// What is next.
#[derive(Debug)]
pub enum Next {
    SignIn,
    /// To make an account, and sign in by that.
    Register,
    /// Whether the client may have these scopes.
    Ask(ScopeSet),
    Answer(Plain<AuthorizationCode>),
}

/// RFC 6749 §3.1.2.4: where the client or the URI is not known, the browser is not sent there.
pub async fn trust(app: &App, params: &Params) -> Outcome<Trusted> {
    let addressed = Addressed::parse(params)?;
    let client = known(app, &addressed.client_id).await?;
    if !client.may_redirect_to(&addressed.redirect_uri) {
        let about = "the application asked to be answered at a URI that it is not registered for";
        return Err(Refused::new(ErrorCode::InvalidRedirectUri, Reason::WrongRedirectUri, about).into());
    }
    Ok(Trusted { client, addressed })
}

async fn known(app: &App, client_id: &str) -> Outcome<Arc<Client>> {
    let unknown = |reason| Refused::new(ErrorCode::InvalidRequest, reason, "the application is not known here");
    let vitals = app.store.client_vitals(client_id).await?.ok_or_else(|| unknown(Reason::UnknownClient))?;
    if vitals.disabled {
        return Err(unknown(Reason::ClientDisabled).into());
    }
    Ok(app.directory.client(client_id).await?.ok_or_else(|| unknown(Reason::UnknownClient))?)
}

/// All the rest. What it refuses is told to the client.
pub async fn proceed(
    app: &App,
    trusted: &Trusted,
    params: &Params,
    asking: &Asking<'_>,
    now: UnixTime,
) -> Outcome<Next> {
    let client = &trusted.client;
    let request = read(app, client, params).await?;
    if request.prompt.create {
        return Ok(Next::Register);
    }
    let subjects = meant::subjects(app, client, &request).await?;
    let Some(session) = asking.session.filter(|session| is_recent(session, client, &request, now)) else {
        return unless_silent(&request, Next::SignIn, ErrorCode::LoginRequired, Reason::SignInDue);
    };
    if request.claims.classes.as_ref().is_some_and(|classes| !classes.contains(&session.session.acr)) {
        return another_class(&request);
    }
    let user_id = &session.session.user_id;
    if subjects.is_some_and(|subjects| !subjects.contains(&tokens::subject(app, client, user_id))) {
        return somebody_else(&request);
    }
    let decision = decide(app, client, &request, session).await?;
    let asked = to_allow(app, client, &request, &decision).await?;
    if asking.allowed.is_some_and(|allowed| allowed(&asked)) {
        let by = By { actor: Actor::User(user_id), origin: asking.origin.clone() };
        consent::remember(app, client, user_id, &asked, &by, now).await?;
    } else if request.prompt.consent
        || trusted.may_be_another()
        || !consent::is_given(app, client, user_id, &asked).await?
    {
        return unless_silent(&request, Next::Ask(asked), ErrorCode::ConsentRequired, Reason::ConsentDue);
    }
    issue(app, trusted, request, session, &decision, now).await
}

/// The request, if the client may ask so at all.
pub async fn read(app: &App, client: &Client, params: &Params) -> Outcome<AuthorizationRequest> {
    let request = AuthorizationRequest::parse(params)?;
    if !client.may_use(GrantType::AuthorizationCode) {
        let about = "the client is not registered for the grant type authorization_code";
        return Err(Refused::new(ErrorCode::UnauthorizedClient, Reason::GrantNotRegistered, about).into());
    }
    if request.challenge.is_none() && client.must_use_pkce() {
        let about = "code_challenge is missing";
        return Err(Refused::new(ErrorCode::InvalidRequest, Reason::Malformed, about).into());
    }
    if request.prompt.create && !app.config.accounts.registration {
        let about = "prompt says create, and people cannot make accounts here";
        return Err(Refused::new(ErrorCode::InvalidRequest, Reason::RegistrationClosed, about).into());
    }
    // Nothing that a user could do would be of another class.
    let is_known = |class: &String| CLASSES.contains(&class.as_str());
    if request.claims.classes.as_ref().is_some_and(|classes| !classes.iter().any(is_known)) {
        let about = "none of the classes of sign-in that the request insists on can be had here";
        let code = ErrorCode::UnmetAuthenticationRequirements;
        return Err(Refused::new(code, Reason::NoSuchClass, about).into());
    }
    let scopes = app.directory.scopes().await?;
    let audience = reach::audience(client, &request.resources, app.config.issuer.as_str())?;
    let meant = reach::meant_by(&audience, &app.directory.resources().await?);
    reach::scope(request.scope.as_ref(), &client.scopes(&scopes.known), &scopes, meant.as_ref())?;
    Ok(request)
}

/// What the client registered holds where the request says nothing else; whoever has just signed in for it need not be quick
/// with all that follows. Anybody can say so in the query, and gains no more by it than that time.
fn is_recent(session: &SessionStanding, client: &Client, request: &AuthorizationRequest, now: UnixTime) -> bool {
    let age = now.since(session.session.auth_time);
    let least = if request.signed_in { UNHURRIED_SECONDS } else { 0 };
    let registered = client.default_max_age().map(|most| most.max(least));
    !request.prompt.login && request.max_age.or(registered).is_none_or(|most| age <= most)
}

/// OpenID Connect Core §3.1.2.1: with `prompt=none` nobody is asked anything.
fn unless_silent(request: &AuthorizationRequest, next: Next, code: ErrorCode, reason: Reason) -> Outcome<Next> {
    if request.prompt.none {
        let about = "the user would have to be asked, and the request says prompt=none";
        return Err(Refused::new(code, reason, about).into());
    }
    Ok(next)
}

/// OpenID Connect Core §3.1.2.1: no good answer about somebody else. Whoever has just signed in as somebody else is not asked
/// the same again.
fn somebody_else(request: &AuthorizationRequest) -> Outcome<Next> {
    if request.signed_in {
        let about = "another user signed in than the one that the request is about";
        return Err(Refused::new(ErrorCode::LoginRequired, Reason::AnotherUser, about).into());
    }
    unless_silent(request, Next::SignIn, ErrorCode::LoginRequired, Reason::AnotherUser)
}

/// The same of a class of sign-in that the request insists on, and the user did not choose.
fn another_class(request: &AuthorizationRequest) -> Outcome<Next> {
    if request.signed_in {
        let about = "the user signed in in another way than the request insists on";
        let code = ErrorCode::UnmetAuthenticationRequirements;
        return Err(Refused::new(code, Reason::NoSuchClass, about).into());
    }
    unless_silent(request, Next::SignIn, ErrorCode::LoginRequired, Reason::SignInDue)
}

/// What the user is asked to allow: the scopes, and those that stand for the claims which are asked for by name.
async fn to_allow(
    app: &App,
    client: &Client,
    request: &AuthorizationRequest,
    decision: &Decision,
) -> Outcome<ScopeSet> {
    let asked = decision.scope.iter().cloned();
    if !decision.scope.contains(OPENID) {
        return Ok(asked.collect());
    }
    let of_client = client.scopes(&app.directory.scopes().await?.known);
    let by_name =
        request.claims.scopes().filter(|scope| of_client.contains(scope)).filter_map(|name| name.parse().ok());
    Ok(asked.chain(by_name).collect())
}

async fn decide(
    app: &App,
    client: &Client,
    request: &AuthorizationRequest,
    session: &SessionStanding,
) -> Outcome<Decision> {
    let (scopes, roles) = (app.directory.scopes().await?, app.directory.roles().await?);
    let resources = app.directory.resources().await?;
    let holder = Holder::User { roles: &roles, of: &session.roles };
    let asked = Asked { scope: request.scope.as_ref(), resources: &request.resources };
    Ok(sign_in::decide(client, &asked, holder, &scopes, &resources, app.config.issuer.as_str())?)
}

async fn issue(
    app: &App,
    trusted: &Trusted,
    request: AuthorizationRequest,
    session: &SessionStanding,
    decision: &Decision,
    now: UnixTime,
) -> Outcome<Next> {
    let code = Plain::<AuthorizationCode>::generate();
    let session = &session.session;
    remember(app, &trusted.client, session, now).await?;
    let row = CodeRow {
        hash: code.hash(app.keyring.secret_hash_key()),
        client_id: trusted.client.id.clone(),
        user_id: session.user_id.clone(),
        user_epoch: session.user_epoch,
        session_hash: session.hash.clone(),
        redirect_uri: trusted.addressed.redirect_uri.to_string(),
        challenge: request.challenge.as_ref().map(ToString::to_string).unwrap_or_default(),
        nonce: request.nonce,
        scope: decision.scope.to_string(),
        resources: reach::joined(&decision.audience),
        auth_time: session.auth_time,
        created_at: now,
        expires_at: now.plus(CODE_SECONDS),
        spent_at: None,
        grant_id: None,
        session_id: Some(session.id.clone()),
        acr: Some(session.acr.clone()),
        amr: Some(session.amr.clone()),
        claims: request.claims.to_store().filter(|_| decision.scope.contains(OPENID)),
    };
    if app.store.add_code(row, now).await? { Ok(Next::Answer(code)) } else { Err(session_over()) }
}

/// Before the client is answered, so that no end of the session is missed.
async fn remember(app: &App, client: &Client, session: &SessionRow, now: UnixTime) -> Outcome<()> {
    if client.backchannel_logout_uri().is_none() {
        return Ok(());
    }
    let row = SessionClientRow {
        id: new_id(now),
        session_id: session.id.clone(),
        client_id: client.id.clone(),
        user_id: session.user_id.clone(),
        expires_at: session.expires_at,
        over_at: None,
    };
    Ok(app.store.add_session_client(row).await?)
}

fn session_over() -> Failure {
    let about = "the sign-in ended while it was used: ask again";
    Refused::new(ErrorCode::AccessDenied, Reason::SessionOver, about).into()
}
