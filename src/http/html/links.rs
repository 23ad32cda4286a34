//! `/verify-email`, `/reset-password` and `/forgot-password`.

use std::sync::Arc;

use http::{Method, StatusCode};
use minijinja::context;
use poem::{Endpoint, Request, RequestBody, Response};
use url::form_urlencoded;

use super::forms;
use super::render::Reader;
use crate::accounts::{names, recovery};
use crate::app::App;
use crate::failure::{Failure, Outcome};
use crate::http::context::{address, origin, request_id, settle};
use crate::http::reply::{self, Manner};
use crate::limits;
use crate::protocol::members::{FieldFault, Members};
use crate::secret::{OneTimeToken, Password, Plain};

/// A page with one form, which `GET` shows and `POST` sends.
#[derive(Clone)]
pub struct Page {
    app: Arc<App>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    VerifyEmail,
    ResetPassword,
    ForgotPassword,
}

/// The pages and their paths.
pub fn pages(app: &Arc<App>) -> [(&'static str, Page); 3] {
    let kinds = [
        ("/verify-email", Kind::VerifyEmail),
        ("/reset-password", Kind::ResetPassword),
        ("/forgot-password", Kind::ForgotPassword),
    ];
    kinds.map(|(path, kind)| (path, Page { app: Arc::clone(app), kind }))
}

impl Endpoint for Page {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let (request, mut body) = request.split();
        let answer = self.answer(&request, &mut body).await;
        Ok(settle(answer, Manner::Page, &request, &self.app))
    }
}

impl Page {
    async fn answer(&self, request: &Request, body: &mut RequestBody) -> Outcome<Response> {
        let app = &self.app;
        limits::api_call_from(app, address(request), app.clock.now()).await?;
        if *request.method() != Method::POST {
            return self.show(request).await;
        }
        let mut form = forms::read(app, request, body).await?;
        match self.kind {
            Kind::VerifyEmail => self.confirm(request, &mut form).await,
            Kind::ResetPassword => self.set_password(request, &mut form).await,
            Kind::ForgotPassword => self.send_link(request, &mut form).await,
        }
    }

    async fn show(&self, request: &Request) -> Outcome<Response> {
        let (app, token) = (&self.app, token_of(request));
        match self.kind {
            Kind::VerifyEmail => {
                let email = recovery::address_to_confirm(app, &token, app.clock.now()).await?;
                let values = context! { email, token => token.reveal() };
                Reader::of(app, request).page(StatusCode::OK, "confirm_email.html", values)
            }
            Kind::ResetPassword => {
                let name = recovery::name_to_reset(app, &token, app.clock.now()).await?;
                self.ask_for_password(request, StatusCode::OK, &token, &name, &[])
            }
            Kind::ForgotPassword => self.ask_for_address(request, StatusCode::OK, "", &[]),
        }
    }

    async fn confirm(&self, request: &Request, form: &mut Members) -> Outcome<Response> {
        let app = &self.app;
        let token = form.secret::<OneTimeToken>("token");
        form.finish()?;
        recovery::verify_email(app, &token, &origin(request), app.clock.now()).await?;
        Reader::of(app, request).told("confirm.done_title", "confirm.done")
    }

    async fn set_password(&self, request: &Request, form: &mut Members) -> Outcome<Response> {
        let app = &self.app;
        let token = form.secret::<OneTimeToken>("token");
        let password = form.secret::<Password>("password");
        let again = form.secret::<Password>("again");
        // What fills in passwords may fill in the name, too.
        form.ignore("username");
        let now = app.clock.now();
        let name = recovery::name_to_reset(app, &token, now).await?;
        if password != again {
            form.wrong("again", "is not the same");
        }
        let done = match form.finish() {
            Ok(()) => recovery::reset_password(app, &token, &password, &origin(request), now).await,
            Err(faults) => Err(faults.into()),
        };
        match done {
            Ok(()) => Reader::of(app, request).told("reset.done_title", "reset.done"),
            Err(failure) => {
                let faults = faults_of(app, request, failure)?;
                self.ask_for_password(request, StatusCode::UNPROCESSABLE_ENTITY, &token, &name, &faults)
            }
        }
    }

    async fn send_link(&self, request: &Request, form: &mut Members) -> Outcome<Response> {
        let app = &self.app;
        let email = form.text("email");
        if let (false, Err(about)) = (email.is_empty(), names::check_email(email.trim())) {
            form.wrong("email", about);
        }
        if let Err(faults) = form.finish() {
            let faults = faults_of(app, request, faults.into())?;
            return self.ask_for_address(request, StatusCode::UNPROCESSABLE_ENTITY, &email, &faults);
        }
        recovery::forgot_password(app, &email, &origin(request), app.clock.now()).await?;
        Reader::of(app, request).told("forgot.done_title", "forgot.done")
    }

    fn ask_for_password(
        &self,
        request: &Request,
        status: StatusCode,
        token: &Plain<OneTimeToken>,
        name: &str,
        faults: &[FieldFault],
    ) -> Outcome<Response> {
        let reader = Reader::of(&self.app, request);
        let values = context! {
            name,
            token => token.reveal(),
            min_length => self.app.config.passwords.min_length,
            password_hint => reader.password_hint(),
            password_faults => reader.faults(faults, "password"),
            again_faults => reader.faults(faults, "again"),
        };
        reader.page(status, "reset_password.html", values)
    }

    fn ask_for_address(
        &self,
        request: &Request,
        status: StatusCode,
        email: &str,
        faults: &[FieldFault],
    ) -> Outcome<Response> {
        let reader = Reader::of(&self.app, request);
        let values = context! { email, email_faults => reader.faults(faults, "email") };
        reader.page(status, "forgot_password.html", values)
    }
}

/// The token of the link; one that is not there is not good either.
fn token_of(request: &Request) -> Plain<OneTimeToken> {
    let query = request.uri().query().unwrap_or_default();
    let mut tokens = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "token");
    Plain::presented(tokens.next().map(|(_, token)| token.into_owned()).unwrap_or_default())
}

/// What is wrong with the members of the form, counted and logged as any refusal; any other failure goes on.
pub(super) fn faults_of(app: &App, request: &Request, failure: Failure) -> Outcome<Vec<FieldFault>> {
    match failure {
        Failure::Refused(refused) if !refused.fields.is_empty() => {
            let fields = refused.fields.clone();
            reply::told(refused.into(), StatusCode::UNPROCESSABLE_ENTITY, &request_id(request), &app.counters);
            Ok(fields)
        }
        failure => Err(failure),
    }
}
