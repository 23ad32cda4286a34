//! The registration endpoint — RFC 7591 §3, RFC 7592 §2, OpenID Connect Dynamic Client Registration 1.0 §3.

use std::sync::Arc;

use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderValue, StatusCode};
use poem::{Request, RequestBody, Response};
use poem_openapi::param::Path;
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, Object, OpenApi};

use super::answer::{Answer, Described, Empty};
use super::api::clients::described::{Metadata, Registered};
use super::context::{origin, settle};
use super::json::Json;
use super::reply::{self, Manner};
use super::tags::Tag;
use crate::app::App;
use crate::clients::dynamic::{self, Owner};
use crate::failure::{Outcome, Reason, Refused};
use crate::limits;
use crate::protocol::bearer;
use crate::protocol::error::ErrorCode;
use crate::secret::{Plain, RegistrationToken};

pub use crate::clients::dynamic::PATH;

/// A client as it is understood, and how it looks after its registration.
#[derive(Object)]
#[oai(rename = "RegisteredClient")]
struct ClientBody {
    client_id: String,
    /// Only at the registration, and not for a public client.
    client_secret: Option<String>,
    /// 0: it does not expire.
    client_secret_expires_at: Option<i64>,
    client_id_issued_at: i64,
    registration_access_token: String,
    registration_client_uri: String,
    client_name: Option<String>,
    #[oai(flatten)]
    metadata: Registered,
}

const BAD_METADATA: (u16, &str) = (400, "The metadata was refused");
const NO_TOKEN: (u16, &str) = (401, "There is no good token");
const TOO_SLOW: (u16, &str) = (408, "The body did not arrive in time");
const CHANGED: (u16, &str) = (409, "Somebody else changed the client at this moment");
const TOO_LARGE: (u16, &str) = (413, "The body is too large");
const WRONG_TYPE: (u16, &str) = (415, "The body is not JSON");
const TOO_MANY: (u16, &str) = (429, "Too many calls, or clients; wait");

struct Created;
impl Described for Created {
    type Body = ClientBody;
    const SUCCESS: &'static str = "The new client; its secret and its token are shown this once";
    const STATUS: u16 = 201;
    const MANNER: Manner = Manner::OAuth;
    const FAILURES: &'static [(u16, &'static str)] =
        &[BAD_METADATA, NO_TOKEN, TOO_SLOW, TOO_LARGE, WRONG_TYPE, TOO_MANY];
    const HEADERS: &'static [(&'static str, &'static str)] =
        &[("Cache-Control", "no-store"), ("Location", "Where it is")];
}

struct Found;
impl Described for Found {
    type Body = ClientBody;
    const SUCCESS: &'static str = "The client";
    const MANNER: Manner = Manner::OAuth;
    const FAILURES: &'static [(u16, &'static str)] = &[NO_TOKEN, TOO_MANY];
    const HEADERS: &'static [(&'static str, &'static str)] = &[("Cache-Control", "no-store")];
}

struct Changed;
impl Described for Changed {
    type Body = ClientBody;
    const SUCCESS: &'static str = "The client as it is now";
    const MANNER: Manner = Manner::OAuth;
    const FAILURES: &'static [(u16, &'static str)] =
        &[BAD_METADATA, NO_TOKEN, TOO_SLOW, CHANGED, TOO_LARGE, WRONG_TYPE, TOO_MANY];
    const HEADERS: &'static [(&'static str, &'static str)] = &[("Cache-Control", "no-store")];
}

struct Removed;
impl Described for Removed {
    type Body = Empty;
    const SUCCESS: &'static str = "It is gone";
    const STATUS: u16 = 204;
    const MANNER: Manner = Manner::OAuth;
    const FAILURES: &'static [(u16, &'static str)] = &[NO_TOKEN, TOO_MANY];
}

pub struct RegistrationApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::OAuth")]
impl RegistrationApi {
    /// Register a client
    ///
    /// RFC 7591: with an initial access token, or without one where that is open. A client that registers itself gets the
    /// grants authorization_code and refresh_token, and of scopes what is open to such clients.
    #[oai(path = "/oauth2/register", method = "post", operation_id = "register_client")]
    async fn register(&self, request: &Request, token: Token, body: Json<Metadata>) -> Answer<Created> {
        settle(self.make(request, token, body).await, Manner::OAuth, request, &self.app).into()
    }

    /// Show a client that registered itself
    ///
    /// RFC 7592 section 2.1: with the registration access token of this client.
    #[oai(path = "/oauth2/register/:id", method = "get", operation_id = "show_registration")]
    async fn show(&self, request: &Request, token: Token, id: Path<String>) -> Answer<Found> {
        settle(self.find(request, token, &id).await, Manner::OAuth, request, &self.app).into()
    }

    /// Replace what a client registered itself
    ///
    /// RFC 7592 section 2.2: whole. What is left out is gone.
    #[oai(path = "/oauth2/register/:id", method = "put", operation_id = "update_registration")]
    async fn update(&self, request: &Request, token: Token, id: Path<String>, body: Json<Metadata>) -> Answer<Changed> {
        settle(self.replace(request, token, &id, body).await, Manner::OAuth, request, &self.app).into()
    }

    /// Remove a client that registered itself
    ///
    /// RFC 7592 section 2.3. What users granted it goes with it.
    #[oai(path = "/oauth2/register/:id", method = "delete", operation_id = "delete_registration")]
    async fn delete(&self, request: &Request, token: Token, id: Path<String>) -> Answer<Removed> {
        settle(self.remove(request, token, &id).await, Manner::OAuth, request, &self.app).into()
    }
}

impl RegistrationApi {
    async fn make(&self, request: &Request, token: Token, body: Json<Metadata>) -> Outcome<Response> {
        let (app, now, origin) = (&self.app, self.app.clock.now(), origin(request));
        let token = token.read()?;
        if token.is_none() && app.config.registration.open {
            limits::client_registration(app, origin.address, now).await?;
        } else {
            limits::api_call_from(app, origin.address, now).await?;
        }
        let token = token.map(Plain::presented);
        let permit = dynamic::permit(app, token.as_ref(), now).await?;
        let body = body.bytes(&app.config.server).await?;
        let made = dynamic::register(app, permit, &body, origin, now).await?;
        let mut response = reply::json_as(StatusCode::CREATED, &made.document())?;
        if let Ok(location) = HeaderValue::try_from(made.uri()) {
            response.headers_mut().insert(LOCATION, location);
        }
        Ok(response)
    }

    async fn find(&self, request: &Request, token: Token, id: &str) -> Outcome<Response> {
        let (owner, token) = self.owner(request, token, id).await?;
        reply::json(&owner.document(&self.app, &token))
    }

    async fn replace(&self, request: &Request, token: Token, id: &str, body: Json<Metadata>) -> Outcome<Response> {
        let app = &self.app;
        let (owner, token) = self.owner(request, token, id).await?;
        let body = body.bytes(&app.config.server).await?;
        let owner = owner.update(app, &body, origin(request), app.clock.now()).await?;
        reply::json(&owner.document(app, &token))
    }

    async fn remove(&self, request: &Request, token: Token, id: &str) -> Outcome<Response> {
        let (owner, _) = self.owner(request, token, id).await?;
        // Whether it went by this request or by another one at the same moment, it is gone.
        owner.delete(&self.app, origin(request), self.app.clock.now()).await?;
        Ok(reply::done())
    }

    async fn owner(&self, request: &Request, token: Token, id: &str) -> Outcome<(Owner, Plain<RegistrationToken>)> {
        let app = &self.app;
        limits::api_call_from(app, origin(request).address, app.clock.now()).await?;
        let token = token.read()?.ok_or_else(|| {
            let about = "this needs the client's registration access token: Authorization: Bearer ...";
            Refused::new(ErrorCode::InvalidToken, Reason::NoToken, about)
        })?;
        let token = Plain::presented(token);
        Ok((dynamic::owner(app, id, &token).await?, token))
    }
}

/// The `Authorization` headers as they came.
struct Token(Vec<Vec<u8>>);

impl Token {
    fn read(self) -> Outcome<Option<String>> {
        let wrong = || {
            let about = "the Authorization header holds no token that is good here";
            Refused::new(ErrorCode::InvalidToken, Reason::WrongRegistrationToken, about)
        };
        match self.0.as_slice() {
            [] => Ok(None),
            [header] => Ok(Some(bearer::token(header).map_err(|_| wrong())?.to_owned())),
            _ => Err(wrong().into()),
        }
    }
}

const SCHEME: &str = "registration_token";

impl<'a> ApiExtractor<'a> for Token {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            SCHEME,
            MetaSecurityScheme {
                ty: "http",
                description: Some(
                    "To register a client: an initial access token (RFC 7591 section 3), which an operator makes. To look \
                     after one: its registration access token (RFC 7592), which it got when it registered.",
                ),
                name: None,
                key_in: None,
                scheme: Some("bearer"),
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        Ok(Self(request.headers().get_all(AUTHORIZATION).iter().map(|value| value.as_bytes().to_vec()).collect()))
    }
}
