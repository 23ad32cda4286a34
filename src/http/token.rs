//! The token endpoint — RFC 6749 §3.2.

use std::sync::Arc;

use poem::{Request, Response};
use poem_openapi::{Object, OpenApi};

use super::answer::{Answer, Described};
use super::context::{self, Credentials, settle};
use super::cors::Asker;
use super::form::Form;
use super::reply::{self, Manner};
use super::tags::Tag;
use crate::app::App;
use crate::failure::Outcome;
use crate::grants;
use crate::limits;
use crate::protocol::token::TokenRequest;

pub const PATH: &str = "/oauth2/token";

/// The form of a token request.
#[derive(Object)]
struct TokenForm {
    /// `authorization_code`, `client_credentials`, `password` or `refresh_token`
    grant_type: String,
    /// The code, for `authorization_code`.
    code: Option<String>,
    /// The same as when the code was asked for, for `authorization_code`.
    redirect_uri: Option<String>,
    /// What the challenge was made of (RFC 7636), for `authorization_code`.
    code_verifier: Option<String>,
    /// The user's name or address, for `password`.
    username: Option<String>,
    /// The user's password, for `password`.
    password: Option<String>,
    /// The refresh token, for `refresh_token`.
    refresh_token: Option<String>,
    /// The scopes asked for, separated by spaces; without it, all that the client may have.
    scope: Option<String>,
    /// The API that the token is for (RFC 8707); may be repeated.
    resource: Option<String>,
    /// The same as `resource`.
    audience: Option<String>,
    /// The client's id, when it is not in the Authorization header.
    client_id: Option<String>,
    /// The client's secret, for clients that registered client_secret_post.
    client_secret: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, for clients that prove themselves by signing (RFC 7523).
    client_assertion_type: Option<String>,
    /// What such a client has signed; good once.
    client_assertion: Option<String>,
}

/// RFC 6749 §5.1.
#[derive(Object)]
struct TokenBody {
    /// A JWT as in RFC 9068; verify it by the key set.
    access_token: String,
    /// `Bearer`
    token_type: String,
    /// Seconds.
    expires_in: i64,
    /// What was granted; absent when that is nothing.
    scope: Option<String>,
    /// Good once, and answered with the next one. For clients that registered the grant type refresh_token.
    refresh_token: Option<String>,
    /// A JWT about who signed in, when the scope has `openid`.
    id_token: Option<String>,
}

struct Token;
impl Described for Token {
    type Body = TokenBody;
    const SUCCESS: &'static str = "An access token";
    const MANNER: Manner = Manner::OAuth;
    const FAILURES: &'static [(u16, &'static str)] = &[
        (400, "The request was refused"),
        (401, "The client did not prove itself"),
        (413, "The body is too large"),
        (429, "Too many wrong passwords, or calls; wait"),
    ];
    const HEADERS: &'static [(&'static str, &'static str)] = &[("Cache-Control", "no-store")];
}

pub struct TokenApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::OAuth")]
impl TokenApi {
    /// Ask for an access token
    ///
    /// RFC 6749: a client gets one for a code (section 4.1.3) or for a user's password (section 4.3), a service gets one in its
    /// own name (section 4.4), or either renews one (section 6).
    #[oai(path = "/oauth2/token", method = "post", operation_id = "token")]
    async fn token(&self, request: &Request, credentials: Credentials, form: Form<TokenForm>) -> Answer<Token> {
        settle(self.answer(request, &credentials, form).await, Manner::OAuth, request, &self.app).into()
    }
}

impl TokenApi {
    async fn answer(&self, request: &Request, credentials: &Credentials, form: Form<TokenForm>) -> Outcome<Response> {
        let origin = context::origin(request);
        let app = &self.app;
        let params = form.read(&app.config.server).await?;
        let now = app.clock.now();
        let client = credentials.client(app, &params, PATH, now).await?;
        Asker::note(request, &client);
        // Anybody may call as this server's own client: here as often as at `/api/v1`, which is the same.
        if client.is_first_party() {
            limits::api_call_from(app, origin.address, now).await?;
        }
        let request = TokenRequest::parse(&params)?;
        reply::json(&grants::answer(app, &client, request, &origin, now).await?)
    }
}
