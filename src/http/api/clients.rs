//! `/api/v1/admin/clients`: who may ask for tokens.

pub(in crate::http) mod described;
mod secrets;

use std::sync::Arc;

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::{is_id, not_found};
use crate::app::App;
use crate::clients::{self, govern};
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::http::answer::Answer;
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::etag::{self, IfMatch};
use crate::http::idempotency::{self, IdempotencyKey};
use crate::http::json::Json;
use crate::http::pages::{After, Asked, Limit};
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;
use crate::protocol::client_metadata::ClientMetadata;
use crate::protocol::error::{ErrorCode, Fault};
use crate::store::clients::ClientRow;
use described::{Changed, Created, Found, Listed, MEMBERS, Metadata, Removed};

pub use secrets::SecretsApi;

const PATH: &str = "/api/v1/admin/clients";

pub struct ClientsApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::Administration")]
impl ClientsApi {
    /// List clients
    #[oai(path = "/api/v1/admin/clients", method = "get", operation_id = "list_clients")]
    async fn list(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Clients")] bearer: Bearer,
        limit: Limit,
        after: After,
    ) -> Answer<Listed> {
        settle(self.page(request, bearer, limit, after).await, Manner::Problem, request, &self.app).into()
    }

    /// Register a client
    ///
    /// The metadata is that of RFC 7591; members that this server does not know are ignored, as it says. The answer shows
    /// the secret this once.
    #[oai(path = "/api/v1/admin/clients", method = "post", operation_id = "create_client")]
    async fn create(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Clients")] bearer: Bearer,
        #[oai(name = "Idempotency-Key")] key: IdempotencyKey,
        body: Json<Metadata>,
    ) -> Answer<Created> {
        settle(self.register(request, bearer, key, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Show a client
    #[oai(path = "/api/v1/admin/clients/:id", method = "get", operation_id = "show_client")]
    async fn show(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Clients")] bearer: Bearer,
        id: Path<String>,
    ) -> Answer<Found> {
        settle(self.find(request, bearer, &id).await, Manner::Problem, request, &self.app).into()
    }

    /// Replace what a client registered
    ///
    /// Whole: what is left out is gone. How the client proves itself stays.
    #[oai(path = "/api/v1/admin/clients/:id", method = "put", operation_id = "update_client")]
    async fn update(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Clients")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
        body: Json<Metadata>,
    ) -> Answer<Changed> {
        settle(self.replace(request, bearer, version, &id, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Remove a client
    ///
    /// Its secrets and its tokens go with it.
    #[oai(path = "/api/v1/admin/clients/:id", method = "delete", operation_id = "delete_client")]
    async fn delete(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Clients")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
    ) -> Answer<Removed> {
        settle(self.remove(request, bearer, version, &id).await, Manner::Problem, request, &self.app).into()
    }

    /// Disable a client
    ///
    /// It is refused from now on, and its tokens are not good here any more.
    #[oai(path = "/api/v1/admin/clients/:id/disable", method = "post", operation_id = "disable_client")]
    async fn disable(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Clients")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
    ) -> Answer<Changed> {
        settle(self.set_disabled(request, bearer, version, &id, true).await, Manner::Problem, request, &self.app).into()
    }

    /// Let a client in again
    #[oai(path = "/api/v1/admin/clients/:id/enable", method = "post", operation_id = "enable_client")]
    async fn enable(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Clients")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
    ) -> Answer<Changed> {
        settle(self.set_disabled(request, bearer, version, &id, false).await, Manner::Problem, request, &self.app)
            .into()
    }
}

impl ClientsApi {
    async fn page(&self, request: &Request, bearer: Bearer, limit: Limit, after: After) -> Outcome<Response> {
        let app = &self.app;
        bearer.caller(app, ApiScope::Clients).await?;
        let asked = Asked::of(limit, after)?;
        let rows = app.store.clients(asked.after.as_deref(), asked.rows()).await?;
        asked.answer(app, request, rows, |row| &row.id, clients::shown)
    }

    async fn register(
        &self,
        request: &Request,
        bearer: Bearer,
        key: IdempotencyKey,
        body: Json<Metadata>,
    ) -> Outcome<Response> {
        let app = Arc::clone(&self.app);
        let caller = bearer.caller(&app, ApiScope::Clients).await?;
        let body = body.read(&app.config.server).await?;
        let metadata = ClientMetadata::parse(body.source()).map_err(told)?;
        let (who, origin) = (caller.name(), origin(request));
        govern::check_new(&app, &metadata, &caller.authority(origin.clone()), app.clock.now()).await?;
        let act = async move {
            let made =
                clients::register(&app, metadata, &caller.by(origin), app.clock.now()).await.map_err(by_member)?;
            let mut response = reply::json_as(StatusCode::CREATED, &made.document())?;
            let location = app.config.issuer.endpoint(&format!("{PATH}/{}", made.id));
            if let Ok(location) = HeaderValue::try_from(location) {
                response.headers_mut().insert(LOCATION, location);
            }
            Ok(response)
        };
        idempotency::once(&self.app, request, &key, &who, body.source(), act).await
    }

    async fn find(&self, request: &Request, bearer: Bearer, id: &str) -> Outcome<Response> {
        bearer.caller(&self.app, ApiScope::Clients).await?;
        etag::answer(request, &clients::shown(&row(&self.app, id).await?))
    }

    async fn replace(
        &self,
        request: &Request,
        bearer: Bearer,
        version: IfMatch,
        id: &str,
        body: Json<Metadata>,
    ) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Clients).await?;
        let body = body.read(&app.config.server).await?;
        let metadata = ClientMetadata::parse(body.source()).map_err(told)?;
        let before = row(app, id).await?;
        version.check(&clients::shown(&before))?;
        let (authority, now) = (caller.authority(origin(request)), app.clock.now());
        govern::check_old(app, &before, &authority, now).await?;
        govern::check_changed(app, id, &metadata, &authority, now).await?;
        let after = clients::update(app, before, metadata, &authority.by, now).await.map_err(by_member)?;
        etag::changed(StatusCode::OK, &clients::shown(&after.ok_or_else(|| version.overtaken())?))
    }

    async fn remove(&self, request: &Request, bearer: Bearer, version: IfMatch, id: &str) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Clients).await?;
        let (before, authority) = (row(app, id).await?, caller.authority(origin(request)));
        version.check(&clients::shown(&before))?;
        let now = app.clock.now();
        govern::check_old(app, &before, &authority, now).await?;
        let unchanged = version.is_given().then_some(before);
        let is_gone = clients::delete(app, id, unchanged, &authority.by, now).await?;
        match (is_gone, version.is_given()) {
            (true, _) => Ok(reply::done()),
            (false, true) => Err(version.overtaken().into()),
            (false, false) => Err(unknown().into()),
        }
    }

    async fn set_disabled(
        &self,
        request: &Request,
        bearer: Bearer,
        version: IfMatch,
        id: &str,
        disabled: bool,
    ) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Clients).await?;
        let (before, authority) = (row(app, id).await?, caller.authority(origin(request)));
        version.check(&clients::shown(&before))?;
        let now = app.clock.now();
        govern::check_old(app, &before, &authority, now).await?;
        let unchanged = version.is_given().then_some(before);
        match (clients::set_disabled(app, id, disabled, unchanged, &authority.by, now).await?, version.is_given()) {
            (true, _) => etag::changed(StatusCode::OK, &clients::shown(&row(app, id).await?)),
            (false, true) => Err(version.overtaken().into()),
            (false, false) => Err(unknown().into()),
        }
    }
}

async fn row(app: &App, id: &str) -> Outcome<ClientRow> {
    if !is_id(id) {
        return Err(unknown().into());
    }
    Ok(app.store.client(id).await?.ok_or_else(unknown)?)
}

fn unknown() -> Refused {
    not_found("there is no client of this id")
}

/// What is wrong with the metadata, under the member that the sentence speaks of.
fn told(fault: Fault) -> Failure {
    let member = MEMBERS.into_iter().filter_map(|name| Some((fault.about.find(name)?, name))).min();
    Refused::field(member.map_or("metadata", |(_, name)| name), fault.about).into()
}

/// The same for what only a look at the store, or at the client as it is, finds wrong.
fn by_member(failure: Failure) -> Failure {
    let Failure::Refused(refused) = failure else { return failure };
    if refused.code != ErrorCode::InvalidClientMetadata {
        return refused.into();
    }
    match refused.reason {
        Reason::UnknownScope => Refused::field("scope", "names a scope that does not exist").into(),
        Reason::UnusableKeys => Refused::field("jwks", refused.about).into(),
        Reason::WrongAuthMethod => Refused::field("token_endpoint_auth_method", refused.about).into(),
        Reason::NotConfidential => Refused::field("grant_types", refused.about).into(),
        Reason::Malformed if refused.about.starts_with("logo_uri") => Refused::field("logo_uri", refused.about).into(),
        _ => refused.into(),
    }
}
