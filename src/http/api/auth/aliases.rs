//! Paths of earlier designs: the same operations under their former names.

use std::sync::Arc;

use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use super::described::{Credentials, LoggedOut, NewUser, Renewal, SessionEnd, SignedIn, SignedUp};
use crate::app::App;
use crate::http::answer::Answer;
use crate::http::bearer::PerhapsBearer;
use crate::http::context::settle;
use crate::http::idempotency::IdempotencyKey;
use crate::http::json::JsonOrForm;
use crate::http::reply::Manner;
use crate::http::tags::Tag;

pub struct AliasesApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::People")]
impl AliasesApi {
    /// A former name of `/api/v1/auth/register`
    #[oai(path = "/api/v1/sign-up", method = "post", operation_id = "sign_up_alias", deprecated)]
    async fn sign_up(
        &self,
        request: &Request,
        #[oai(name = "Idempotency-Key")] key: IdempotencyKey,
        body: JsonOrForm<NewUser>,
    ) -> Answer<SignedUp> {
        settle(super::register(&self.app, request, key, body).await, Manner::Problem, request, &self.app).into()
    }

    /// A former name of `/api/v1/auth/login`
    #[oai(path = "/api/v1/login", method = "post", operation_id = "login_alias", deprecated)]
    async fn login(&self, request: &Request, body: JsonOrForm<Credentials>) -> Answer<SignedIn> {
        settle(super::login(&self.app, request, body).await, Manner::Problem, request, &self.app).into()
    }

    /// A former name of `/api/v1/auth/refresh`
    #[oai(path = "/api/v1/refresh", method = "post", operation_id = "refresh_alias", deprecated)]
    async fn refresh(&self, request: &Request, body: JsonOrForm<Renewal>) -> Answer<SignedIn> {
        settle(super::refresh(&self.app, request, body).await, Manner::Problem, request, &self.app).into()
    }

    /// A former name of `/api/v1/auth/logout`
    #[oai(path = "/api/v1/logout", method = "post", operation_id = "logout_alias", deprecated)]
    async fn logout(
        &self,
        request: &Request,
        bearer: PerhapsBearer,
        everywhere: Query<Option<bool>>,
        body: JsonOrForm<SessionEnd>,
    ) -> Answer<LoggedOut> {
        let answer = super::log_out(&self.app, request, bearer, everywhere.0, body).await;
        settle(answer, Manner::Problem, request, &self.app).into()
    }
}
