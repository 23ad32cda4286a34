//! `/api/v1/auth`: addresses that are to be confirmed, and passwords that were forgotten or are to be others.

use std::sync::Arc;

use http::StatusCode;
use poem::{Request, Response};
use poem_openapi::OpenApi;

use super::described::{
    Addressee, LinkToken, NewPassword, PasswordChange, PasswordChanged, PasswordSet, Sent, Verified,
};
use crate::accounts::profile::Oneself;
use crate::accounts::{names, profile, recovery};
use crate::app::App;
use crate::failure::Outcome;
use crate::http::answer::Answer;
use crate::http::api::stranger_calls;
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::json::Json;
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;
use crate::protocol::members::Members;

pub struct RecoveryApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::People")]
impl RecoveryApi {
    /// Confirm an address
    ///
    /// By the token of the link in the letter: that of the account, or one that the account gets by this.
    #[oai(path = "/api/v1/auth/verify-email", method = "post", operation_id = "verify_email")]
    async fn verify_email(&self, request: &Request, body: Json<LinkToken>) -> Answer<Verified> {
        settle(self.verify(request, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Send the letter that confirms an address once more
    ///
    /// The answer and its time are the same whether there is such an account or not.
    #[oai(path = "/api/v1/auth/verify-email/resend", method = "post", operation_id = "resend_verification")]
    async fn resend_verification(&self, request: &Request, body: Json<Addressee>) -> Answer<Sent> {
        settle(self.resend(request, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Send a letter by which a password can be set
    ///
    /// The answer and its time are the same whether there is such an account or not.
    #[oai(path = "/api/v1/auth/forgot-password", method = "post", operation_id = "forgot_password")]
    async fn forgot_password(&self, request: &Request, body: Json<Addressee>) -> Answer<Sent> {
        settle(self.forgot(request, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Set a password
    ///
    /// By the token of the link in the letter. All sessions of the user end.
    #[oai(path = "/api/v1/auth/reset-password", method = "post", operation_id = "reset_password")]
    async fn reset_password(&self, request: &Request, body: Json<NewPassword>) -> Answer<PasswordSet> {
        settle(self.reset(request, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Change your password
    ///
    /// All your other sessions end.
    #[oai(path = "/api/v1/auth/change-password", method = "post", operation_id = "change_password")]
    async fn change_password(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Account")] bearer: Bearer,
        body: Json<PasswordChange>,
    ) -> Answer<PasswordChanged> {
        settle(self.change(request, bearer, body).await, Manner::Problem, request, &self.app).into()
    }
}

impl RecoveryApi {
    async fn verify(&self, request: &Request, body: Json<LinkToken>) -> Outcome<Response> {
        let app = &self.app;
        stranger_calls(app, request).await?;
        let mut body = body.read(&app.config.server).await?;
        let token = body.secret("token");
        body.finish()?;
        recovery::verify_email(app, &token, &origin(request), app.clock.now()).await?;
        Ok(reply::done())
    }

    async fn resend(&self, request: &Request, body: Json<Addressee>) -> Outcome<Response> {
        let app = &self.app;
        stranger_calls(app, request).await?;
        let email = address(&mut body.read(&app.config.server).await?)?;
        recovery::resend_verification(app, &email, &origin(request), app.clock.now()).await?;
        Ok(StatusCode::ACCEPTED.into())
    }

    async fn forgot(&self, request: &Request, body: Json<Addressee>) -> Outcome<Response> {
        let app = &self.app;
        stranger_calls(app, request).await?;
        let email = address(&mut body.read(&app.config.server).await?)?;
        recovery::forgot_password(app, &email, &origin(request), app.clock.now()).await?;
        Ok(StatusCode::ACCEPTED.into())
    }

    async fn reset(&self, request: &Request, body: Json<NewPassword>) -> Outcome<Response> {
        let app = &self.app;
        stranger_calls(app, request).await?;
        let mut body = body.read(&app.config.server).await?;
        let (token, password) = (body.secret("token"), body.secret("password"));
        body.finish()?;
        recovery::reset_password(app, &token, &password, &origin(request), app.clock.now()).await?;
        Ok(reply::done())
    }

    async fn change(&self, request: &Request, bearer: Bearer, body: Json<PasswordChange>) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Account).await?;
        let mut body = body.read(&app.config.server).await?;
        let (current, new) = (body.secret("current_password"), body.secret("new_password"));
        body.finish()?;
        let (user_id, grant_id, origin) = (caller.user()?, caller.grant_id.as_deref(), origin(request));
        let oneself = Oneself { user_id, client_id: &caller.client_id, grant_id, session: None, origin: &origin };
        profile::change_password(app, oneself, &current, &new, app.clock.now()).await?;
        Ok(reply::done())
    }
}

/// Something to which a letter can go. That is to be seen from the text, and tells nothing of an account.
fn address(body: &mut Members) -> Outcome<String> {
    let email = body.text("email");
    if let (false, Err(about)) = (email.is_empty(), names::check_email(email.trim())) {
        body.wrong("email", about);
    }
    body.finish()?;
    Ok(email)
}
