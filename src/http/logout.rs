//! The end session endpoint — OpenID Connect RP-Initiated Logout 1.0 §2. Where nobody needs to be asked it logs out itself;
//! otherwise it leads to a page that asks.

use std::sync::Arc;

use http::header::SET_COOKIE;
use poem::{Request, Response};
use poem_openapi::{Object, OpenApi};

use super::answer::{Answer, Described, Empty};
use super::authorization::{LONGEST_QUERY, here, see_other};
use super::body::malformed;
use super::context::{address, origin, settle};
use super::cookies;
use super::form::Form;
use super::html;
use super::reply::Manner;
use super::tags::Tag;
use crate::accounts::browser;
use crate::app::App;
use crate::failure::Outcome;
use crate::limits;
use crate::logout::{self, Leaving};
use crate::protocol::logout::query;
use crate::protocol::params::Params;
use crate::secret::{Plain, SessionSecret};
use crate::store::sessions::SessionStanding;

pub const PATH: &str = "/oauth2/logout";
/// The page that asks.
pub const SIGN_OUT: &str = "/logout";

/// The parameters of a logout request; all may be left out.
#[derive(Object)]
struct LogoutForm {
    /// An ID token of whoever is to be logged out; it may have expired. With it nobody is asked.
    id_token_hint: Option<String>,
    /// The client's id, where there is no ID token.
    client_id: Option<String>,
    /// Where the browser goes afterwards: one that the client registered, byte by byte.
    post_logout_redirect_uri: Option<String>,
    /// Comes back with the browser.
    state: Option<String>,
    /// Accepted; whoever is signed in with the browser is the one who leaves.
    logout_hint: Option<String>,
    /// The languages that the user would like, the best first.
    ui_locales: Option<String>,
}

struct Logout;
impl Described for Logout {
    type Body = Empty;
    const STATUS: u16 = 303;
    const SUCCESS: &'static str = "Back to the client, or to a page that asks";
    const MANNER: Manner = Manner::Page;
    const FAILURES: &'static [(u16, &'static str)] = &[
        (400, "The client, its ID token or the URI is not known, so that nobody is sent anywhere"),
        (413, "The form is too large"),
        (429, "Too many calls; wait"),
    ];
    const HEADERS: &'static [(&'static str, &'static str)] = &[("Location", "Where to")];
    const OTHERS: &'static [(u16, &'static str)] = &[(200, "A page that says that it is done")];
}

pub struct LogoutApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::OAuth")]
impl LogoutApi {
    /// Log a user out
    ///
    /// OpenID Connect RP-Initiated Logout 1.0. A browser comes here with the request in the query. With an ID token of
    /// whoever is signed in they are logged out at once; otherwise they are asked.
    #[oai(path = "/oauth2/logout", method = "get", operation_id = "endSession")]
    async fn logout(&self, request: &Request) -> Answer<Logout> {
        settle(answer(&self.app, request).await, Manner::Page, request, &self.app).into()
    }

    /// Log a user out, by a form
    ///
    /// Leads to the same request by GET, with which browsers send their cookie along.
    #[oai(path = "/oauth2/logout", method = "post", operation_id = "endSessionByForm")]
    async fn logout_by_form(&self, request: &Request, form: Form<LogoutForm>) -> Answer<Logout> {
        settle(self.by_form(request, form).await, Manner::Page, request, &self.app).into()
    }
}

impl LogoutApi {
    async fn by_form(&self, request: &Request, form: Form<LogoutForm>) -> Outcome<Response> {
        let app = &self.app;
        limits::api_call_from(app, address(request), app.clock.now()).await?;
        here(app, PATH, &query(&form.read(&app.config.server).await?))
    }
}

async fn answer(app: &App, request: &Request) -> Outcome<Response> {
    let departure = Departure::read(app, request).await?;
    match &departure.session {
        Some((_, session)) if departure.leaving.means(app, session) => departure.leave(app, request, false).await,
        Some(_) => here(app, SIGN_OUT, &departure.query),
        None => departure.done(app, request),
    }
}

/// A request to log out, and who is signed in with the browser that it came with.
pub struct Departure {
    pub leaving: Leaving,
    /// Itself, as a query.
    pub query: String,
    pub session: Option<(Plain<SessionSecret>, SessionStanding)>,
}

impl Departure {
    pub async fn read(app: &App, request: &Request) -> Outcome<Self> {
        let now = app.clock.now();
        limits::api_call_from(app, address(request), now).await?;
        let text = request.uri().query().unwrap_or_default();
        if text.len() > LONGEST_QUERY {
            return Err(malformed("the request is too long"));
        }
        let params = Params::parse(text.as_bytes())?;
        let leaving = logout::read(app, &params).await?;
        let secret = cookies::read::<SessionSecret>(app, request);
        let session = browser::session(app, secret.as_ref(), now).await?;
        Ok(Self { leaving, query: query(&params), session: secret.zip(session) })
    }

    /// Ends the session, or all that its user granted.
    pub async fn leave(&self, app: &App, request: &Request, everywhere: bool) -> Outcome<Response> {
        if let Some((_, session)) = &self.session {
            let origin = origin(request);
            logout::end(app, &self.leaving, session, everywhere, &origin, app.clock.now()).await?;
        }
        self.done(app, request)
    }

    /// Nobody is signed in with this browser any more. Whoever was not leaves by no client that nobody knows: that would be a way
    /// from here to anywhere.
    pub fn done(&self, app: &App, request: &Request) -> Outcome<Response> {
        let is_strange = self.leaving.client.as_ref().is_some_and(|client| client.is_stranger());
        let location = self.leaving.location().filter(|_| self.session.is_some() || !is_strange);
        let mut response = match location {
            Some(location) => see_other(&location)?,
            None => html::signed_out(app, request)?,
        };
        // Without a cookie there is none to take back: forms of other pages come without it, and end nothing.
        let had_one = cookies::read::<SessionSecret>(app, request).is_some();
        if let Some(value) = cookies::end::<SessionSecret>(app).filter(|_| had_one) {
            response.headers_mut().append(SET_COOKIE, value);
        }
        Ok(response)
    }
}
