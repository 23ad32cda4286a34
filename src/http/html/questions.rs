//! `/login` and `/consent`: what a user is asked before a client gets a code. The client's request is in the query all the way, and
//! each page judges it anew; so no form leads anywhere but where that request may be answered.

use std::sync::Arc;

use http::header::SET_COOKIE;
use http::{Method, StatusCode};
use minijinja::{Value, context};
use poem::{Endpoint, Request, RequestBody, Response};

use super::forms;
use super::render::{page_on_the_way, sentence};
use crate::accounts::{self, SignedIn, browser};
use crate::app::App;
use crate::audit::{Actor, By};
use crate::authorize::{self, Next};
use crate::failure::{Failure, Outcome, Reason};
use crate::http::authorization::{CONSENT, PATH, Pending, SIGN_IN, here};
use crate::http::context::{origin, request_id, settle};
use crate::http::cookies;
use crate::http::reply::{self, Manner};
use crate::protocol::authorization::query_after_sign_in;
use crate::protocol::error::ErrorCode;
use crate::protocol::scope::ScopeSet;
use crate::secret::{FormSecret, Password, Plain, SessionSecret};
use crate::store::sessions::SessionStanding;

/// A page that asks, by `GET`, and takes the answer, by `POST`.
#[derive(Clone)]
pub struct Question {
    app: Arc<App>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    SignIn,
    Consent,
}

/// The pages and their paths.
pub fn questions(app: &Arc<App>) -> [(&'static str, Question); 2] {
    [(SIGN_IN, Kind::SignIn), (CONSENT, Kind::Consent)]
        .map(|(path, kind)| (path, Question { app: Arc::clone(app), kind }))
}

impl Endpoint for Question {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let (request, mut body) = request.split();
        let answer = self.answer(&request, &mut body).await;
        Ok(settle(answer, Manner::Page, &request, &self.app))
    }
}

impl Question {
    async fn answer(&self, request: &Request, body: &mut RequestBody) -> Outcome<Response> {
        let pending = Pending::read(&self.app, request).await?;
        match (self.kind, request.method() == Method::POST) {
            (Kind::SignIn, false) => self.ask_to_sign_in(request, &pending).await,
            (Kind::SignIn, true) => self.sign_in(request, body, &pending).await,
            (Kind::Consent, false) => self.ask_for_consent(request, &pending).await,
            (Kind::Consent, true) => self.take_consent(request, body, &pending).await,
        }
    }

    async fn ask_to_sign_in(&self, request: &Request, pending: &Pending) -> Outcome<Response> {
        let app = &self.app;
        let asked = match authorize::read(app, &pending.trusted.client, &pending.params).await {
            Ok(asked) => asked,
            Err(failure) => return pending.refuse(app, request, failure),
        };
        let known = cookies::read::<FormSecret>(app, request);
        let cookie = known.clone().unwrap_or_else(Plain::generate);
        let hint = asked.login_hint.unwrap_or_default();
        let mut response = self.show_sign_in(StatusCode::OK, pending, &cookie, &hint, None)?;
        if let (None, Some(value)) = (known, cookies::set(app, &cookie)) {
            response.headers_mut().append(SET_COOKIE, value);
        }
        Ok(response)
    }

    async fn sign_in(&self, request: &Request, body: &mut RequestBody, pending: &Pending) -> Outcome<Response> {
        let app = &self.app;
        let mut form = forms::read(app, request, body).await?;
        let mark = form.optional_text("form").unwrap_or_default();
        let cookie = cookies::read::<FormSecret>(app, request).ok_or_else(forms::foreign)?;
        if !forms::has_mark(app, &cookie, &["sign in", &pending.query], &mark) {
            return Err(forms::foreign());
        }
        let (name, password) = (form.text("username"), form.secret::<Password>("password"));
        let again = |wrong| self.show_sign_in(StatusCode::UNPROCESSABLE_ENTITY, pending, &cookie, &name, Some(wrong));
        if form.finish().is_err() {
            return again("Both the name and the password are needed.".to_owned());
        }
        match self.signed_in(request, pending, &name, &password).await {
            Ok(secret) => {
                let mut response = here(app, PATH, &query_after_sign_in(&pending.params))?;
                if let Some(value) = cookies::set(app, &secret) {
                    response.headers_mut().append(SET_COOKIE, value);
                }
                Ok(response)
            }
            Err(Failure::Refused(refused)) if refused.code == ErrorCode::InvalidGrant => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                let (_, about) = reply::told(refused.into(), status, &request_id(request), &app.counters);
                again(sentence(&about))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Who was overtaken by somebody else while the password was checked is looked at once more, as at the token endpoint.
    async fn signed_in(
        &self,
        request: &Request,
        pending: &Pending,
        name: &str,
        password: &Plain<Password>,
    ) -> Outcome<Plain<SessionSecret>> {
        match self.attempt(request, pending, name, password).await {
            Err(Failure::Refused(refused)) if refused.reason == Reason::SignInOvertaken => {
                self.attempt(request, pending, name, password).await
            }
            done => done,
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        pending: &Pending,
        name: &str,
        password: &Plain<Password>,
    ) -> Outcome<Plain<SessionSecret>> {
        let (app, origin, now) = (&self.app, origin(request), self.app.clock.now());
        let client_id = &pending.trusted.client.id;
        let user: SignedIn = accounts::sign_in(app, name, password, client_id, &origin, now).await?;
        browser::begin(app, user, pending.secret.as_ref(), client_id, &origin, now).await
    }

    async fn ask_for_consent(&self, request: &Request, pending: &Pending) -> Outcome<Response> {
        let next = pending.proceed(&self.app, request, None).await;
        match (next, signed_in(pending)) {
            (Ok(Next::Ask(scope)), Some((secret, session))) => {
                self.show_consent(pending, secret, session, &scope).await
            }
            (next, _) => pending.lead(&self.app, request, next),
        }
    }

    async fn take_consent(&self, request: &Request, body: &mut RequestBody, pending: &Pending) -> Outcome<Response> {
        let app = &self.app;
        let mut form = forms::read(app, request, body).await?;
        let mut text = |name| form.optional_text(name).unwrap_or_default();
        let (mark, shown, decision) = (text("form"), text("shown"), text("decision"));
        let (secret, session) = signed_in(pending).ok_or_else(forms::foreign)?;
        if form.finish().is_err() || !forms::has_mark(app, secret, &["consent", &pending.query], &mark) {
            return Err(forms::foreign());
        }
        if decision != "allow" {
            let by = By { actor: Actor::User(&session.session.user_id), origin: origin(request) };
            let refused = authorize::refused_by_user(app, &pending.trusted.client, &by, app.clock.now()).await?;
            return pending.refuse(app, request, refused);
        }
        let was_shown =
            |scope: &ScopeSet| forms::has_mark(app, secret, &["scopes", &pending.query, &scope.to_string()], &shown);
        match pending.proceed(app, request, Some(&was_shown)).await {
            // It is not what the user saw.
            Ok(Next::Ask(_)) => Err(forms::foreign()),
            next => pending.lead(app, request, next),
        }
    }

    fn show_sign_in(
        &self,
        status: StatusCode,
        pending: &Pending,
        cookie: &Plain<FormSecret>,
        username: &str,
        wrong: Option<String>,
    ) -> Outcome<Response> {
        let form = forms::mark(&self.app, cookie, &["sign in", &pending.query]);
        let values = context! { username, wrong, form };
        self.page(status, "sign_in.html", pending, values)
    }

    async fn show_consent(
        &self,
        pending: &Pending,
        secret: &Plain<SessionSecret>,
        session: &SessionStanding,
        scope: &ScopeSet,
    ) -> Outcome<Response> {
        let app = &self.app;
        let scopes: Vec<Value> = authorize::shown(app, scope)
            .await?
            .into_iter()
            .map(|shown| context! { name => shown.name, about => shown.about })
            .collect();
        let values = context! {
            username => session.username.as_str(),
            scopes,
            place => pending.trusted.addressed.redirect_uri.place(),
            form => forms::mark(app, secret, &["consent", &pending.query]),
            shown => forms::mark(app, secret, &["scopes", &pending.query, &scope.to_string()]),
        };
        self.page(StatusCode::OK, "consent.html", pending, values)
    }

    fn page(&self, status: StatusCode, template: &str, pending: &Pending, values: Value) -> Outcome<Response> {
        let values = context! {
            service => self.app.mail.service_name(),
            client => pending.trusted.client.name.as_str(),
            query => pending.query.as_str(),
            ..values
        };
        page_on_the_way(status, template, values, &pending.trusted.addressed.redirect_uri)
    }
}

/// The cookie and what it stands for.
fn signed_in(pending: &Pending) -> Option<(&Plain<SessionSecret>, &SessionStanding)> {
    pending.secret.as_ref().zip(pending.session.as_ref())
}
