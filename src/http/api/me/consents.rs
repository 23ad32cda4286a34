//! `/api/v1/users/me/consents`: what one lets clients have.

use std::sync::Arc;

use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::described::{ConsentWithdrawn, ConsentsListed};
use crate::accounts::consents::{self, Consent};
use crate::app::App;
use crate::failure::Outcome;
use crate::http::answer::Answer;
use crate::http::api::{is_id, not_found};
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::pages::{After, Asked, Limit};
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;

pub struct ConsentsApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::People")]
impl ConsentsApi {
    /// List what you let clients have
    #[oai(path = "/api/v1/users/me/consents", method = "get", operation_id = "list_my_consents")]
    async fn list(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Account")] bearer: Bearer,
        limit: Limit,
        after: After,
    ) -> Answer<ConsentsListed> {
        settle(self.page(request, bearer, limit, after).await, Manner::Problem, request, &self.app).into()
    }

    /// Take back what you let a client have
    ///
    /// Its sessions of yours end, too, and it has to ask you again.
    #[oai(path = "/api/v1/users/me/consents/:client_id", method = "delete", operation_id = "withdraw_my_consent")]
    async fn delete(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Account")] bearer: Bearer,
        client_id: Path<String>,
    ) -> Answer<ConsentWithdrawn> {
        settle(self.withdraw(request, bearer, &client_id).await, Manner::Problem, request, &self.app).into()
    }
}

impl ConsentsApi {
    async fn page(&self, request: &Request, bearer: Bearer, limit: Limit, after: After) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Account).await?;
        let asked = Asked::of(limit, after)?;
        let found = consents::list(app, caller.user()?, asked.after.as_deref(), asked.rows()).await?;
        asked.answer(app, request, found, |consent| &consent.client_id, Consent::clone)
    }

    async fn withdraw(&self, request: &Request, bearer: Bearer, client_id: &str) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Account).await?;
        let user = caller.user()?;
        if !is_id(client_id) {
            return Err(not_found("this client was not allowed anything").into());
        }
        consents::withdraw(app, user, client_id, &origin(request), app.clock.now()).await?;
        Ok(reply::done())
    }
}
