//! `/account` and the pages below it: people look after their own accounts, by the same rules as at the API. Who is not signed
//! in is asked to, and comes back here.

mod acts;
mod lists;

use std::sync::Arc;

use http::header::CONTENT_SECURITY_POLICY;
use http::{Method, StatusCode};
use minijinja::{Value, context};
use poem::{Endpoint, Request, RequestBody, Response};
use url::form_urlencoded;

use super::forms;
use super::render::Reader;
use crate::accounts::browser;
use crate::app::App;
use crate::failure::Outcome;
use crate::http::authorization::{SIGN_IN, see_other};
use crate::http::context::{address, origin, settle};
use crate::http::cookies;
use crate::http::reply::Manner;
use crate::limits;
use crate::protocol::members::FieldFault;
use crate::secret::{Plain, SessionSecret};
use crate::store::sessions::SessionStanding;

pub const ACCOUNT: &str = "/account";
/// With which providers somebody signs in.
pub const LINKED: &str = "/account/linked";

#[derive(Clone)]
pub struct AccountPage {
    app: Arc<App>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Profile,
    Email,
    Password,
    Sessions,
    Apps,
    Linked,
    Close,
    SignOut,
}

/// The pages in the order in which they are offered: the path, the template, the name.
const PAGES: [(Kind, &str, &str, &str); 7] = [
    (Kind::Profile, ACCOUNT, "account.html", "account.profile"),
    (Kind::Email, "/account/email", "account_email.html", "account.email"),
    (Kind::Password, "/account/password", "account_password.html", "account.password"),
    (Kind::Sessions, "/account/sessions", "account_sessions.html", "account.sessions"),
    (Kind::Apps, "/account/apps", "account_apps.html", "account.apps"),
    (Kind::Linked, LINKED, "account_linked.html", "account.linked"),
    (Kind::Close, "/account/close", "account_close.html", "account.close"),
];

/// Where somebody who has no password shows by signing in once more that the account is theirs.
pub const SIGNS_IN_AGAIN: [&str; 3] = ["/account/email", LINKED, "/account/close"];

const SIGN_OUT: &str = "/account/sign-out";

/// What a page says to have been done, when it is named in the query.
const DONE: [(&str, &str); 9] = [
    ("profile", "account.done_profile"),
    ("email", "account.done_email"),
    ("email-asked", "account.done_email_asked"),
    ("password", "account.done_password"),
    ("session", "account.done_session"),
    ("others", "account.done_others"),
    ("app", "account.done_app"),
    ("linked", "account.done_linked"),
    ("unlinked", "account.done_unlinked"),
];

/// The pages and their paths; signing out is no page, and only sent.
pub fn account(app: &Arc<App>) -> (Vec<(&'static str, AccountPage)>, (&'static str, AccountPage)) {
    let page = |kind| AccountPage { app: Arc::clone(app), kind };
    let pages = PAGES.iter().map(|(kind, path, _, _)| (*path, page(*kind))).collect();
    (pages, (SIGN_OUT, page(Kind::SignOut)))
}

impl Endpoint for AccountPage {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let (request, mut body) = request.split();
        let answer = self.answer(&request, &mut body).await;
        Ok(settle(answer, Manner::Page, &request, &self.app))
    }
}

impl AccountPage {
    async fn answer(&self, request: &Request, body: &mut RequestBody) -> Outcome<Response> {
        let (app, now) = (&self.app, self.app.clock.now());
        limits::api_call_from(app, address(request), now).await?;
        let secret = cookies::read::<SessionSecret>(app, request);
        let standing = browser::used(app, secret.as_ref(), now).await?;
        let Some((secret, standing)) = secret.zip(standing) else {
            return see_other(&format!("{}{}", app.config.issuer.endpoint(SIGN_IN), Reader::locales(request)));
        };
        let visit = Visit { app, request, secret, standing };
        if *request.method() != Method::POST {
            return visit.show(self.kind, StatusCode::OK, context! {}, &[]).await;
        }
        let mut form = forms::read(app, request, body).await?;
        let mark = form.optional_text("form").unwrap_or_default();
        if !forms::has_mark(app, &visit.secret, &["account"], &mark) {
            return Err(forms::foreign());
        }
        visit.act(self.kind, form, &origin(request), now).await
    }
}

/// Somebody who is signed in, at one of the pages.
struct Visit<'a> {
    app: &'a App,
    request: &'a Request,
    secret: Plain<SessionSecret>,
    standing: SessionStanding,
}

impl Visit<'_> {
    fn reader(&self) -> Reader<'_> {
        Reader::of(self.app, self.request)
    }

    /// A page, with what was filled in and what is wrong with it.
    async fn show(&self, kind: Kind, status: StatusCode, filled: Value, faults: &[FieldFault]) -> Outcome<Response> {
        let reader = self.reader();
        let Some((_, _, template, _)) = PAGES.iter().find(|(each, ..)| *each == kind) else {
            return see_other(&self.app.config.issuer.endpoint(ACCOUNT));
        };
        let upstreams = self.app.directory.upstreams().await?;
        let (own, leads_to) = self.values(kind, &reader, faults, &upstreams).await?;
        let offered: Vec<Value> = PAGES
            .iter()
            // Where there is nobody to sign in with, nothing is said of it.
            .filter(|(each, ..)| *each != Kind::Linked || !upstreams.is_empty())
            .map(|(each, path, _, name)| context! { path => *path, name => reader.say(name), here => *each == kind })
            .collect();
        let values = context! {
            pages => offered,
            username => self.standing.username.as_str(),
            form => forms::mark(self.app, &self.secret, &["account"]),
            done => self.done().map(|key| reader.say(key)),
            locales => Reader::locales(self.request),
            // What was filled in goes before what is stored.
            ..context! { ..filled, ..own }
        };
        let mut response = reader.page(status, template, values)?;
        if !leads_to.is_empty() {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, reader.policy_with(String::new(), &leads_to));
        }
        Ok(response)
    }

    /// What was done just before.
    fn done(&self) -> Option<&'static str> {
        let query = self.request.uri().query().filter(|_| *self.request.method() != Method::POST)?;
        let (_, done) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "done")?;
        DONE.iter().find(|(name, _)| *name == done).map(|(_, key)| *key)
    }
}
