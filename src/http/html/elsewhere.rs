//! `/login/with/{name}`, `/login/from/{name}` and `/login/link`: to a provider, back from it, and whose account it is. Whatever goes
//! wrong there ends at the sign-in page, where all other ways are still open.

use std::sync::Arc;

use http::{Method, StatusCode};
use minijinja::context;
use poem::{Endpoint, Request, RequestBody, Response};
use url::form_urlencoded::{self, Serializer};

use super::account::{self, LINKED};
use super::forms;
use super::render::Reader;
use super::way::{FormCookie, Way};
use crate::accounts::elsewhere::{self, Arrival, Arrived, Awaited, Came, Errand};
use crate::accounts::{SignedIn, browser};
use crate::app::App;
use crate::directory::Upstream;
use crate::failure::{Failure, Outcome, Reason};
use crate::http::authorization::{SIGN_IN, see_other};
use crate::http::context::{address, origin, request_id, settle};
use crate::http::cookies;
use crate::http::reply::{self, Manner};
use crate::limits;
use crate::protocol::error::ErrorCode;
use crate::protocol::params::Params;
use crate::secret::{FormSecret, Password, Plain, SessionSecret, UpstreamState};
use crate::store::upstream_logins::UpstreamLogin;

const LINK: &str = "/login/link";

/// What the sign-in page says of each reason.
const FAILED: [(Reason, &str); 14] = [
    (Reason::UpstreamAway, "elsewhere.away"),
    (Reason::UpstreamRefused, "elsewhere.refused"),
    (Reason::UpstreamWrong, "elsewhere.wrong"),
    (Reason::UpstreamStale, "elsewhere.stale"),
    (Reason::NoUpstreamAccount, "elsewhere.no_account"),
    (Reason::NoUpstreamEmail, "elsewhere.no_email"),
    (Reason::LinkedElsewhere, "elsewhere.linked"),
    (Reason::SomebodyElse, "elsewhere.somebody_else"),
    (Reason::SignInTooOld, "again.too_old"),
    (Reason::UserDisabled, "elsewhere.shut"),
    (Reason::UserLocked, "elsewhere.shut"),
    (Reason::UserUnverified, "elsewhere.unconfirmed"),
    (Reason::PasswordResetDue, "sign_in.reset_due"),
    (Reason::SignInOvertaken, "sign_in.overtaken"),
];

#[derive(Clone)]
pub struct Elsewhere {
    app: Arc<App>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Start,
    Back,
    Link,
}

/// The paths as they are listed and as they are routed, and how each may be asked.
pub fn elsewhere(app: &Arc<App>) -> [(&'static str, &'static str, Vec<Method>, Elsewhere); 3] {
    let page = |kind| Elsewhere { app: Arc::clone(app), kind };
    [
        ("/login/with/{name}", "/login/with/:name", vec![Method::POST], page(Kind::Start)),
        ("/login/from/{name}", "/login/from/:name", vec![Method::GET], page(Kind::Back)),
        (LINK, LINK, vec![Method::GET, Method::POST], page(Kind::Link)),
    ]
}

/// What the query says went wrong elsewhere, in words.
pub fn failed(reader: &Reader<'_>, request: &Request, upstreams: &[Upstream]) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    let said = |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(each, _)| each == name);
    let (_, reason) = said("failed")?;
    let (_, key) = FAILED.iter().find(|(each, _)| each.as_str() == reason)?;
    let upstream = said("upstream").and_then(|(_, name)| upstreams.iter().find(|upstream| upstream.name == name));
    let label = upstream.map_or_else(|| reader.say("elsewhere.it"), |upstream| upstream.description.label.clone());
    Some(reader.words.say(key, &[("name", &label)]))
}

impl Endpoint for Elsewhere {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let (request, mut body) = request.split();
        let visit = Visit { app: &self.app, request: &request };
        let answer = match self.kind {
            Kind::Start => visit.start(&mut body).await,
            Kind::Back => visit.back().await,
            Kind::Link => visit.link(&mut body).await,
        };
        Ok(settle(answer, Manner::Page, &request, &self.app))
    }
}

struct Visit<'a> {
    app: &'a App,
    request: &'a Request,
}

impl Visit<'_> {
    fn name(&self) -> &str {
        self.request.raw_path_param("name").unwrap_or_default()
    }

    async fn start(&self, body: &mut RequestBody) -> Outcome<Response> {
        let (app, request) = (self.app, self.request);
        let mut form = forms::read(app, request, body).await?;
        let mark = form.optional_text("form").unwrap_or_default();
        let (links, again) = (form.optional_text("link").is_some(), form.optional_text("again"));
        form.finish().map_err(|_| forms::foreign())?;
        if links || again.is_some() {
            return self.start_signed_in(&mark, again.as_deref()).await;
        }
        let way = Way::read(app, request).await?;
        let cookie = cookies::read::<FormSecret>(app, request).ok_or_else(forms::foreign)?;
        if !forms::has_mark(app, &cookie, &["sign in", way.query()], &mark) {
            return Err(forms::foreign());
        }
        let errand = Errand::SignIn { way: way.query(), login_hint: way.login_hint(), anew: way.asks_anew() };
        match self.sent(&cookie, errand).await {
            Ok(response) => Ok(response),
            Err(failure) => self.to_sign_in(way.query(), failure),
        }
    }

    /// Somebody who is signed in wants to be known by the provider, too, or does so once more for a page.
    async fn start_signed_in(&self, mark: &str, again: Option<&str>) -> Outcome<Response> {
        let (app, request, now) = (self.app, self.request, self.app.clock.now());
        limits::api_call_from(app, address(request), now).await?;
        let secret = cookies::read::<SessionSecret>(app, request).ok_or_else(forms::foreign)?;
        let standing = browser::used(app, Some(&secret), now).await?.ok_or_else(forms::foreign)?;
        if !forms::has_mark(app, &secret, &["account"], mark) {
            return Err(forms::foreign());
        }
        let page = match again {
            Some(page) if account::SIGNS_IN_AGAIN.contains(&page) => format!("{page}{}", Reader::locales(request)),
            Some(_) => return Err(forms::foreign()),
            None => LINKED.to_owned(),
        };
        let (cookie, session) = (FormCookie::of(app, request), &standing.session);
        let errand = match again {
            Some(_) => Errand::Again { user_id: &session.user_id, page: &page },
            None => Errand::Link { session },
        };
        match self.sent(&cookie.secret, errand).await {
            Ok(response) => Ok(cookie.set(app, response)),
            Err(failure) => self.to_page_of_account(&page, failure),
        }
    }

    async fn sent(&self, browser: &Plain<FormSecret>, errand: Errand<'_>) -> Outcome<Response> {
        let upstream = elsewhere::upstream(self.app, self.name()).await?;
        see_other(&elsewhere::start(self.app, &upstream, browser, errand, self.app.clock.now()).await?)
    }

    async fn back(&self) -> Outcome<Response> {
        let (app, request, now) = (self.app, self.request, self.app.clock.now());
        limits::api_call_from(app, address(request), now).await?;
        let params = Params::parse(request.uri().query().unwrap_or_default().as_bytes())?;
        let state = Plain::<UpstreamState>::presented(params.get("state").unwrap_or_default());
        let taken = async {
            let cookie = cookies::read::<FormSecret>(app, request).ok_or_else(elsewhere::stale)?;
            let upstream = elsewhere::upstream(app, self.name()).await?;
            let login = elsewhere::take(app, &upstream, &state, &cookie, now).await?;
            Ok((upstream, login))
        };
        let (upstream, login) = match taken.await {
            Ok(taken) => taken,
            Err(failure) => return self.to_sign_in("", failure),
        };
        let came = Came { state: &state, code: params.get("code"), error: params.get("error"), iss: params.get("iss") };
        let way = match login.again() {
            Some(page) => Way::back_to(app, request, page),
            None => Way::of(app, request, &login.way).await?,
        };
        match self.arrived(&upstream, &login, &way, &came).await {
            Ok(response) => Ok(response),
            Err(failure) if login.user_id.is_some() => {
                self.to_page_of_account(login.again().unwrap_or(LINKED), failure)
            }
            Err(failure) => self.to_sign_in(way.query(), failure),
        }
    }

    async fn arrived(
        &self,
        upstream: &Upstream,
        login: &UpstreamLogin,
        way: &Way,
        came: &Came<'_>,
    ) -> Outcome<Response> {
        let (app, request, now) = (self.app, self.request, self.app.clock.now());
        let secret = cookies::read::<SessionSecret>(app, request);
        let standing = browser::session(app, secret.as_ref(), now).await?;
        let session = standing.as_ref().map(|standing| &standing.session);
        let user = session.map(|session| (session.user_id.as_str(), session.user_epoch));
        let (anew, client_id) = (login.again().is_some() || way.asks_anew(), way.client_id());
        let arrival = Arrival { upstream, login, client_id, anew, user, origin: &origin(request) };
        match elsewhere::arrive(app, &arrival, came, now).await? {
            Arrived::SignedIn(user) => self.signed_in(way, user).await,
            Arrived::Linked => see_other(&format!("{}?done=linked", app.config.issuer.endpoint(LINKED))),
            Arrived::AsksByLetter(email) => {
                way.page(app, request, (StatusCode::OK, "registered.html"), context! { email })
            }
            Arrived::Proof(token) => {
                let mut query = Serializer::new(String::new());
                query.append_pair("link", token.reveal());
                if let Some((_, locales)) =
                    form_urlencoded::parse(way.query().as_bytes()).find(|(name, _)| name == "ui_locales")
                {
                    query.append_pair("ui_locales", &locales);
                }
                see_other(&format!("{}?{}", app.config.issuer.endpoint(LINK), query.finish()))
            }
        }
    }

    /// Who was overtaken by a change of the account has to come once more.
    async fn signed_in(&self, way: &Way, user: SignedIn) -> Outcome<Response> {
        match way.sign_in(self.app, self.request, user).await {
            Err(Failure::Refused(refused)) if refused.reason == Reason::SignInOvertaken => {
                Err(elsewhere::stale().into())
            }
            done => done,
        }
    }

    async fn link(&self, body: &mut RequestBody) -> Outcome<Response> {
        let (app, request, now) = (self.app, self.request, self.app.clock.now());
        limits::api_call_from(app, address(request), now).await?;
        let is_sent = *request.method() == Method::POST;
        let query = request.uri().query().unwrap_or_default();
        let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "link");
        let token = Plain::<UpstreamState>::presented(found.map(|(_, text)| text.into_owned()).unwrap_or_default());
        let awaited = async {
            let cookie = cookies::read::<FormSecret>(app, request).ok_or_else(elsewhere::stale)?;
            let awaited = elsewhere::awaited(app, &token, &cookie, now).await?;
            Ok((cookie, awaited))
        };
        let (cookie, awaited) = match awaited.await {
            Ok(found) => found,
            Err(failure) => return self.to_sign_in("", failure),
        };
        let proof = Proof { way: Way::of(app, request, &awaited.login.way).await?, cookie, token, awaited };
        if !is_sent {
            return self.ask(&proof, StatusCode::OK, None);
        }
        let mut form = forms::read(app, request, body).await?;
        let mark = form.optional_text("form").unwrap_or_default();
        let password = form.secret::<Password>("password");
        // What keeps passwords wants to know whose it is.
        form.ignore("username");
        if !forms::has_mark(app, &proof.cookie, &["link", proof.token.reveal()], &mark) {
            return Err(forms::foreign());
        }
        if form.finish().is_err() {
            return self.ask(&proof, StatusCode::UNPROCESSABLE_ENTITY, Some("sign_in.both_needed"));
        }
        match self.proven(&proof, &password).await {
            Err(Failure::Refused(refused)) if refused.code == ErrorCode::InvalidGrant => {
                let key = super::sign_in::why_not(app, refused.reason);
                self.note(refused.into());
                self.ask(&proof, StatusCode::UNPROCESSABLE_ENTITY, Some(key))
            }
            Err(failure) => self.to_sign_in(proof.way.query(), failure),
            done => done,
        }
    }

    async fn proven(&self, proof: &Proof, password: &Plain<Password>) -> Outcome<Response> {
        let (app, origin, now) = (self.app, origin(self.request), self.app.clock.now());
        let client_id = proof.way.client_id();
        let user = elsewhere::prove(app, &proof.awaited, password, client_id, &origin, now).await?;
        proof.way.sign_in(app, self.request, user).await
    }

    fn ask(&self, proof: &Proof, status: StatusCode, wrong: Option<&str>) -> Outcome<Response> {
        let reader = Reader::of(self.app, self.request);
        let values = context! {
            upstream => proof.awaited.upstream.description.label.as_str(),
            email => proof.awaited.email.as_str(),
            wrong => wrong.map(|key| reader.say(key)),
            link => proof.token.reveal(),
            form => forms::mark(self.app, &proof.cookie, &["link", proof.token.reveal()]),
        };
        proof.way.page(self.app, self.request, (status, "link_account.html"), values)
    }

    fn to_sign_in(&self, query: &str, failure: Failure) -> Outcome<Response> {
        self.to_page(SIGN_IN, query, failure)
    }

    /// To a page that is named with what it is asked by.
    fn to_page_of_account(&self, page: &str, failure: Failure) -> Outcome<Response> {
        let (path, query) = page.split_once('?').unwrap_or((page, ""));
        self.to_page(path, query, failure)
    }

    /// To a page that says what went wrong, if it is something that pages say.
    fn to_page(&self, path: &str, query: &str, failure: Failure) -> Outcome<Response> {
        let reason = match &failure {
            Failure::Refused(refused) => FAILED.iter().map(|(reason, _)| *reason).find(|each| *each == refused.reason),
            Failure::Broken(_) => None,
        };
        let Some(reason) = reason else { return Err(failure) };
        self.note(failure);
        let mut said = Serializer::new(query.to_owned());
        said.append_pair("failed", reason.as_str()).append_pair("upstream", self.name());
        let query = said.finish();
        let query = query.trim_start_matches('&');
        see_other(&format!("{}?{query}", self.app.config.issuer.endpoint(path)))
    }

    fn note(&self, failure: Failure) {
        reply::told(failure, StatusCode::SEE_OTHER, &request_id(self.request), &self.app.counters);
    }
}

/// What somebody is asked who has to prove whose account is theirs.
struct Proof {
    way: Way,
    cookie: Plain<FormSecret>,
    token: Plain<UpstreamState>,
    awaited: Awaited,
}
