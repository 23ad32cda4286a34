//! `/api/v1/users`: the same accounts under the short names that programs know.

use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::described::{ChangeBody, Changed, Found, Listed, Removed};
use super::{UsersApi, bodies, filter};
use crate::http::answer::Answer;
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::settle;
use crate::http::etag::IfMatch;
use crate::http::json::Json;
use crate::http::pages::{After, Asked, Limit};
use crate::http::query::Query;
use crate::http::reply::Manner;
use crate::http::tags::Tag;

pub struct ShortApi {
    pub users: UsersApi,
}

#[OpenApi(tag = "Tag::Administration")]
impl ShortApi {
    /// Search accounts
    ///
    /// As `/api/v1/admin/users`.
    #[oai(path = "/api/v1/users", method = "get", operation_id = "list_users")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
    async fn list(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        /// Part of a username, an address or a name
        q: Query<String>,
        /// Who has this role
        role: Query<String>,
        enabled: Query<bool>,
        /// By an administrator
        locked: Query<bool>,
        /// Whose address is confirmed
        verified: Query<bool>,
        limit: Limit,
        after: After,
    ) -> Answer<Listed> {
        let asked = || Ok((filter(q, role, enabled, locked, verified)?, Asked::of(limit, after)?));
        settle(self.users.page(request, bearer, asked).await, Manner::Problem, request, &self.users.app).into()
    }

    /// Show an account
    #[oai(path = "/api/v1/users/:id", method = "get", operation_id = "show_user")]
    async fn show(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        id: Path<String>,
    ) -> Answer<Found> {
        settle(self.users.find(request, bearer, &id).await, Manner::Problem, request, &self.users.app).into()
    }

    /// Change what is said of an account
    #[oai(path = "/api/v1/users/:id", method = "patch", operation_id = "change_user")]
    async fn amend(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
        body: Json<ChangeBody>,
    ) -> Answer<Changed> {
        let changed = self.users.change(request, bearer, version, &id, body, bodies::change).await;
        settle(changed, Manner::Problem, request, &self.users.app).into()
    }

    /// Remove an account
    ///
    /// As `/api/v1/admin/users/{id}`: it is disabled, or with `erase` gone for good.
    #[oai(path = "/api/v1/users/:id", method = "delete", operation_id = "delete_user")]
    async fn delete(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
        /// Whether it is gone for good
        erase: Query<bool>,
    ) -> Answer<Removed> {
        let removed = self.users.remove(request, bearer, version, &id, erase).await;
        settle(removed, Manner::Problem, request, &self.users.app).into()
    }
}
