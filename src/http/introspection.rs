//! The introspection endpoint — RFC 7662 §2.

use std::sync::Arc;

use poem::{Request, Response};
use poem_openapi::{Object, OpenApi};

use super::answer::{Answer, Described};
use super::context::{Credentials, settle};
use super::form::Form;
use super::reply::{self, Manner};
use super::tags::Tag;
use crate::app::App;
use crate::failure::Outcome;
use crate::protocol::introspection::IntrospectionRequest;
use crate::tokens;

pub const PATH: &str = "/oauth2/introspect";

/// The form of an introspection request.
#[derive(Object)]
struct IntrospectionForm {
    /// The token that is asked about.
    token: String,
    /// Accepted and not needed.
    token_type_hint: Option<String>,
    /// The client's id, when it is not in the Authorization header.
    client_id: Option<String>,
    /// The client's secret, for clients that registered client_secret_post.
    client_secret: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, for clients that prove themselves by signing (RFC 7523).
    client_assertion_type: Option<String>,
    /// What such a client has signed; good once.
    client_assertion: Option<String>,
}

/// RFC 7662 §2.2. Of a token that is not active nothing else is said.
#[derive(Object)]
struct IntrospectionBody {
    active: bool,
    scope: Option<String>,
    client_id: Option<String>,
    token_type: Option<String>,
    exp: Option<i64>,
    iat: Option<i64>,
    nbf: Option<i64>,
    sub: Option<String>,
    /// One audience, or a list of them.
    aud: Option<poem_openapi::types::Any<serde_json::Value>>,
    iss: Option<String>,
    jti: Option<String>,
    roles: Option<Vec<String>>,
    entitlements: Option<Vec<String>>,
}

struct Introspection;
impl Described for Introspection {
    type Body = IntrospectionBody;
    const SUCCESS: &'static str = "Whether the token is good, and what it says";
    const MANNER: Manner = Manner::OAuth;
    const FAILURES: &'static [(u16, &'static str)] =
        &[(400, "The request was refused"), (401, "The client did not prove itself"), (413, "The body is too large")];
    const HEADERS: &'static [(&'static str, &'static str)] = &[("Cache-Control", "no-store")];
}

pub struct IntrospectionApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::OAuth")]
impl IntrospectionApi {
    /// Ask whether a token is good
    ///
    /// RFC 7662. For clients with a secret: each sees its own tokens, and those for a resource that it introspects.
    #[oai(path = "/oauth2/introspect", method = "post", operation_id = "introspect")]
    async fn introspect(
        &self,
        request: &Request,
        credentials: Credentials,
        form: Form<IntrospectionForm>,
    ) -> Answer<Introspection> {
        settle(self.answer(&credentials, form).await, Manner::OAuth, request, &self.app).into()
    }
}

impl IntrospectionApi {
    async fn answer(&self, credentials: &Credentials, form: Form<IntrospectionForm>) -> Outcome<Response> {
        let app = &self.app;
        let params = form.read(&app.config.server).await?;
        let now = app.clock.now();
        let request = IntrospectionRequest::parse(&params);
        let token = request.as_ref().map_or("", |request| &request.token);
        // The store is asked about both at once; but who has not proven itself learns of neither.
        let (caller, token) =
            tokio::join!(credentials.client(app, &params, PATH, now), tokens::examine(app, token, now));
        let caller = caller?;
        request?;
        reply::json(&tokens::introspect(app, &caller, token?).await?)
    }
}
