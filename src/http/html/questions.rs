//! `/login` and `/consent`: what a user is asked before a client gets a code. The client's request is in the query all the way, and
//! each page judges it anew; so no form leads anywhere but where that request may be answered.

use std::sync::Arc;

use http::{Method, StatusCode};
use minijinja::context;
use poem::{Endpoint, Request, RequestBody, Response};

use super::forms;
use super::register::RegisterPage;
use super::render::Reader;
use super::sign_in::SignInPage;
use super::way::Way;
use crate::app::App;
use crate::audit::{Actor, By};
use crate::authorize::{self, Next};
use crate::failure::Outcome;
use crate::http::authorization::{CONSENT, Pending, REGISTER, SIGN_IN};
use crate::http::context::{origin, settle};
use crate::http::reply::Manner;
use crate::protocol::scope::ScopeSet;
use crate::secret::{Plain, SessionSecret};
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
    Register,
    Consent,
}

/// The pages and their paths.
pub fn questions(app: &Arc<App>) -> [(&'static str, Question); 3] {
    [(SIGN_IN, Kind::SignIn), (REGISTER, Kind::Register), (CONSENT, Kind::Consent)]
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
        let (app, is_sent) = (&self.app, request.method() == Method::POST);
        match self.kind {
            Kind::SignIn => {
                SignInPage { app, request, way: Way::read(app, request).await? }.answer(is_sent, body).await
            }
            Kind::Register => {
                let page = RegisterPage { app, request, way: Way::read(app, request).await? };
                page.answer(is_sent, body).await
            }
            Kind::Consent => {
                let pending = Pending::read(app, request).await?;
                if is_sent {
                    self.take_consent(request, body, &pending).await
                } else {
                    self.ask_for_consent(request, &pending).await
                }
            }
        }
    }

    async fn ask_for_consent(&self, request: &Request, pending: &Pending) -> Outcome<Response> {
        let next = pending.proceed(&self.app, request, None).await;
        match (next, signed_in(pending)) {
            (Ok(Next::Ask(scope)), Some((secret, session))) => {
                self.show_consent(request, pending, (secret, session), &scope).await
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

    async fn show_consent(
        &self,
        request: &Request,
        pending: &Pending,
        (secret, session): (&Plain<SessionSecret>, &SessionStanding),
        scope: &ScopeSet,
    ) -> Outcome<Response> {
        let client = &pending.trusted.client;
        let (app, reader) = (&self.app, Reader::of(&self.app, request).about(client));
        let shown = authorize::shown(app, scope).await?;
        let scopes: Vec<String> = shown.iter().map(|shown| reader.scope(&shown.name, &shown.about)).collect();
        let values = context! {
            client => client.name.as_str(),
            client_logo => reader.client_logo(),
            query => pending.query.as_str(),
            username => session.username.as_str(),
            scopes,
            place => pending.trusted.addressed.redirect_uri.place(),
            policy => client.policy_uri(),
            terms => client.tos_uri(),
            form => forms::mark(app, secret, &["consent", &pending.query]),
            shown => forms::mark(app, secret, &["scopes", &pending.query, &scope.to_string()]),
        };
        let to = &pending.trusted.addressed.redirect_uri;
        reader.page_on_the_way(StatusCode::OK, "consent.html", values, to)
    }
}

/// The cookie and what it stands for.
fn signed_in(pending: &Pending) -> Option<(&Plain<SessionSecret>, &SessionStanding)> {
    pending.secret.as_ref().zip(pending.session.as_ref())
}
