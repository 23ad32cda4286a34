//! `/api/v1/admin/roles`: what users may do, in sets with names.

use std::sync::Arc;

use http::StatusCode;
use poem::{Request, Response};
use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::not_found;
use crate::accounts::roles;
use crate::app::App;
use crate::failure::{Outcome, Refused};
use crate::http::answer::{
    Answer, Empty, FAILS_TO_CHANGE, FAILS_TO_FIND, FAILS_TO_READ, FAILS_TO_REMOVE, HELD, PAGED, TAGGED, answer,
};
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::etag::{self, IfMatch, Versioned};
use crate::http::json::Json;
use crate::http::pages::{After, Asked, Limit};
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;
use crate::store::roles::{Role, RoleSet, RoleSetting};

/// What users of the role may do.
#[derive(Object, Serialize)]
#[oai(rename = "Role")]
pub struct RoleBody {
    name: String,
    description: String,
    /// Whether it came with the server, and stays.
    built_in: bool,
    scopes: Vec<String>,
}

impl Versioned for RoleBody {}

impl From<&Role> for RoleBody {
    fn from(role: &Role) -> Self {
        let Role { name, description, built_in, scopes, .. } = role.clone();
        Self { name, description, built_in, scopes }
    }
}

/// Roles by their names.
#[derive(Object)]
#[oai(rename = "RolePage")]
pub struct PageBody {
    items: Vec<RoleBody>,
    /// The cursor of the next page.
    next: Option<String>,
}

/// What a role should be from now on.
#[derive(Object)]
pub struct RoleContent {
    scopes: Vec<String>,
    description: Option<String>,
}

answer!(Listed, PageBody, 200, "A page of roles", FAILS_TO_READ, PAGED);
answer!(Found, RoleBody, 200, "The role", FAILS_TO_FIND, TAGGED, HELD);
answer!(Set, RoleBody, 200, "The role as it is now", FAILS_TO_CHANGE, TAGGED, &[(201, "The role was made")]);
answer!(Removed, Empty, 204, "It is gone", FAILS_TO_REMOVE, &[]);

pub struct RolesApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::Administration")]
impl RolesApi {
    /// List roles
    #[oai(path = "/api/v1/admin/roles", method = "get", operation_id = "list_roles")]
    async fn list(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Roles")] bearer: Bearer,
        limit: Limit,
        after: After,
    ) -> Answer<Listed> {
        settle(self.page(request, bearer, limit, after).await, Manner::Problem, request, &self.app).into()
    }

    /// Show a role
    #[oai(path = "/api/v1/admin/roles/:name", method = "get", operation_id = "show_role")]
    async fn show(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Roles")] bearer: Bearer,
        name: Path<String>,
    ) -> Answer<Found> {
        settle(self.find(request, bearer, &name).await, Manner::Problem, request, &self.app).into()
    }

    /// Make a role, or replace what it carries
    ///
    /// It is in force on every node within a second, for tokens that are out already, too.
    #[oai(path = "/api/v1/admin/roles/:name", method = "put", operation_id = "set_role")]
    async fn set(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Roles")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        name: Path<String>,
        body: Json<RoleContent>,
    ) -> Answer<Set> {
        settle(self.put(request, bearer, version, &name, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Remove a role
    ///
    /// The built-in ones stay. Its users lose it at once.
    #[oai(path = "/api/v1/admin/roles/:name", method = "delete", operation_id = "delete_role")]
    async fn delete(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Roles")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        name: Path<String>,
    ) -> Answer<Removed> {
        settle(self.remove(request, bearer, version, &name).await, Manner::Problem, request, &self.app).into()
    }
}

impl RolesApi {
    async fn page(&self, request: &Request, bearer: Bearer, limit: Limit, after: After) -> Outcome<Response> {
        let app = &self.app;
        bearer.caller(app, ApiScope::Roles).await?;
        let asked = Asked::of(limit, after)?;
        // There are as many as kinds of people.
        let mut rows = app.store.roles().await?;
        rows.sort_by(|one, other| one.name.cmp(&other.name));
        rows.retain(|role| asked.after.as_ref().is_none_or(|after| role.name > *after));
        asked.answer(app, request, rows, |role| &role.name, |role| RoleBody::from(role))
    }

    async fn find(&self, request: &Request, bearer: Bearer, name: &str) -> Outcome<Response> {
        bearer.caller(&self.app, ApiScope::Roles).await?;
        let role = self.app.store.role(name).await?.ok_or_else(unknown)?;
        etag::answer(request, &RoleBody::from(&role))
    }

    async fn put(
        &self,
        request: &Request,
        bearer: Bearer,
        version: IfMatch,
        name: &str,
        body: Json<RoleContent>,
    ) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Roles).await?;
        let mut body = body.read(&app.config.server).await?;
        let (scopes, description) = (body.optional_texts("scopes"), body.optional_text("description"));
        if scopes.is_none() {
            body.missing("scopes");
        }
        let scopes = body.finish_with(scopes)?;
        let from_version = self.version(name, &version).await?;
        let description = Some(description.unwrap_or_default());
        let setting = RoleSetting { name: name.to_owned(), description, scopes, from_version };
        let (role, done) = roles::set(app, setting, &caller.authority(origin(request)), app.clock.now()).await?;
        let status = if done == RoleSet::Created { StatusCode::CREATED } else { StatusCode::OK };
        etag::changed(status, &RoleBody::from(&role))
    }

    /// The version that a change was made for; none, when it was made for any.
    async fn version(&self, name: &str, version: &IfMatch) -> Outcome<Option<i64>> {
        if !version.is_given() {
            return Ok(None);
        }
        let role = self.app.store.role(name).await?.ok_or_else(|| version.overtaken())?;
        version.check(&RoleBody::from(&role))?;
        Ok(Some(role.version))
    }

    async fn remove(&self, request: &Request, bearer: Bearer, version: IfMatch, name: &str) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Roles).await?;
        let role = app.store.role(name).await?.ok_or_else(unknown)?;
        version.check(&RoleBody::from(&role))?;
        let seen = version.is_given().then_some(role.version);
        let is_gone = roles::delete(app, name, seen, &caller.authority(origin(request)), app.clock.now()).await?;
        if is_gone { Ok(reply::done()) } else { Err(version.overtaken().into()) }
    }
}

fn unknown() -> Refused {
    not_found("there is no role of this name")
}
