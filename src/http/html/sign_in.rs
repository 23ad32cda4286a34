//! `/login`: who is it? Whatever is wrong, the answer is the same.

use http::StatusCode;
use minijinja::{Value, context};
use poem::{Request, RequestBody, Response};

use super::render::Reader;
use super::way::{FormCookie, Way};
use super::{elsewhere, forms};
use crate::accounts;
use crate::app::App;
use crate::directory::Upstream;
use crate::failure::{Failure, Outcome, Reason};
use crate::http::context::{origin, request_id};
use crate::http::cookies;
use crate::http::reply;
use crate::protocol::error::ErrorCode;
use crate::secret::{FormSecret, Password, Plain};

pub struct SignInPage<'a> {
    pub app: &'a App,
    pub request: &'a Request,
    pub way: Way,
}

impl SignInPage<'_> {
    pub async fn answer(&self, is_sent: bool, body: &mut RequestBody) -> Outcome<Response> {
        if is_sent {
            return self.sign_in(body).await;
        }
        let hint = match self.way.hint(self.app, self.request).await? {
            Ok(hint) => hint,
            Err(response) => return Ok(response),
        };
        let cookie = FormCookie::of(self.app, self.request);
        let upstreams = self.app.directory.upstreams().await?;
        let wrong = elsewhere::failed(&Reader::of(self.app, self.request), self.request, &upstreams);
        let response = self.show(StatusCode::OK, &cookie.secret, &hint, wrong, &upstreams)?;
        Ok(cookie.set(self.app, response))
    }

    async fn sign_in(&self, body: &mut RequestBody) -> Outcome<Response> {
        let (app, request) = (self.app, self.request);
        let mut form = forms::read(app, request, body).await?;
        let mark = form.optional_text("form").unwrap_or_default();
        let cookie = cookies::read::<FormSecret>(app, request).ok_or_else(forms::foreign)?;
        if !forms::has_mark(app, &cookie, &["sign in", self.way.query()], &mark) {
            return Err(forms::foreign());
        }
        let (name, password) = (form.text("username"), form.secret::<Password>("password"));
        let upstreams = app.directory.upstreams().await?;
        let again = |wrong| {
            let wrong = Reader::of(app, request).say(wrong);
            self.show(StatusCode::UNPROCESSABLE_ENTITY, &cookie, &name, Some(wrong), &upstreams)
        };
        if form.finish().is_err() {
            return again("sign_in.both_needed");
        }
        match self.signed_in(&name, &password).await {
            Err(Failure::Refused(refused)) if refused.code == ErrorCode::InvalidGrant => {
                let wrong = why_not(app, refused.reason);
                reply::told(refused.into(), StatusCode::UNPROCESSABLE_ENTITY, &request_id(request), &app.counters);
                again(wrong)
            }
            done => done,
        }
    }

    /// Who was overtaken by somebody else while the password was checked is looked at once more, as at the token endpoint.
    async fn signed_in(&self, name: &str, password: &Plain<Password>) -> Outcome<Response> {
        match self.attempt(name, password).await {
            Err(Failure::Refused(refused)) if refused.reason == Reason::SignInOvertaken => {
                self.attempt(name, password).await
            }
            done => done,
        }
    }

    async fn attempt(&self, name: &str, password: &Plain<Password>) -> Outcome<Response> {
        let (app, origin, now) = (self.app, origin(self.request), self.app.clock.now());
        let user = accounts::sign_in(app, name, password, self.way.client_id(), &origin, now).await?;
        self.way.sign_in(app, self.request, user).await
    }

    fn show(
        &self,
        status: StatusCode,
        cookie: &Plain<FormSecret>,
        username: &str,
        wrong: Option<String>,
        upstreams: &[Upstream],
    ) -> Outcome<Response> {
        let form = forms::mark(self.app, cookie, &["sign in", self.way.query()]);
        let enabled: Vec<&Upstream> = upstreams.iter().filter(|upstream| upstream.description.enabled).collect();
        let others: Vec<Value> = enabled
            .iter()
            .map(|upstream| context! { name => upstream.name.as_str(), label => upstream.description.label.as_str() })
            .collect();
        let values = context! { username, wrong, form, others };
        let response = self.way.page(self.app, self.request, (status, "sign_in.html"), values)?;
        Ok(self.way.lets_go_to(self.app, self.request, &enabled, response))
    }
}

/// What is said of a sign-in that was refused: no more than whoever calls the API is told.
pub(super) fn why_not(app: &App, reason: Reason) -> &'static str {
    match reason {
        Reason::PasswordResetDue => "sign_in.reset_due",
        Reason::SignInOvertaken => "sign_in.overtaken",
        _ if app.config.accounts.require_verified_email => "sign_in.wrong_or_unconfirmed",
        _ => "sign_in.wrong",
    }
}
