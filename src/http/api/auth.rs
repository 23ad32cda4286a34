//! `/api/v1/auth`: registering, signing in, staying signed in and logging out, as this server's own client.

mod aliases;
mod described;
mod recovery;

use std::sync::Arc;

use http::StatusCode;
use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use serde::Serialize;

use super::stranger_calls;
use crate::accounts::details::{Details, NewAccount};
use crate::accounts::{self, Registered, Shown, sessions};
use crate::app::App;
use crate::audit::{Actor, Origin};
use crate::clients;
use crate::directory::FIRST_PARTY;
use crate::failure::{Failure, Outcome, Refused};
use crate::grants;
use crate::grants::sign_in::{self, Asked};
use crate::http::answer::Answer;
use crate::http::bearer::{ApiScope, Bearer, PerhapsBearer};
use crate::http::context::{origin, settle};
use crate::http::idempotency::{self, IdempotencyKey};
use crate::http::json::JsonOrForm;
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;
use crate::protocol::error::ErrorCode;
use crate::protocol::members::Members;
use crate::protocol::scope::ScopeSet;
use crate::protocol::token::{PasswordRequest, RefreshRequest, TokenRequest, TokenResponse};
use crate::secret::RefreshToken;
use crate::store::users::UserRow;
use described::{Credentials, LoggedOut, NewUser, Renewal, SessionEnd, SignedIn, SignedUp};

pub use aliases::AliasesApi;
pub use described::DetailsBody;
pub use recovery::RecoveryApi;

pub struct AuthApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::People")]
impl AuthApi {
    /// Make an account
    ///
    /// And sign in with it at once; unless addresses must be confirmed first: then the answer is the same whether the address
    /// is known or not, and the rest is in a letter.
    #[oai(path = "/api/v1/auth/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        request: &Request,
        #[oai(name = "Idempotency-Key")] key: IdempotencyKey,
        body: JsonOrForm<NewUser>,
    ) -> Answer<SignedUp> {
        settle(register(&self.app, request, key, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Sign in
    ///
    /// By username or address. Whatever is wrong, the answer is the same.
    #[oai(path = "/api/v1/auth/login", method = "post", operation_id = "login")]
    async fn login(&self, request: &Request, body: JsonOrForm<Credentials>) -> Answer<SignedIn> {
        settle(login(&self.app, request, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Stay signed in
    ///
    /// A refresh token is good once; the answer has the next one.
    #[oai(path = "/api/v1/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(&self, request: &Request, body: JsonOrForm<Renewal>) -> Answer<SignedIn> {
        settle(refresh(&self.app, request, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Log out
    ///
    /// Ends the session of the access token, or of the refresh token in the body when there is one; or all sessions of its
    /// user, for which an access token needs the scope `account`.
    #[oai(path = "/api/v1/auth/logout", method = "post", operation_id = "logout")]
    async fn logout(
        &self,
        request: &Request,
        bearer: PerhapsBearer,
        everywhere: Query<Option<bool>>,
        body: JsonOrForm<SessionEnd>,
    ) -> Answer<LoggedOut> {
        let answer = log_out(&self.app, request, bearer, everywhere.0, body).await;
        settle(answer, Manner::Problem, request, &self.app).into()
    }
}

/// What is told of a new account.
#[derive(Serialize)]
struct Welcome {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Shown>,
    #[serde(flatten)]
    tokens: Option<TokenResponse>,
}

async fn register(
    app: &Arc<App>,
    request: &Request,
    key: IdempotencyKey,
    body: JsonOrForm<NewUser>,
) -> Outcome<Response> {
    stranger_calls(app, request).await?;
    let mut body = body.read(&app.config.server).await?;
    let account =
        NewAccount { username: body.text("username"), email: body.text("email"), details: details(&mut body) };
    let password = body.secret("password");
    body.finish()?;
    let (origin, act_app) = (origin(request), Arc::clone(app));
    let act = async move {
        let app = act_app;
        let now = app.clock.now();
        let client = clients::first_party(&app).await?;
        let welcome = match accounts::register(&app, account, password, &origin, now).await? {
            Registered::AsksByLetter => Welcome { status: "verification_sent", user: None, tokens: None },
            Registered::Ready(user, signed_in) => {
                let asked = Asked { scope: None, resources: &[] };
                let tokens = sign_in::open(&app, &client, signed_in, &asked, &origin, now).await?;
                let user = UserRow { last_login_at: Some(now), ..*user };
                Welcome { status: "registered", user: Some(Shown::of(&user, &[])?), tokens: Some(tokens) }
            }
        };
        reply::json_as(StatusCode::CREATED, &welcome)
    };
    idempotency::once(app, request, &key, &idempotency::stranger(request), body.source(), act).await
}

async fn login(app: &App, request: &Request, body: JsonOrForm<Credentials>) -> Outcome<Response> {
    stranger_calls(app, request).await?;
    let mut body = body.read(&app.config.server).await?;
    let (username, password) = (body.text("username"), body.secret("password"));
    let scope = scope(&mut body);
    // Forms made for a token endpoint say it.
    body.ignore("grant_type");
    body.finish()?;
    let asked = PasswordRequest { username, password, scope, resources: Vec::new() };
    tokens(app, TokenRequest::Password(asked), &origin(request)).await
}

async fn refresh(app: &App, request: &Request, body: JsonOrForm<Renewal>) -> Outcome<Response> {
    stranger_calls(app, request).await?;
    let mut body = body.read(&app.config.server).await?;
    let refresh_token = body.secret("refresh_token");
    let scope = scope(&mut body);
    body.ignore("grant_type");
    body.finish()?;
    let asked = RefreshRequest { refresh_token, scope, resources: Vec::new() };
    tokens(app, TokenRequest::RefreshToken(asked), &origin(request)).await
}

async fn log_out(
    app: &App,
    request: &Request,
    PerhapsBearer(bearer): PerhapsBearer,
    everywhere: Option<bool>,
    body: JsonOrForm<SessionEnd>,
) -> Outcome<Response> {
    let (everywhere, origin) = (everywhere.unwrap_or(false), origin(request));
    let mut body = body.read_if_any(&app.config.server).await?;
    let refresh_token = body.optional_secret::<RefreshToken>("refresh_token");
    body.finish()?;
    match refresh_token {
        None => end_session_of(app, &bearer, everywhere, &origin).await?,
        Some(token) => {
            stranger_calls(app, request).await?;
            sessions::log_out_by_token(app, FIRST_PARTY, &token, everywhere, &origin, app.clock.now())
                .await
                .map_err(by_credentials)?;
        }
    }
    Ok(reply::done())
}

async fn end_session_of(app: &App, bearer: &Bearer, everywhere: bool, origin: &Origin) -> Outcome<()> {
    let (caller, now) = (bearer.counted(app).await?, app.clock.now());
    let user = caller.user()?;
    if everywhere {
        caller.must_hold(Some(ApiScope::Account.as_str()))?;
        return sessions::end_all(app, user, Actor::User(user), origin, now).await;
    }
    sessions::log_out(app, user, caller.grant_id.as_deref().unwrap_or_default(), origin, now).await
}

async fn tokens(app: &App, asked: TokenRequest, origin: &Origin) -> Outcome<Response> {
    let client = clients::first_party(app).await?;
    let tokens = grants::answer(app, &client, asked, origin, app.clock.now()).await.map_err(by_credentials)?;
    reply::json(&tokens)
}

/// What is wrong with a grant at the token endpoint is here a 401: whoever calls has proven nothing.
fn by_credentials(failure: Failure) -> Failure {
    match failure {
        Failure::Refused(refused) if refused.code == ErrorCode::InvalidGrant => {
            Refused { code: ErrorCode::InvalidCredentials, ..refused }.into()
        }
        failure => failure,
    }
}

/// What people say of themselves, as far as the body says it.
pub(super) fn details(body: &mut Members) -> Details {
    Details {
        given_name: body.nullable_text("given_name"),
        family_name: body.nullable_text("family_name"),
        name: body.nullable_text("name"),
        profile: body.nullable_document("profile"),
    }
}

fn scope(body: &mut Members) -> Option<ScopeSet> {
    let parsed = ScopeSet::parse(&body.optional_text("scope")?);
    parsed.map_err(|fault| body.wrong("scope", fault.about)).ok()
}
