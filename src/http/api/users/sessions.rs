//! `/api/v1/admin/users/{id}/sessions`: where a user is signed in.

use std::sync::Arc;

use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::described::{SessionsEnded, SessionsListed};
use super::load;
use crate::accounts::{Session, administer, sessions};
use crate::app::App;
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

#[OpenApi(tag = "Tag::Administration")]
impl SessionsApi {
    /// List the sessions of a user
    ///
    /// At clients, and with browsers at this server itself; the newest first.
    #[oai(path = "/api/v1/admin/users/:id/sessions", method = "get", operation_id = "list_account_sessions")]
    async fn list(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        id: Path<String>,
        limit: Limit,
        after: After,
    ) -> Answer<SessionsListed> {
        settle(self.page(request, bearer, &id, limit, after).await, Manner::Problem, request, &self.app).into()
    }

    /// End all sessions of a user
    #[oai(path = "/api/v1/admin/users/:id/sessions", method = "delete", operation_id = "end_account_sessions")]
    async fn end_all(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        id: Path<String>,
    ) -> Answer<SessionsEnded> {
        settle(self.end(request, bearer, &id, None).await, Manner::Problem, request, &self.app).into()
    }

    /// End a session of a user
    #[oai(
        path = "/api/v1/admin/users/:id/sessions/:session_id",
        method = "delete",
        operation_id = "end_account_session"
    )]
    async fn end_one(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        id: Path<String>,
        session_id: Path<String>,
    ) -> Answer<SessionsEnded> {
        settle(self.end(request, bearer, &id, Some(&session_id)).await, Manner::Problem, request, &self.app).into()
    }
}

impl SessionsApi {
    async fn page(&self, request: &Request, bearer: Bearer, id: &str, limit: Limit, after: After) -> Outcome<Response> {
        let app = &self.app;
        bearer.caller(app, ApiScope::Users).await?;
        let asked = Asked::of(limit, after)?;
        let (user, _) = load(app, id).await?;
        let found = sessions::list(app, &user.id, asked.after.as_deref(), asked.rows(), app.clock.now()).await?;
        asked.answer(app, request, found, |session| &session.id, Session::clone)
    }

    async fn end(&self, request: &Request, bearer: Bearer, id: &str, session_id: Option<&str>) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Users).await?;
        let (user, _) = load(app, id).await?;
        let (authority, now) = (caller.authority(origin(request)), app.clock.now());
        match session_id {
            None => administer::end_sessions(app, &user.id, &authority, now).await?,
            Some(session) if is_id(session) => {
                administer::end_session(app, &user.id, session, &authority, now).await?;
            }
            Some(_) => return Err(not_found("there is no such session").into()),
        }
        Ok(reply::done())
    }
}
