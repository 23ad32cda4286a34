//! The authorization endpoint — RFC 6749 §3.1, RFC 9207. Before the client and its redirect URI are trusted, what is wrong is a
//! page; from then on it goes to the client.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use poem::{Request, Response};
use poem_openapi::{Object, OpenApi};

use super::answer::{Answer, Described, Empty};
use super::body::malformed;
use super::context::{address, origin, request_id, settle};
use super::cookies;
use super::form::Form;
use super::html;
use super::reply::{self, Manner};
use super::tags::Tag;
use crate::accounts::browser;
use crate::app::App;
use crate::authorize::{self, Asking, Next, Trusted};
use crate::failure::{Broken, Failure, Outcome};
use crate::limits;
use crate::protocol::authorization::{self, Told};
use crate::protocol::params::Params;
use crate::protocol::scope::ScopeSet;
use crate::secret::{Plain, SessionSecret};
use crate::store::sessions::SessionStanding;

pub const PATH: &str = "/oauth2/authorize";
pub const SIGN_IN: &str = "/login";
pub const CONSENT: &str = "/consent";
/// Where accounts are made: the page goes on to the request, as the one for signing in does.
pub const REGISTER: &str = "/register";

/// It has to fit into the head of a request, beside all else.
pub const LONGEST_QUERY: usize = 8 * 1024;

/// The parameters of an authorization request.
#[derive(Object)]
struct AuthorizationForm {
    /// `code`
    response_type: String,
    /// The client's id.
    client_id: String,
    /// Where the answer goes: one that the client registered, byte by byte. Required, here or in a request object.
    redirect_uri: Option<String>,
    /// The SHA-256 of the verifier, in base64url (RFC 7636). Required, here or in a request object, unless the client is exempted.
    code_challenge: Option<String>,
    /// `S256`: required beside a challenge.
    code_challenge_method: Option<String>,
    /// The scopes asked for, separated by spaces; without it, all that may be had.
    scope: Option<String>,
    /// Comes back in the answer.
    state: Option<String>,
    /// Comes back in the ID token.
    nonce: Option<String>,
    /// The API that the tokens are for (RFC 8707); may be repeated.
    resource: Option<String>,
    /// `query`, `fragment` or `form_post`
    response_mode: Option<String>,
    /// `none`, or `login`, `select_account`, `create` and `consent`
    prompt: Option<String>,
    /// Seconds after which the user has to sign in again.
    max_age: Option<u32>,
    /// The name that the user probably signs in by.
    login_hint: Option<String>,
    /// An ID token of the user that the client has in mind.
    id_token_hint: Option<String>,
    /// Which claims the client asks for by name, as JSON (OpenID Connect Core section 5.5).
    claims: Option<String>,
    /// The classes of sign-in that the client would like; what there is is in the ID token.
    acr_values: Option<String>,
    /// Accepted; there is one form of the pages, for screens of all sizes.
    display: Option<String>,
    /// The languages that the user would like, the best first.
    ui_locales: Option<String>,
    /// The rest of the request, written down as a JWT: what it says goes before what stands beside it, and need not be there.
    request: Option<String>,
    /// Where that JWT is: one of the `request_uris` that the client registered.
    request_uri: Option<String>,
}

struct Authorization;
impl Described for Authorization {
    type Body = Empty;
    const STATUS: u16 = 303;
    const SUCCESS: &'static str = "To the client with a code or an error, always with `iss`; or to a page that asks. With `form_post` the answer is a page \
                                    (200) whose form leads to the client";
    const MANNER: Manner = Manner::Page;
    const FAILURES: &'static [(u16, &'static str)] = &[
        (400, "The client or its redirect URI is not known, so that nobody can be answered there"),
        (413, "The form is too large"),
        (429, "Too many calls; wait"),
    ];
    const HEADERS: &'static [(&'static str, &'static str)] = &[("Location", "Where to")];
    const OTHERS: &'static [(u16, &'static str)] = &[(200, "A form that leads to the client, for `form_post`")];
}

pub struct AuthorizationApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::OAuth")]
impl AuthorizationApi {
    /// Ask a user for a code
    ///
    /// RFC 6749 section 4.1, with PKCE (RFC 7636). A browser comes here with the request in the query. The user signs in
    /// and consents, if need be, and is sent back to the client.
    #[oai(path = "/oauth2/authorize", method = "get", operation_id = "authorize")]
    async fn authorize(&self, request: &Request) -> Answer<Authorization> {
        settle(answer(&self.app, request).await, Manner::Page, request, &self.app).into()
    }

    /// Ask a user for a code, by a form
    ///
    /// Leads to the same request by GET.
    #[oai(path = "/oauth2/authorize", method = "post", operation_id = "authorizeByForm")]
    async fn authorize_by_form(&self, request: &Request, form: Form<AuthorizationForm>) -> Answer<Authorization> {
        settle(self.by_form(request, form).await, Manner::Page, request, &self.app).into()
    }
}

impl AuthorizationApi {
    async fn by_form(&self, request: &Request, form: Form<AuthorizationForm>) -> Outcome<Response> {
        let app = &self.app;
        limits::api_call_from(app, address(request), app.clock.now()).await?;
        let params = form.read_with_doubles(&app.config.server).await?;
        match authorize::as_query(app, &params, app.clock.now()).await {
            Ok(query) => here(app, PATH, &query.unwrap_or_else(|| authorization::query(&params))),
            Err(failure) => refuse(app, request, params, failure).await,
        }
    }
}

async fn answer(app: &App, request: &Request) -> Outcome<Response> {
    limits::api_call_from(app, address(request), app.clock.now()).await?;
    let params = read(request.uri().query().unwrap_or_default())?;
    let params = match authorize::as_query(app, &params, app.clock.now()).await {
        Ok(None) => params,
        Ok(Some(query)) => read(&query)?,
        Err(failure) => return refuse(app, request, params, failure).await,
    };
    let pending = Pending::with(app, request, params).await?;
    let next = pending.proceed(app, request, None).await;
    pending.lead(app, request, next)
}

/// What is wrong with a request object is told where the query says that its client is answered, if it does.
async fn refuse(app: &App, request: &Request, params: Params, failure: Failure) -> Outcome<Response> {
    match Pending::with(app, request, params).await {
        Ok(pending) => pending.refuse(app, request, failure),
        Err(_) => Err(failure),
    }
}

fn read(query: &str) -> Outcome<Params> {
    if query.len() > LONGEST_QUERY {
        return Err(malformed("the request is too long"));
    }
    Ok(Params::parse_with_doubles(query.as_bytes())?)
}

/// A request that waits in the query of the endpoint, or of a page that it led to. It is judged anew by each.
pub struct Pending {
    pub params: Params,
    pub trusted: Trusted,
    /// Itself, as a query.
    pub query: String,
    pub secret: Option<Plain<SessionSecret>>,
    pub session: Option<SessionStanding>,
}

impl Pending {
    pub async fn read(app: &App, request: &Request) -> Outcome<Self> {
        limits::api_call_from(app, address(request), app.clock.now()).await?;
        Self::of(app, request, request.uri().query().unwrap_or_default()).await
    }

    /// One that waited elsewhere, and is that of this browser.
    pub async fn of(app: &App, request: &Request, text: &str) -> Outcome<Self> {
        Self::with(app, request, read(text)?).await
    }

    async fn with(app: &App, request: &Request, params: Params) -> Outcome<Self> {
        let trusted = authorize::trust(app, &params).await?;
        let secret = cookies::read::<SessionSecret>(app, request);
        let session = browser::session(app, secret.as_ref(), app.clock.now()).await?;
        let query = authorization::query(&params);
        Ok(Self { params, trusted, query, secret, session })
    }

    /// `allowed` says whether the user has just allowed exactly these scopes.
    pub async fn proceed(
        &self,
        app: &App,
        request: &Request,
        allowed: Option<&(dyn Fn(&ScopeSet) -> bool + Sync)>,
    ) -> Outcome<Next> {
        let asking = Asking { session: self.session.as_ref(), allowed, origin: &origin(request) };
        authorize::proceed(app, &self.trusted, &self.params, &asking, app.clock.now()).await
    }

    /// To whatever is next.
    pub fn lead(&self, app: &App, request: &Request, next: Outcome<Next>) -> Outcome<Response> {
        match next {
            Ok(Next::SignIn) => here(app, SIGN_IN, &self.query),
            Ok(Next::Register) => here(app, REGISTER, &self.query),
            Ok(Next::Ask(_)) => here(app, CONSENT, &self.query),
            Ok(Next::Answer(code)) => {
                self.tell(app, request, self.trusted.addressed.with_code(app.config.issuer.as_str(), &code))
            }
            Err(failure) => self.refuse(app, request, failure),
        }
    }

    /// To the client, with what is wrong.
    pub fn refuse(&self, app: &App, request: &Request, failure: Failure) -> Outcome<Response> {
        if self.would_lead_astray(request) {
            return Err(failure);
        }
        let (code, about) = reply::told(failure, StatusCode::SEE_OTHER, &request_id(request), &app.counters);
        self.tell(app, request, self.trusted.addressed.with_error(app.config.issuer.as_str(), code, &about))
    }

    /// RFC 9700 §4.11.2: where clients may register themselves, anybody can make a URL of this server that leads to their own.
    /// Nobody follows it who has not signed in here; a frame of the client's own page, which only asks whether somebody has,
    /// shows nobody this server's name.
    fn would_lead_astray(&self, request: &Request) -> bool {
        let is_framed = request.header("sec-fetch-dest") == Some("iframe");
        self.trusted.client.is_stranger() && self.session.is_none() && !is_framed
    }

    fn tell(&self, app: &App, request: &Request, told: Told) -> Outcome<Response> {
        match told {
            Told::Redirect(location) => see_other(&location),
            Told::Form(fields) => html::form_post(app, request, &self.trusted.addressed.redirect_uri, &fields),
        }
    }
}

/// To a page of this server.
pub fn here(app: &App, path: &str, query: &str) -> Outcome<Response> {
    see_other(&format!("{}?{query}", app.config.issuer.endpoint(path)))
}

pub fn see_other(location: &str) -> Outcome<Response> {
    let location = HeaderValue::from_str(location).map_err(|_| {
        Failure::Broken(Broken { what: "http", source: "a redirect has no header".to_owned(), passing: false })
    })?;
    Ok(Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(LOCATION, location)
        .header(REFERRER_POLICY, const { HeaderValue::from_static("no-referrer") })
        .header(CACHE_CONTROL, const { HeaderValue::from_static("no-store") })
        .finish())
}
