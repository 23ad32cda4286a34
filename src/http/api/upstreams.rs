//! `/api/v1/admin/upstreams`: the providers that people sign in with.

use std::sync::Arc;

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use poem::{Request, Response};
use poem_openapi::param::Path;
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::not_found;
use crate::app::App;
use crate::failure::{Outcome, Refused};
use crate::http::answer::{
    Answer, Empty, FAILS_TO_CHANGE, FAILS_TO_FIND, FAILS_TO_MAKE, FAILS_TO_READ, FAILS_TO_REMOVE, HELD, PLACED, TAGGED,
    answer,
};
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::etag::{self, IfMatch};
use crate::http::idempotency::{self, IdempotencyKey};
use crate::http::json::Json;
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;
use crate::protocol::provider::check_name;
use crate::store::upstreams::UpstreamRow;
use crate::upstreams;

const PATH: &str = "/api/v1/admin/upstreams";

/// A provider, as it is described.
#[derive(Object)]
#[oai(rename = "UpstreamDescription")]
pub struct Described {
    /// In the addresses of its pages; it cannot be changed.
    name: Option<String>,
    /// `openid`, unless said; or `google`, `github`, `facebook`, `oauth`: what is known of those need not be said.
    preset: Option<String>,
    /// What the button calls it.
    label: Option<String>,
    /// What this server is called there.
    client_id: String,
    /// What this server proves itself with there; it is never shown. Left out of a change it stays, `null` takes it away.
    client_secret: Option<String>,
    /// Of `openid`: where its metadata are found.
    issuer: Option<String>,
    /// Of those that make no ID tokens: where somebody is sent to.
    authorization_endpoint: Option<String>,
    /// Of those: where codes are exchanged.
    token_endpoint: Option<String>,
    /// Of those: what says who somebody is.
    userinfo_endpoint: Option<String>,
    /// Of those, if it has one: a list of addresses as GitHub has it.
    emails_endpoint: Option<String>,
    scopes: Option<Vec<String>>,
    /// Under which names it says `username`, `email`, `email_verified`, `name`, `given_name` and `family_name`.
    claims: Option<Any<Value>>,
    /// Whether somebody without an account gets one: true, unless said.
    create_users: Option<bool>,
    /// Whether anybody can sign in with it: true, unless said.
    enabled: Option<bool>,
}

/// A provider that people sign in with.
#[derive(Object)]
#[oai(rename = "Upstream")]
pub struct UpstreamBody {
    name: String,
    preset: String,
    label: String,
    client_id: String,
    /// Whether it has a secret; what that is is never shown.
    has_secret: bool,
    issuer: Option<String>,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    emails_endpoint: Option<String>,
    scopes: Vec<String>,
    claims: Any<Value>,
    create_users: bool,
    enabled: bool,
    /// What the provider has to know for this server to be answered.
    redirect_uri: String,
    /// Seconds since 1970.
    created_at: i64,
    updated_at: i64,
    version: i64,
}

/// All of them, by their names.
#[derive(Object)]
#[oai(rename = "Upstreams")]
pub struct ListBody {
    items: Vec<UpstreamBody>,
}

answer!(Listed, ListBody, 200, "The providers", FAILS_TO_READ);
answer!(Created, UpstreamBody, 201, "The new provider", FAILS_TO_MAKE, PLACED);
answer!(Found, UpstreamBody, 200, "The provider", FAILS_TO_FIND, TAGGED, HELD);
answer!(Changed, UpstreamBody, 200, "The provider as it is now", FAILS_TO_CHANGE, TAGGED);
answer!(Removed, Empty, 204, "It is gone", FAILS_TO_REMOVE);

pub struct UpstreamsApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::Administration")]
impl UpstreamsApi {
    /// List the providers that people sign in with
    #[oai(path = "/api/v1/admin/upstreams", method = "get", operation_id = "list_upstreams")]
    async fn list(&self, request: &Request, #[oai(scope = "ApiScope::Upstreams")] bearer: Bearer) -> Answer<Listed> {
        settle(self.all(bearer).await, Manner::Problem, request, &self.app).into()
    }

    /// Make a provider known
    #[oai(path = "/api/v1/admin/upstreams", method = "post", operation_id = "create_upstream")]
    async fn create(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Upstreams")] bearer: Bearer,
        #[oai(name = "Idempotency-Key")] key: IdempotencyKey,
        body: Json<Described>,
    ) -> Answer<Created> {
        settle(self.make(request, bearer, key, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Show a provider
    #[oai(path = "/api/v1/admin/upstreams/:name", method = "get", operation_id = "show_upstream")]
    async fn show(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Upstreams")] bearer: Bearer,
        name: Path<String>,
    ) -> Answer<Found> {
        settle(self.find(request, bearer, &name).await, Manner::Problem, request, &self.app).into()
    }

    /// Describe a provider anew
    ///
    /// Whole: what is left out is as it would be of a new one. Only its secret stays, unless another one is said.
    #[oai(path = "/api/v1/admin/upstreams/:name", method = "put", operation_id = "replace_upstream")]
    async fn describe(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Upstreams")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        name: Path<String>,
        body: Json<Described>,
    ) -> Answer<Changed> {
        settle(self.replace(request, bearer, version, &name, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Forget a provider
    ///
    /// All links to it go. Whoever has no other way to sign in can still set a password by a letter.
    #[oai(path = "/api/v1/admin/upstreams/:name", method = "delete", operation_id = "delete_upstream")]
    async fn delete(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Upstreams")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        name: Path<String>,
    ) -> Answer<Removed> {
        settle(self.remove(request, bearer, version, &name).await, Manner::Problem, request, &self.app).into()
    }
}

impl UpstreamsApi {
    async fn all(&self, bearer: Bearer) -> Outcome<Response> {
        let app = &self.app;
        bearer.caller(app, ApiScope::Upstreams).await?;
        let rows = app.store.upstreams().await?;
        let items = rows.iter().map(|row| upstreams::shown(app, row)).collect::<Outcome<Vec<Value>>>()?;
        reply::json_as(StatusCode::OK, &json!({ "items": items }))
    }

    async fn make(
        &self,
        request: &Request,
        bearer: Bearer,
        key: IdempotencyKey,
        body: Json<Described>,
    ) -> Outcome<Response> {
        let app = Arc::clone(&self.app);
        let caller = bearer.caller(&app, ApiScope::Upstreams).await?;
        let body = body.read(&app.config.server).await?;
        let source = Zeroizing::new(body.source().to_vec());
        let (who, origin) = (caller.name(), origin(request));
        let act = async move {
            let row = upstreams::create(&app, body, &caller.by(origin), app.clock.now()).await?;
            let mut response = etag::changed(StatusCode::CREATED, &upstreams::shown(&app, &row)?)?;
            let location = app.config.issuer.endpoint(&format!("{PATH}/{}", row.name));
            if let Ok(location) = HeaderValue::try_from(location) {
                response.headers_mut().insert(LOCATION, location);
            }
            Ok(response)
        };
        idempotency::once(&self.app, request, &key, &who, &source, act).await
    }

    async fn find(&self, request: &Request, bearer: Bearer, name: &str) -> Outcome<Response> {
        bearer.caller(&self.app, ApiScope::Upstreams).await?;
        etag::answer(request, &upstreams::shown(&self.app, &self.row(name).await?)?)
    }

    async fn replace(
        &self,
        request: &Request,
        bearer: Bearer,
        version: IfMatch,
        name: &str,
        body: Json<Described>,
    ) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Upstreams).await?;
        let body = body.read(&app.config.server).await?;
        let before = self.row(name).await?;
        version.check(&upstreams::shown(app, &before)?)?;
        let by = caller.by(origin(request));
        let after = upstreams::replace(app, &before, body, &by, app.clock.now()).await?;
        etag::changed(StatusCode::OK, &upstreams::shown(app, &after.ok_or_else(|| version.overtaken())?)?)
    }

    async fn remove(&self, request: &Request, bearer: Bearer, version: IfMatch, name: &str) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Upstreams).await?;
        let before = self.row(name).await?;
        version.check(&upstreams::shown(app, &before)?)?;
        let is_gone = upstreams::delete(app, &before, &caller.by(origin(request)), app.clock.now()).await?;
        if is_gone { Ok(reply::done()) } else { Err(version.overtaken().into()) }
    }

    async fn row(&self, name: &str) -> Outcome<UpstreamRow> {
        // What is no name of a provider is not worth a question.
        if check_name(name).is_err() {
            return Err(unknown().into());
        }
        Ok(self.app.store.upstream_named(name).await?.ok_or_else(unknown)?)
    }
}

fn unknown() -> Refused {
    not_found("there is no provider of this name")
}
