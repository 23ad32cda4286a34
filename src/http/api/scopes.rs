//! `/api/v1/admin/scopes`: the names that may be asked for.

use std::sync::Arc;

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use poem::{Request, Response};
use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::not_found;
use crate::app::App;
use crate::failure::Outcome;
use crate::http::answer::{
    Answer, Described, Empty, FAILS_TO_CHANGE, FAILS_TO_FIND, FAILS_TO_MAKE, FAILS_TO_READ, FAILS_TO_REMOVE,
};
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::etag::{self, IfMatch, Versioned};
use crate::http::idempotency::{self, IdempotencyKey};
use crate::http::json::Json;
use crate::http::pages::{After, Asked, Limit};
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;
use crate::protocol::scope::ScopeName;
use crate::scopes::{self, Said};
use crate::store::scopes::ScopeRow;

const PATH: &str = "/api/v1/admin/scopes";

/// A name that may be asked for.
#[derive(Object, Serialize)]
#[oai(rename = "Scope")]
struct ScopeBody {
    name: String,
    /// What people read when they are asked for consent.
    description: String,
    /// Whether it came with the server, and stays.
    built_in: bool,
    /// Whether it says who somebody is: no role is needed for it.
    identity: bool,
    /// Whether clients that register themselves may have it.
    registrable: bool,
    /// Seconds since 1970.
    created_at: i64,
}

impl Versioned for ScopeBody {}

impl From<&ScopeRow> for ScopeBody {
    fn from(row: &ScopeRow) -> Self {
        let ScopeRow { name, description, built_in, created_at, identity, registrable } = row.clone();
        Self { name, description, built_in, identity, registrable, created_at: created_at.seconds() }
    }
}

/// Scopes by their names.
#[derive(Object)]
#[oai(rename = "ScopePage")]
struct PageBody {
    items: Vec<ScopeBody>,
    /// The cursor of the next page.
    next: Option<String>,
}

/// A scope to be.
#[derive(Object)]
struct NewScope {
    name: String,
    description: Option<String>,
    /// Whether clients that register themselves may have it: false, unless said.
    registrable: Option<bool>,
}

/// What may be changed about a scope.
#[derive(Object)]
struct ScopeChange {
    description: String,
    /// As it was, unless said.
    registrable: Option<bool>,
}

struct Listed;
impl Described for Listed {
    type Body = PageBody;
    const SUCCESS: &'static str = "A page of scopes";
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] = FAILS_TO_READ;
    const HEADERS: &'static [(&'static str, &'static str)] = &[("Link", "The next page")];
}

struct Created;
impl Described for Created {
    type Body = ScopeBody;
    const SUCCESS: &'static str = "The new scope";
    const STATUS: u16 = 201;
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] = FAILS_TO_MAKE;
    const HEADERS: &'static [(&'static str, &'static str)] =
        &[("ETag", "Names this version of it"), ("Location", "Where it is")];
}

struct Found;
impl Described for Found {
    type Body = ScopeBody;
    const SUCCESS: &'static str = "The scope";
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] = FAILS_TO_FIND;
    const HEADERS: &'static [(&'static str, &'static str)] = &[("ETag", "Names this version of it")];
    const OTHERS: &'static [(u16, &'static str)] = &[(304, "Not changed since the version in If-None-Match")];
}

struct Changed;
impl Described for Changed {
    type Body = ScopeBody;
    const SUCCESS: &'static str = "The scope as it is now";
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] = FAILS_TO_CHANGE;
    const HEADERS: &'static [(&'static str, &'static str)] = &[("ETag", "Names this version of it")];
}

struct Removed;
impl Described for Removed {
    type Body = Empty;
    const SUCCESS: &'static str = "It is gone";
    const STATUS: u16 = 204;
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] = FAILS_TO_REMOVE;
}

pub struct ScopesApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::Administration")]
impl ScopesApi {
    /// List scopes
    #[oai(path = "/api/v1/admin/scopes", method = "get", operation_id = "list_scopes")]
    async fn list(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Scopes")] bearer: Bearer,
        limit: Limit,
        after: After,
    ) -> Answer<Listed> {
        settle(self.page(request, bearer, limit, after).await, Manner::Problem, request, &self.app).into()
    }

    /// Make a scope
    #[oai(path = "/api/v1/admin/scopes", method = "post", operation_id = "create_scope")]
    async fn create(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Scopes")] bearer: Bearer,
        #[oai(name = "Idempotency-Key")] key: IdempotencyKey,
        body: Json<NewScope>,
    ) -> Answer<Created> {
        settle(self.make(request, bearer, key, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Show a scope
    #[oai(path = "/api/v1/admin/scopes/:name", method = "get", operation_id = "show_scope")]
    async fn show(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Scopes")] bearer: Bearer,
        name: Path<String>,
    ) -> Answer<Found> {
        settle(self.find(request, bearer, &name).await, Manner::Problem, request, &self.app).into()
    }

    /// Say something else of a scope
    #[oai(path = "/api/v1/admin/scopes/:name", method = "put", operation_id = "describe_scope")]
    async fn describe(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Scopes")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        name: Path<String>,
        body: Json<ScopeChange>,
    ) -> Answer<Changed> {
        settle(self.change(request, bearer, version, &name, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Remove a scope
    ///
    /// The built-in ones stay. Roles lose it; clients that name it keep its name, which means nothing any more.
    #[oai(path = "/api/v1/admin/scopes/:name", method = "delete", operation_id = "delete_scope")]
    async fn delete(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Scopes")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        name: Path<String>,
    ) -> Answer<Removed> {
        settle(self.remove(request, bearer, version, &name).await, Manner::Problem, request, &self.app).into()
    }
}

impl ScopesApi {
    async fn page(&self, request: &Request, bearer: Bearer, limit: Limit, after: After) -> Outcome<Response> {
        let app = &self.app;
        bearer.caller(app, ApiScope::Scopes).await?;
        let asked = Asked::of(limit, after)?;
        let rows = app.store.scopes_after(asked.after.as_deref(), asked.rows()).await?;
        asked.answer(app, request, rows, |row| &row.name, |row| ScopeBody::from(row))
    }

    async fn make(
        &self,
        request: &Request,
        bearer: Bearer,
        key: IdempotencyKey,
        body: Json<NewScope>,
    ) -> Outcome<Response> {
        let app = Arc::clone(&self.app);
        let caller = bearer.caller(&app, ApiScope::Scopes).await?;
        let mut body = body.read(&app.config.server).await?;
        let name = body.parsed::<ScopeName>("name");
        let description = body.optional_text("description").unwrap_or_default();
        let registrable = body.optional_flag("registrable").unwrap_or(false);
        let name = body.finish_with(name)?;
        let said = Said { description, registrable };
        let (who, origin) = (caller.name(), origin(request));
        let act = async move {
            let row = scopes::create(&app, name, said, &caller.by(origin), app.clock.now()).await?;
            let mut response = etag::changed(StatusCode::CREATED, &ScopeBody::from(&row))?;
            if let Ok(location) = HeaderValue::try_from(location(&app, &row.name)) {
                response.headers_mut().insert(LOCATION, location);
            }
            Ok(response)
        };
        idempotency::once(&self.app, request, &key, &who, body.source(), act).await
    }

    async fn find(&self, request: &Request, bearer: Bearer, name: &str) -> Outcome<Response> {
        bearer.caller(&self.app, ApiScope::Scopes).await?;
        etag::answer(request, &ScopeBody::from(&self.row(name).await?))
    }

    async fn change(
        &self,
        request: &Request,
        bearer: Bearer,
        version: IfMatch,
        name: &str,
        body: Json<ScopeChange>,
    ) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Scopes).await?;
        let mut body = body.read(&app.config.server).await?;
        let description = body.optional_text("description");
        if description.is_none() {
            body.missing("description");
        }
        let registrable = body.optional_flag("registrable");
        let description = body.finish_with(description)?;
        let before = self.row(name).await?;
        version.check(&ScopeBody::from(&before))?;
        let by = caller.by(origin(request));
        let said = Said { description, registrable: registrable.unwrap_or(before.registrable) };
        let after = scopes::describe(app, before, said, &by, app.clock.now()).await?;
        etag::changed(StatusCode::OK, &ScopeBody::from(&after.ok_or_else(|| version.overtaken())?))
    }

    async fn remove(&self, request: &Request, bearer: Bearer, version: IfMatch, name: &str) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Scopes).await?;
        version.check(&ScopeBody::from(&self.row(name).await?))?;
        let is_gone = scopes::delete(app, name, &caller.by(origin(request)), app.clock.now()).await?;
        if is_gone { Ok(reply::done()) } else { Err(unknown().into()) }
    }

    async fn row(&self, name: &str) -> Outcome<ScopeRow> {
        // What is no name of a scope is not worth a question.
        let Ok(name) = name.parse::<ScopeName>() else { return Err(unknown().into()) };
        Ok(self.app.store.scope(name.as_str()).await?.ok_or_else(unknown)?)
    }
}

fn unknown() -> crate::failure::Refused {
    not_found("there is no scope of this name")
}

fn location(app: &App, name: &str) -> String {
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    app.config.issuer.endpoint(&format!("{PATH}/{name}"))
}
