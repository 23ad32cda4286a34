//! `/api/v1/users/me/sessions`: where one is signed in.

use std::sync::Arc;

use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use serde::Serialize;
use serde_json::json;

use super::described::{SessionEnded, SessionsListed};
use crate::accounts::sessions;
use crate::app::App;
use crate::audit::Actor;
use crate::failure::Outcome;
use crate::http::answer::Answer;
use crate::http::api::{is_id, not_found};
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;
use crate::store::grants::GrantRow;
use crate::time::UnixTime;

pub struct SessionsApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::People")]
impl SessionsApi {
    /// List your sessions
    #[oai(path = "/api/v1/users/me/sessions", method = "get", operation_id = "list_my_sessions")]
    async fn list(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Account")] bearer: Bearer,
    ) -> Answer<SessionsListed> {
        settle(self.all(bearer).await, Manner::Problem, request, &self.app).into()
    }

    /// End one of your sessions
    #[oai(path = "/api/v1/users/me/sessions/:id", method = "delete", operation_id = "end_my_session")]
    async fn delete(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Account")] bearer: Bearer,
        id: Path<String>,
    ) -> Answer<SessionEnded> {
        settle(self.end(request, bearer, &id).await, Manner::Problem, request, &self.app).into()
    }
}

/// A session as its user sees it.
#[derive(Serialize)]
struct Shown {
    id: String,
    client_id: String,
    client_name: Option<String>,
    scope: String,
    device: Option<String>,
    address: Option<String>,
    created_at: UnixTime,
    last_used_at: UnixTime,
    expires_at: UnixTime,
    current: bool,
}

impl SessionsApi {
    async fn all(&self, bearer: Bearer) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Account).await?;
        let mut items = Vec::new();
        for grant in sessions::list(app, caller.user()?, app.clock.now()).await? {
            let client_name = app.directory.client(&grant.client_id).await?.map(|client| client.name.clone());
            let GrantRow { id, client_id, scope, device, address, created_at, last_used_at, expires_at, .. } = grant;
            let current = caller.grant_id.as_ref() == Some(&id);
            items.push(Shown {
                id,
                client_id,
                client_name,
                scope,
                device,
                address,
                created_at,
                last_used_at,
                expires_at,
                current,
            });
        }
        reply::json(&json!({ "items": items }))
    }

    async fn end(&self, request: &Request, bearer: Bearer, id: &str) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Account).await?;
        let user = caller.user()?;
        if !is_id(id) {
            return Err(not_found("there is no such session").into());
        }
        sessions::end(app, user, id, Actor::User(user), &origin(request), app.clock.now()).await?;
        Ok(reply::done())
    }
}
