//! `/api/v1/users/me`: one's own account.

mod consents;
mod described;
mod sessions;

use std::sync::Arc;

use http::StatusCode;
use poem::{Request, Response};
use poem_openapi::OpenApi;

use super::{auth, not_found};
use crate::accounts::details::Details;
use crate::accounts::profile::{self, Oneself, OwnChange};
use crate::accounts::{self, Shown};
use crate::app::App;
use crate::failure::Outcome;
use crate::http::answer::Answer;
use crate::http::bearer::{ApiScope, Bearer, Caller};
use crate::http::context::{origin, settle};
use crate::http::etag::{self, IfMatch};
use crate::http::json::Json;
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;
use crate::protocol::members::Members;
use crate::store::users::UserRow;
use described::{Changed, Closed, Found, OwnDetails};

pub use consents::ConsentsApi;
pub use described::UserBody;
pub use sessions::SessionsApi;

pub struct MeApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::People")]
impl MeApi {
    /// Show your account
    #[oai(path = "/api/v1/users/me", method = "get", operation_id = "show_me")]
    async fn show(&self, request: &Request, #[oai(scope = "ApiScope::Account")] bearer: Bearer) -> Answer<Found> {
        settle(self.find(request, bearer).await, Manner::Problem, request, &self.app).into()
    }

    /// Replace what you say of yourself
    ///
    /// Names and profile that are left out are gone; the username and the address stay unless others are given.
    #[oai(path = "/api/v1/users/me", method = "put", operation_id = "replace_me")]
    async fn replace(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Account")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        body: Json<OwnDetails>,
    ) -> Answer<Changed> {
        settle(self.change(request, bearer, version, body, Details::whole).await, Manner::Problem, request, &self.app)
            .into()
    }

    /// Change what you say of yourself
    ///
    /// What is left out stays, `null` clears. Another address takes your password, and an account without one changes it on its
    /// page; where addresses must be confirmed it is the account's once the link in the letter was followed. The address that
    /// it replaces gets a letter, too.
    #[oai(path = "/api/v1/users/me", method = "patch", operation_id = "change_me")]
    async fn amend(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Account")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
        body: Json<OwnDetails>,
    ) -> Answer<Changed> {
        let as_given = |details| details;
        settle(self.change(request, bearer, version, body, as_given).await, Manner::Problem, request, &self.app).into()
    }

    /// Close your account
    ///
    /// All its sessions end, and nobody signs in any more. An administrator can open it again.
    #[oai(path = "/api/v1/users/me", method = "delete", operation_id = "close_me")]
    async fn close(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Account")] bearer: Bearer,
        #[oai(name = "If-Match")] version: IfMatch,
    ) -> Answer<Closed> {
        settle(self.end(request, bearer, version).await, Manner::Problem, request, &self.app).into()
    }
}

impl MeApi {
    async fn find(&self, request: &Request, bearer: Bearer) -> Outcome<Response> {
        let caller = bearer.caller(&self.app, ApiScope::Account).await?;
        let (_, shown) = self.load(&caller).await?;
        etag::answer(request, &shown)
    }

    async fn change(
        &self,
        request: &Request,
        bearer: Bearer,
        version: IfMatch,
        body: Json<OwnDetails>,
        meaning: fn(Details) -> Details,
    ) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Account).await?;
        let mut body = body.read(&app.config.server).await?;
        let change = own_change(&mut body);
        body.finish()?;
        let change = OwnChange { details: meaning(change.details), ..change };
        let (from_version, origin) = (self.version(&caller, &version).await?, origin(request));
        let oneself = oneself(&caller, &origin)?;
        let after = profile::change(app, oneself, change, from_version, app.clock.now()).await;
        etag::changed(StatusCode::OK, &accounts::shown(app, &after?).await?)
    }

    async fn end(&self, request: &Request, bearer: Bearer, version: IfMatch) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Account).await?;
        let (from_version, origin) = (self.version(&caller, &version).await?, origin(request));
        profile::close(app, oneself(&caller, &origin)?, from_version, app.clock.now()).await?;
        Ok(reply::done())
    }

    /// The version that a change must be made from; any, when the caller does not say.
    async fn version(&self, caller: &Caller, version: &IfMatch) -> Outcome<Option<i64>> {
        if !version.is_given() {
            return Ok(None);
        }
        let (user, shown) = self.load(caller).await?;
        version.check(&shown)?;
        Ok(Some(user.version))
    }

    async fn load(&self, caller: &Caller) -> Outcome<(UserRow, Shown)> {
        let user = self.app.store.user(caller.user()?).await?;
        let user = user.ok_or_else(|| not_found("this account is gone"))?;
        let shown = accounts::shown(&self.app, &user).await?;
        Ok((user, shown))
    }
}

fn oneself<'a>(caller: &'a Caller, origin: &'a crate::audit::Origin) -> Outcome<Oneself<'a>> {
    let (user_id, client_id) = (caller.user()?, caller.client_id.as_str());
    Ok(Oneself { user_id, client_id, grant_id: caller.grant_id.as_deref(), session: None, origin })
}

fn own_change(body: &mut Members) -> OwnChange {
    OwnChange {
        username: body.optional_text("username"),
        email: body.optional_text("email"),
        current_password: body.optional_secret("current_password"),
        details: auth::details(body),
    }
}
