//! `/register`: somebody makes an account, by the same rules as at the API. Where addresses must be confirmed, the answer is the
//! same whether the address is known or not.

use http::StatusCode;
use minijinja::context;
use poem::{Request, RequestBody, Response};

use super::forms;
use super::links::faults_of;
use super::render::Reader;
use super::way::{FormCookie, Way};
use crate::accounts::details::{Details, NewAccount};
use crate::accounts::{self, Registered};
use crate::app::App;
use crate::failure::Outcome;
use crate::http::context::origin;
use crate::http::cookies;
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
            Registered::Ready(_, signed_in) => self.way.sign_in(app, request, signed_in).await,
            Registered::AsksByLetter => {
                self.way.page(app, request, (StatusCode::OK, "registered.html"), context! { email => email.trim() })
            }
        }
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
