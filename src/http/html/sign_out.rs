//! `/logout`: whether somebody wants to sign out, where no client has shown who is meant.

use std::sync::Arc;

use http::{Method, StatusCode};
use minijinja::context;
use poem::{Endpoint, Request, RequestBody, Response};

use super::forms;
use super::render::Reader;
use crate::app::App;
use crate::failure::Outcome;
use crate::http::authorization::here;
use crate::http::context::settle;
use crate::http::logout::{Departure, SIGN_OUT};
use crate::http::reply::Manner;
use crate::secret::{Plain, SessionSecret};
use crate::store::sessions::SessionStanding;

/// A page that asks, by `GET`, and takes the answer, by `POST`.
#[derive(Clone)]
pub struct SignOut {
    app: Arc<App>,
}

/// The page and its path.
pub fn sign_out(app: &Arc<App>) -> (&'static str, SignOut) {
    (SIGN_OUT, SignOut { app: Arc::clone(app) })
}

/// The page that says that it is done.
pub fn signed_out(app: &App, request: &Request) -> Outcome<Response> {
    Reader::of(app, request).told("sign_out.done_title", "sign_out.close")
}

impl Endpoint for SignOut {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let (request, mut body) = request.split();
        let answer = self.answer(&request, &mut body).await;
        Ok(settle(answer, Manner::Page, &request, &self.app))
    }
}

impl SignOut {
    async fn answer(&self, request: &Request, body: &mut RequestBody) -> Outcome<Response> {
        let departure = Departure::read(&self.app, request).await?;
        match &departure.session {
            Some((secret, _)) if *request.method() == Method::POST => {
                self.take(request, body, &departure, secret).await
            }
            Some((secret, session)) => self.ask(request, &departure, secret, session),
            // Browsers keep the cookie from what another page sends; with the same by GET it comes.
            None if *request.method() == Method::POST => here(&self.app, SIGN_OUT, &departure.query),
            None => departure.done(&self.app, request),
        }
    }

    async fn take(
        &self,
        request: &Request,
        body: &mut RequestBody,
        departure: &Departure,
        secret: &Plain<SessionSecret>,
    ) -> Outcome<Response> {
        let app = &self.app;
        let mut form = forms::read(app, request, body).await?;
        let mut text = |name| form.optional_text(name).unwrap_or_default();
        let (mark, decision) = (text("form"), text("decision"));
        if form.finish().is_err() || !forms::has_mark(app, secret, &["sign out", &departure.query], &mark) {
            return Err(forms::foreign());
        }
        match decision.as_str() {
            "leave" => departure.leave(app, request, false).await,
            "everywhere" => departure.leave(app, request, true).await,
            _ => Reader::of(app, request).told("sign_out.stayed_title", "sign_out.close"),
        }
    }

    fn ask(
        &self,
        request: &Request,
        departure: &Departure,
        secret: &Plain<SessionSecret>,
        session: &SessionStanding,
    ) -> Outcome<Response> {
        let (app, leaving) = (&self.app, &departure.leaving);
        let reader = Reader::of(app, request);
        let reader = match &leaving.client {
            Some(client) => reader.about(client),
            None => reader,
        };
        let values = context! {
            username => session.username.as_str(),
            client => leaving.client.as_ref().map(|client| client.name.as_str()),
            client_logo => reader.client_logo(),
            query => departure.query.as_str(),
            form => forms::mark(app, secret, &["sign out", &departure.query]),
        };
        match &leaving.back_to {
            Some(uri) => reader.page_on_the_way(StatusCode::OK, "sign_out.html", values, uri),
            None => reader.page(StatusCode::OK, "sign_out.html", values),
        }
    }
}
