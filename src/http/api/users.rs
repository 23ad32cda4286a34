//! `/api/v1/admin/users`: who has an account.

mod acts;
mod bodies;
mod described;
mod import;
mod sessions;
mod short;

use std::sync::Arc;

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::{is_id, not_found};
use crate::accounts::administer::{self, Update};
use crate::accounts::{self, Governed, names};
use crate::app::App;
use crate::failure::{Outcome, Refused};
use crate::http::answer::Answer;
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::etag::{self, IfMatch};
use crate::http::idempotency::{self, IdempotencyKey};
use crate::http::json::Json;
use crate::http::pages::{After, Asked, Limit};
use crate::http::query::Query;
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;
use crate::protocol::members::Members;
use crate::store::users::{UserFilter, UserRow};
use described::{ChangeBody, Changed, Created, Found, Listed, NewBody, Removed, WholeBody};

pub use described::SessionBody as AccountSession;

const PATH: &str = "/api/v1/admin/users";

pub type Apis = (UsersApi, acts::ActsApi, sessions::SessionsApi, import::ImportApi, short::ShortApi);

pub fn apis(app: &Arc<App>) -> Apis {
    (
        UsersApi { app: Arc::clone(app) },
        acts::ActsApi { app: Arc::clone(app) },
        sessions::SessionsApi { app: Arc::clone(app) },
        import::ImportApi { app: Arc::clone(app) },
        short::ShortApi { users: UsersApi { app: Arc::clone(app) } },
    )
}

pub struct UsersApi {
    app: Arc<App>,
}

#[OpenApi(tag = "Tag::Administration")]
impl UsersApi {
    /// Search accounts
    #[oai(path = "/api/v1/admin/users", method = "get", operation_id = "list_accounts")]
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
        settle(self.page(request, bearer, asked).await, Manner::Problem, request, &self.app).into()
    }

    /// Make an account
    ///
    /// Its address counts as confirmed unless the body says otherwise, and no letter is sent.
    #[oai(path = "/api/v1/admin/users", method = "post", operation_id = "create_account")]
    async fn create(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "Idempotency-Key")] key: IdempotencyKey,
        body: Json<NewBody>,
    ) -> Answer<Created> {
        settle(self.make(request, bearer, key, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Show an account
    #[oai(path = "/api/v1/admin/users/:id", method = "get", operation_id = "show_account")]
    async fn show(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        id: Path<String>,
    ) -> Answer<Found> {
        settle(self.find(request, bearer, &id).await, Manner::Problem, request, &self.app).into()
    }

    /// Replace what is said of an account
    ///
    /// Whole: names and profile that are left out are gone. Roles, passwords and locks have places of their own. Another
    /// address is not confirmed unless `email_verified` says so; the one that it replaces gets a letter.
    #[oai(path = "/api/v1/admin/users/:id", method = "put", operation_id = "replace_account")]
    async fn replace(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
        body: Json<WholeBody>,
    ) -> Answer<Changed> {
        let changed = self.change(request, bearer, version, &id, body, bodies::whole).await;
        settle(changed, Manner::Problem, request, &self.app).into()
    }

    /// Change what is said of an account
    ///
    /// What is left out stays, `null` clears. Another address is not confirmed unless `email_verified` says so; the one that
    /// it replaces gets a letter.
    #[oai(path = "/api/v1/admin/users/:id", method = "patch", operation_id = "change_account")]
    async fn amend(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
        body: Json<ChangeBody>,
    ) -> Answer<Changed> {
        let changed = self.change(request, bearer, version, &id, body, bodies::change).await;
        settle(changed, Manner::Problem, request, &self.app).into()
    }

    /// Remove an account
    ///
    /// It is disabled and can be enabled again. With `erase` it is gone for good, with all that the audit log holds of the
    /// person.
    #[oai(path = "/api/v1/admin/users/:id", method = "delete", operation_id = "delete_account")]
    async fn delete(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        id: Path<String>,
        /// Whether it is gone for good
        erase: Query<bool>,
    ) -> Answer<Removed> {
        settle(self.remove(request, bearer, version, &id, erase).await, Manner::Problem, request, &self.app).into()
    }
}

/// What somebody looks for.
fn filter(
    q: Query<String>,
    role: Query<String>,
    enabled: Query<bool>,
    locked: Query<bool>,
    verified: Query<bool>,
) -> Outcome<UserFilter> {
    Ok(UserFilter {
        text: q.text()?.map(|text| names::fold(&text)),
        role: role.text()?,
        enabled: enabled.flag()?,
        locked: locked.flag()?,
        verified: verified.flag()?,
    })
}

impl UsersApi {
    async fn page(
        &self,
        request: &Request,
        bearer: Bearer,
        asked: impl FnOnce() -> Outcome<(UserFilter, Asked)>,
    ) -> Outcome<Response> {
        let app = &self.app;
        bearer.caller(app, ApiScope::Users).await?;
        let (filter, asked) = asked()?;
        let rows = app.store.users(filter, asked.after.as_deref(), asked.rows()).await?;
        let each = accounts::governed_each(app, &rows).await?;
        asked.answer(app, request, each, |account| &account.user.id, Clone::clone)
    }

    async fn make(
        &self,
        request: &Request,
        bearer: Bearer,
        key: IdempotencyKey,
        body: Json<NewBody>,
    ) -> Outcome<Response> {
        let app = Arc::clone(&self.app);
        let caller = bearer.caller(&app, ApiScope::Users).await?;
        let mut body = body.read(&app.config.server).await?;
        let created = bodies::created(&app, &mut body);
        body.finish()?;
        let (who, origin) = (caller.name(), origin(request));
        let act = async move {
            let user = administer::create(&app, created, &caller.authority(origin), app.clock.now()).await?;
            let mut response = etag::changed(StatusCode::CREATED, &accounts::governed(&app, &user).await?)?;
            let location = app.config.issuer.endpoint(&format!("{PATH}/{}", user.id));
            if let Ok(location) = HeaderValue::try_from(location) {
                response.headers_mut().insert(LOCATION, location);
            }
            Ok(response)
        };
        idempotency::once(&self.app, request, &key, &who, body.source(), act).await
    }

    async fn find(&self, request: &Request, bearer: Bearer, id: &str) -> Outcome<Response> {
        bearer.caller(&self.app, ApiScope::Users).await?;
        let (_, account) = load(&self.app, id).await?;
        etag::answer(request, &account)
    }

    async fn change<D>(
        &self,
        request: &Request,
        bearer: Bearer,
        version: IfMatch,
        id: &str,
        body: Json<D>,
        read: fn(&mut Members) -> Update,
    ) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Users).await?;
        let mut body = body.read(&app.config.server).await?;
        let update = read(&mut body);
        body.finish()?;
        let (user, from_version) = as_supposed(app, id, &version).await?;
        let authority = caller.authority(origin(request));
        let user = administer::update(app, &user.id, update, from_version, &authority, app.clock.now()).await?;
        etag::changed(StatusCode::OK, &accounts::governed(app, &user).await?)
    }

    async fn remove(
        &self,
        request: &Request,
        bearer: Bearer,
        version: IfMatch,
        id: &str,
        erase: Query<bool>,
    ) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Users).await?;
        let erase = erase.flag()?.unwrap_or(false);
        let (user, from_version) = as_supposed(app, id, &version).await?;
        let (authority, now) = (caller.authority(origin(request)), app.clock.now());
        if erase {
            administer::erase(app, &user.id, from_version, &authority, now).await?;
        } else {
            administer::set_enabled(app, &user.id, false, from_version, &authority, now).await?;
        }
        Ok(reply::done())
    }
}

/// The account of this id.
async fn load(app: &App, id: &str) -> Outcome<(UserRow, Governed)> {
    let found = if is_id(id) { app.store.user(id).await? } else { None };
    let user = found.ok_or_else(unknown)?;
    let account = accounts::governed(app, &user).await?;
    Ok((user, account))
}

/// The account, if it is in a version that the change was made for, and that version; any will do, when none is named.
async fn as_supposed(app: &App, id: &str, version: &IfMatch) -> Outcome<(UserRow, Option<i64>)> {
    let (user, account) = load(app, id).await?;
    version.check(&account)?;
    let from_version = version.is_given().then_some(user.version);
    Ok((user, from_version))
}

fn unknown() -> Refused {
    not_found("there is no user of this id")
}
