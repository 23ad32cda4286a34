//! `/register`: somebody makes an account, by the same rules as at the API. Where addresses must be confirmed, the answer is the
//! same whether the address is known or not.

use http::StatusCode;
use minijinja::context;
use poem::{Request, RequestBody, Response};
use url::form_urlencoded::Serializer;

use super::forms;
use super::links::faults_of;
use super::render::Reader;
use super::way::{FormCookie, Way};
use crate::accounts::details::{Details, NewAccount};
use crate::accounts::{self, Registered};
use crate::app::App;
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::http::authorization::{SIGN_IN, here};
use crate::http::context::{origin, request_id};
use crate::http::cookies;
use crate::http::reply;
use crate::protocol::members::FieldFault;
use crate::secret::{FormSecret, Password, Plain};

pub struct RegisterPage<'a> {
    pub app: &'a App,
    pub request: &'a Request,
    pub way: Way,
}

/// What somebody has filled in, to be shown again.
#[derive(Default)]
struct Filled {
    username: String,
    email: String,
}

impl RegisterPage<'_> {
    pub async fn answer(&self, is_sent: bool, body: &mut RequestBody) -> Outcome<Response> {
        accounts::must_be_open(self.app)?;
        if is_sent {
            return self.register(body).await;
        }
        let hint = match self.way.hint(self.app, self.request).await? {
            Ok(hint) => hint,
            Err(response) => return Ok(response),
        };
        let is_address = hint.contains('@');
        let (username, email) = if is_address { (String::new(), hint) } else { (hint, String::new()) };
        let cookie = FormCookie::of(self.app, self.request);
        let response = self.show(StatusCode::OK, &cookie.secret, &Filled { username, email }, &[])?;
        Ok(cookie.set(self.app, response))
    }

    async fn register(&self, body: &mut RequestBody) -> Outcome<Response> {
        let (app, request) = (self.app, self.request);
        let mut form = forms::read(app, request, body).await?;
        let mark = form.optional_text("form").unwrap_or_default();
        let cookie = cookies::read::<FormSecret>(app, request).ok_or_else(forms::foreign)?;
        if !forms::has_mark(app, &cookie, &["register", self.way.query()], &mark) {
            return Err(forms::foreign());
        }
        let filled = Filled { username: form.text("username"), email: form.text("email") };
        let password = form.secret::<Password>("password");
        let done = match form.finish() {
            Ok(()) => self.made(&filled, password).await,
            Err(faults) => Err(faults.into()),
        };
        match done {
            Ok(response) => Ok(response),
            Err(failure) => {
                let faults = faults_of(app, request, failure)?;
                self.show(StatusCode::UNPROCESSABLE_ENTITY, &cookie, &filled, &faults)
            }
        }
    }

    async fn made(&self, filled: &Filled, password: Plain<Password>) -> Outcome<Response> {
        let (app, request) = (self.app, self.request);
        let Filled { username, email } = filled;
        let account =
            NewAccount { username: username.clone(), email: email.trim().to_owned(), details: Details::default() };
        match accounts::register(app, account, password, &origin(request), app.clock.now()).await? {
            Registered::Ready(_, signed_in) => match self.way.sign_in(app, request, signed_in).await {
                Err(Failure::Refused(refused)) if refused.reason == Reason::SignInOvertaken => self.to_sign_in(refused),
                done => done,
            },
            Registered::AsksByLetter => {
                self.way.page(app, request, (StatusCode::OK, "registered.html"), context! { email => email.trim() })
            }
        }
    }

    /// The account is there, and was changed before its owner was signed in: whoever that is signs in by it.
    fn to_sign_in(&self, refused: Refused) -> Outcome<Response> {
        let mut said = Serializer::new(self.way.query().to_owned());
        said.append_pair("failed", refused.reason.as_str());
        let query = said.finish();
        reply::told(refused.into(), StatusCode::SEE_OTHER, &request_id(self.request), &self.app.counters);
        here(self.app, SIGN_IN, query.trim_start_matches('&'))
    }

    fn show(
        &self,
        status: StatusCode,
        cookie: &Plain<FormSecret>,
        filled: &Filled,
        faults: &[FieldFault],
    ) -> Outcome<Response> {
        let reader = Reader::of(self.app, self.request);
        let values = context! {
            form => forms::mark(self.app, cookie, &["register", self.way.query()]),
            username => filled.username.as_str(),
            email => filled.email.as_str(),
            min_length => self.app.config.passwords.min_length,
            password_hint => reader.password_hint(),
            username_faults => reader.faults(faults, "username"),
            email_faults => reader.faults(faults, "email"),
            password_faults => reader.faults(faults, "password"),
        };
        self.way.page(self.app, self.request, (status, "register.html"), values)
    }
}
