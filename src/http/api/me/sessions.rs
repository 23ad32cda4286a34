//! `/api/v1/users/me/sessions`: where one is signed in.

use std::sync::Arc;

use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use serde::Serialize;

use super::described::{SessionEnded, SessionsListed};
use crate::accounts::{Session, sessions};
use crate::app::App;
use crate::audit::Actor;
use crate::failure::Outcome;
use crate::http::answer::Answer;
use crate::http::api::{is_id, not_found};
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::pages::{After, Asked, Limit};
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;

pub struct SessionsApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::People")]
impl SessionsApi {
    /// List your sessions
    ///
    /// At clients, and with browsers at this server itself; the newest first.
    #[oai(path = "/api/v1/users/me/sessions", method = "get", operation_id = "list_my_sessions")]
    async fn list(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Account")] bearer: Bearer,
        limit: Limit,
        after: After,
    ) -> Answer<SessionsListed> {
        settle(self.page(request, bearer, limit, after).await, Manner::Problem, request, &self.app).into()
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
#[derive(Clone, Serialize)]
struct Shown {
    #[serde(flatten)]
    session: Session,
    client_name: Option<String>,
    current: bool,
}

impl SessionsApi {
    async fn page(&self, request: &Request, bearer: Bearer, limit: Limit, after: After) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Account).await?;
        let asked = Asked::of(limit, after)?;
        let (after, now) = (asked.after.as_deref(), app.clock.now());
        let mut rows = Vec::new();
        for session in sessions::list(app, caller.user()?, after, asked.rows(), now).await? {
            let client_name = match &session.client_id {
                Some(id) => app.directory.client(id).await?.map(|client| client.name.clone()),
                None => None,
            };
            let current = caller.grant_id.as_ref() == Some(&session.id);
            rows.push(Shown { session, client_name, current });
        }
        asked.answer(app, request, rows, |shown| &shown.session.id, Clone::clone)
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
