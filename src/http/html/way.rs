//! What people sign in or register for: the request of a client that waits in the query, or nothing but their own account. No
//! other place can be led to from here.

use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, SET_COOKIE};
use minijinja::{Value, context};
use poem::{Request, Response};
use url::form_urlencoded::{self, Serializer};

use super::account::ACCOUNT;
use super::render::{self, Reader};
use crate::accounts::{SignedIn, browser};
use crate::app::App;
use crate::authorize;
use crate::directory::{FIRST_PARTY, Upstream};
use crate::failure::Outcome;
use crate::http::authorization::{PATH, Pending, here, see_other};
use crate::http::context::{address, origin};
use crate::http::cookies;
use crate::limits;
use crate::protocol::authorization::{asks_anew, query_after_sign_in};
use crate::secret::{FormSecret, Plain, SessionSecret};

pub enum Way {
    ToClient(Box<Pending>),
    /// To this page of the account.
    ToAccount {
        query: String,
        secret: Option<Plain<SessionSecret>>,
        page: String,
    },
}

impl Way {
    pub async fn read(app: &App, request: &Request) -> Outcome<Self> {
        limits::api_call_from(app, address(request), app.clock.now()).await?;
        Self::of(app, request, request.uri().query().unwrap_or_default()).await
    }

    /// One that waited elsewhere. A query that asks for nothing but a language is nobody's request; what went wrong with a
    /// provider it may tell.
    pub async fn of(app: &App, request: &Request, query: &str) -> Outcome<Self> {
        let pairs = || form_urlencoded::parse(query.as_bytes());
        if pairs().any(|(name, _)| !["ui_locales", "failed", "upstream"].contains(&name.as_ref())) {
            return Ok(Self::ToClient(Box::new(Pending::of(app, request, query).await?)));
        }
        let query = match pairs().find(|(name, _)| name == "ui_locales") {
            Some((name, tags)) => Serializer::new(String::new()).append_pair(&name, &tags).finish(),
            None => String::new(),
        };
        let page = if query.is_empty() { ACCOUNT.to_owned() } else { format!("{ACCOUNT}?{query}") };
        Ok(Self::ToAccount { query, secret: cookies::read(app, request), page })
    }

    /// To the page of the account for which somebody signs in once more.
    pub fn back_to(app: &App, request: &Request, page: &str) -> Self {
        Self::ToAccount { query: String::new(), secret: cookies::read(app, request), page: page.to_owned() }
    }

    pub fn query(&self) -> &str {
        match self {
            Self::ToClient(pending) => &pending.query,
            Self::ToAccount { query, .. } => query,
        }
    }

    /// The name that the user probably signs in by, as the client says it.
    pub fn login_hint(&self) -> Option<&str> {
        match self {
            Self::ToClient(pending) => pending.params.get("login_hint"),
            Self::ToAccount { .. } => None,
        }
    }

    /// Whether whoever signs in is to be asked who they are, although somebody else may know already.
    pub fn asks_anew(&self) -> bool {
        match self {
            Self::ToClient(pending) => asks_anew(&pending.params) || pending.trusted.client.default_max_age().is_some(),
            Self::ToAccount { .. } => false,
        }
    }

    /// Whoever looks at a page on the way, which names the client.
    fn reader<'a>(&self, app: &'a App, request: &Request) -> Reader<'a> {
        let reader = Reader::of(app, request);
        match self {
            Self::ToClient(pending) => reader.about(&pending.trusted.client),
            Self::ToAccount { .. } => reader,
        }
    }

    /// Lets the forms of a page lead to providers, too: browsers hold the redirects that follow a form to the policy.
    pub fn lets_go_to(
        &self,
        app: &App,
        request: &Request,
        upstreams: &[&Upstream],
        mut response: Response,
    ) -> Response {
        if !upstreams.is_empty() {
            let own = match self {
                Self::ToClient(pending) => render::whereto(&pending.trusted.addressed.redirect_uri),
                Self::ToAccount { .. } => String::new(),
            };
            let policy = self.reader(app, request).policy_with(own, upstreams);
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    /// At which client somebody signs in, as the audit log says it.
    pub fn client_id(&self) -> &str {
        match self {
            Self::ToClient(pending) => &pending.trusted.client.id,
            Self::ToAccount { .. } => FIRST_PARTY,
        }
    }

    /// The name that the user probably signs in by; or where the client hears that its request is none.
    pub async fn hint(&self, app: &App, request: &Request) -> Outcome<Result<String, Response>> {
        let Self::ToClient(pending) = self else { return Ok(Ok(String::new())) };
        match authorize::read(app, &pending.trusted.client, &pending.params).await {
            Ok(asked) => Ok(Ok(asked.login_hint.unwrap_or_default())),
            Err(failure) => pending.refuse(app, request, failure).map(Err),
        }
    }

    /// Begins a session with this browser, and goes on with it.
    pub async fn sign_in(&self, app: &App, request: &Request, user: SignedIn) -> Outcome<Response> {
        let before = match self {
            Self::ToClient(pending) => pending.secret.as_ref(),
            Self::ToAccount { secret, .. } => secret.as_ref(),
        };
        let secret = browser::begin(app, user, before, self.client_id(), &origin(request), app.clock.now()).await?;
        let mut response = match self {
            Self::ToClient(pending) => here(app, PATH, &query_after_sign_in(&pending.params)),
            Self::ToAccount { page, .. } => see_other(&app.config.issuer.endpoint(page)),
        }?;
        if let Some(value) = cookies::set(app, &secret) {
            response.headers_mut().append(SET_COOKIE, value);
        }
        Ok(response)
    }

    /// A page with a form, and the cookie that the form belongs to.
    pub fn page(
        &self,
        app: &App,
        request: &Request,
        (status, template): (StatusCode, &str),
        values: Value,
    ) -> Outcome<Response> {
        let reader = self.reader(app, request);
        let client = match self {
            Self::ToClient(pending) => Some(&pending.trusted.client),
            Self::ToAccount { .. } => None,
        };
        let (policy, terms) = (client.map(|client| client.policy_uri()), client.map(|client| client.tos_uri()));
        let client = client.map(|client| client.name.as_str());
        let may_register = app.config.accounts.registration;
        let client_logo = reader.client_logo();
        let values = context! { client, client_logo, policy, terms, may_register, query => self.query(), ..values };
        match self {
            Self::ToClient(pending) => {
                reader.page_on_the_way(status, template, values, &pending.trusted.addressed.redirect_uri)
            }
            Self::ToAccount { .. } => reader.page(status, template, values),
        }
    }
}

/// The cookie that forms belong to before anybody is signed in.
pub struct FormCookie {
    pub secret: Plain<FormSecret>,
    is_new: bool,
}

impl FormCookie {
    pub fn of(app: &App, request: &Request) -> Self {
        let known = cookies::read::<FormSecret>(app, request);
        Self { is_new: known.is_none(), secret: known.unwrap_or_else(Plain::generate) }
    }

    pub fn set(&self, app: &App, mut response: Response) -> Response {
        if let (true, Some(value)) = (self.is_new, cookies::set(app, &self.secret)) {
            response.headers_mut().append(SET_COOKIE, value);
        }
        response
    }
}
