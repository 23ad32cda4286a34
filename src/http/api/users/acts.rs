//! What is done to an account: shutting its user out and letting the user in again, roles, passwords.

use std::sync::Arc;

use http::StatusCode;
use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::described::{Changed, PasswordBody, RolesBody};
use super::{as_supposed, load};
use crate::accounts;
use crate::accounts::administer;
use crate::app::App;
use crate::failure::Outcome;
use crate::http::answer::Answer;
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::etag::{self, IfMatch};
use crate::http::idempotency::{self, IdempotencyKey};
use crate::http::json::Json;
use crate::http::reply::Manner;
use crate::http::tags::Tag;
use crate::store::users::UserRow;

pub struct ActsApi {
    pub app: Arc<App>,
}

/// What needs nothing but the account.
#[derive(Clone, Copy)]
enum Act {
    Enable(bool),
    Lock(bool),
}

#[OpenApi(tag = "Tag::Administration")]
impl ActsApi {
    /// Disable an account
    ///
    /// All its sessions end at once, and its user cannot sign in.
    #[oai(path = "/api/v1/admin/users/:id/disable", method = "post", operation_id = "disable_account")]
    async fn disable(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
    ) -> Answer<Changed> {
        settle(self.act(request, bearer, version, &id, Act::Enable(false)).await, Manner::Problem, request, &self.app)
            .into()
    }

    /// Enable a disabled account
    #[oai(path = "/api/v1/admin/users/:id/enable", method = "post", operation_id = "enable_account")]
    async fn enable(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
    ) -> Answer<Changed> {
        settle(self.act(request, bearer, version, &id, Act::Enable(true)).await, Manner::Problem, request, &self.app)
            .into()
    }

    /// Lock an account
    ///
    /// All its sessions end at once, and its user cannot sign in.
    #[oai(path = "/api/v1/admin/users/:id/lock", method = "post", operation_id = "lock_account")]
    async fn lock(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
    ) -> Answer<Changed> {
        settle(self.act(request, bearer, version, &id, Act::Lock(true)).await, Manner::Problem, request, &self.app)
            .into()
    }

    /// Unlock an account
    ///
    /// Also where too many wrong passwords locked it.
    #[oai(path = "/api/v1/admin/users/:id/unlock", method = "post", operation_id = "unlock_account")]
    async fn unlock(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
    ) -> Answer<Changed> {
        settle(self.act(request, bearer, version, &id, Act::Lock(false)).await, Manner::Problem, request, &self.app)
            .into()
    }

    /// Replace the roles of a user
    ///
    /// They hold at once, in the tokens that are out already, too.
    #[oai(path = "/api/v1/admin/users/:id/roles", method = "put", operation_id = "set_account_roles")]
    async fn roles(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
        body: Json<RolesBody>,
    ) -> Answer<Changed> {
        settle(self.set_roles(request, bearer, version, &id, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Set the password of a user
    ///
    /// All sessions end at once.
    #[oai(path = "/api/v1/admin/users/:id/password", method = "put", operation_id = "set_account_password")]
    async fn password(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
        body: Json<PasswordBody>,
    ) -> Answer<Changed> {
        settle(self.set_password(request, bearer, version, &id, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Make a user set a new password
    ///
    /// All sessions end at once, the old password is worth nothing, and a letter says how it goes on.
    #[oai(path = "/api/v1/admin/users/:id/force-reset", method = "post", operation_id = "force_account_reset")]
    async fn force_reset(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "Idempotency-Key")] key: IdempotencyKey,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
    ) -> Answer<Changed> {
        settle(self.reset(request, bearer, key, version, &id).await, Manner::Problem, request, &self.app).into()
    }
}

impl ActsApi {
    async fn act(&self, request: &Request, bearer: Bearer, version: IfMatch, id: &str, act: Act) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Users).await?;
        let (_, from_version) = as_supposed(app, id, &version).await?;
        let (authority, now) = (caller.authority(origin(request)), app.clock.now());
        let user = match act {
            Act::Enable(enabled) => administer::set_enabled(app, id, enabled, from_version, &authority, now).await?,
            Act::Lock(locked) => administer::set_locked(app, id, locked, from_version, &authority, now).await?,
        };
        shown(app, &user).await
    }

    async fn set_roles(
        &self,
        request: &Request,
        bearer: Bearer,
        version: IfMatch,
        id: &str,
        body: Json<RolesBody>,
    ) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Users).await?;
        let mut body = body.read(&app.config.server).await?;
        let roles = body.optional_texts("roles");
        if roles.is_none() {
            body.missing("roles");
        }
        let roles = body.finish_with(roles)?;
        let (user, from_version) = as_supposed(app, id, &version).await?;
        let authority = caller.authority(origin(request));
        let user = administer::set_roles(app, &user.id, roles, from_version, &authority, app.clock.now()).await?;
        shown(app, &user).await
    }

    async fn set_password(
        &self,
        request: &Request,
        bearer: Bearer,
        version: IfMatch,
        id: &str,
        body: Json<PasswordBody>,
    ) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Users).await?;
        let mut body = body.read(&app.config.server).await?;
        let password = body.secret("password");
        body.finish()?;
        let (_, from_version) = as_supposed(app, id, &version).await?;
        let authority = caller.authority(origin(request));
        let user = administer::set_password(app, id, &password, from_version, &authority, app.clock.now()).await?;
        shown(app, &user).await
    }

    async fn reset(
        &self,
        request: &Request,
        bearer: Bearer,
        key: IdempotencyKey,
        version: IfMatch,
        id: &str,
    ) -> Outcome<Response> {
        let app = Arc::clone(&self.app);
        let caller = bearer.caller(&app, ApiScope::Users).await?;
        let (user, _) = load(&app, id).await?;
        let (who, origin) = (caller.name(), origin(request));
        let act = async move {
            // Not before: whoever asks again holds the version that the first time has replaced.
            let (user, from_version) = as_supposed(&app, &user.id, &version).await?;
            let authority = caller.authority(origin);
            let user = administer::force_reset(&app, &user.id, from_version, &authority, app.clock.now()).await?;
            shown(&app, &user).await
        };
        idempotency::once(&self.app, request, &key, &who, &[], act).await
    }
}

async fn shown(app: &App, user: &UserRow) -> Outcome<Response> {
    etag::changed(StatusCode::OK, &accounts::governed(app, user).await?)
}
