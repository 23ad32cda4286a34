//! How a page is put together, and the headers that keep it from loading, framing or telling anything.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
};
use http::{HeaderValue, StatusCode};
use minijinja::{Value, context};
use poem::{Request, Response};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use crate::app::App;
use crate::directory::{Client, Upstream};
use crate::failure::{Broken, Failure, Outcome, Reason};
use crate::http::context::request_id;
use crate::http::reply::{self, Told};
use crate::pages::Words;
use crate::protocol::members::FieldFault;
use crate::protocol::redirect_uri::RedirectUri;
use crate::protocol::uri;
use crate::time::UnixTime;

const LOCALES: &str = "ui_locales";

/// Whoever looks at a page, and in which language.
#[derive(Clone)]
pub struct Reader<'a> {
    app: &'a App,
    pub words: &'a Arc<Words>,
    picture: Option<Picture>,
}

/// The logo of a client.
#[derive(Clone)]
struct Picture {
    url: String,
    /// What the policy of a page calls it.
    source: String,
}

impl<'a> Reader<'a> {
    /// By `ui_locales` in the query, and by what the browser says.
    pub fn of(app: &'a App, request: &Request) -> Self {
        let asked = asked(request);
        let said: Vec<&str> =
            request.headers().get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok()).collect();
        let words = app.pages.words(asked.as_deref(), Some(&said.join(",")));
        Self { app, words, picture: None }
    }

    /// The same on a page that names this client, and may show its logo.
    pub fn about(mut self, client: &Client) -> Self {
        let issuer = &self.app.config.issuer;
        // Clients have plain http on a loopback host only: there it is good while this server is being tried out there, too.
        let is_tried_out = issuer.is_loopback() && !issuer.is_https();
        let picture =
            client.logo_uri().and_then(|url| Some(Picture { url: url.to_owned(), source: uri::policy_source(url)? }));
        self.picture = picture.filter(|picture| picture.source.starts_with("https:") || is_tried_out);
        self
    }

    /// Where that logo is.
    pub fn client_logo(&self) -> Option<&str> {
        self.picture.as_ref().map(|picture| picture.url.as_str())
    }

    /// What the query says of languages, as the query of another page.
    pub fn locales(request: &Request) -> String {
        let written = |tags: Cow<'_, str>| {
            let pair = form_urlencoded::Serializer::new(String::new()).append_pair(LOCALES, &tags).finish();
            format!("?{pair}")
        };
        asked(request).map(written).unwrap_or_default()
    }

    pub fn say(&self, key: &str) -> String {
        self.words.say(key, &[])
    }

    /// What is wrong with one field, in sentences.
    pub fn faults(&self, faults: &[FieldFault], field: &str) -> Vec<String> {
        let its = faults.iter().filter(|fault| fault.field == field);
        its.map(|fault| self.words.fault(&fault.detail).unwrap_or_else(|| self.say("faults.other"))).collect()
    }

    /// A time as people write it.
    pub fn moment(&self, at: UnixTime) -> String {
        let text = at.to_rfc3339();
        let parts: Vec<&str> = text.split(['-', 'T', ':']).collect();
        let months = self.say("dates.months");
        let &[year, month, day, hour, minute, ..] = parts.as_slice() else { return text };
        let month = month.parse::<usize>().ok().and_then(|month| months.split(' ').nth(month.checked_sub(1)?));
        let time = format!("{hour}:{minute}");
        let (day, month) = (day.trim_start_matches('0'), month.unwrap_or_default());
        self.words.say("dates.moment", &[("day", day), ("month", month), ("year", year), ("time", &time)])
    }

    /// Which passwords people may choose.
    pub fn password_hint(&self) -> String {
        let settings = &self.app.config.passwords;
        let hint = self.words.say("password.hint", &[("number", &settings.min_length.to_string())]);
        if settings.classes < 2 {
            return hint;
        }
        let kinds = self.words.say("password.kinds", &[("number", &settings.classes.to_string())]);
        format!("{hint} {kinds}")
    }

    /// What a scope is for.
    pub fn scope(&self, name: &str, described: &str) -> String {
        let first = self.app.pages.languages().first().unwrap_or(self.words);
        self.words.scope(name, described, first)
    }

    /// A page of a template.
    pub fn page(&self, status: StatusCode, template: &str, values: Value) -> Outcome<Response> {
        let html =
            self.app.pages.render(&self.app.config.issuer, self.words, template, values).map_err(|error| {
                Failure::Broken(Broken { what: "pages", source: error.to_string(), passing: false })
            })?;
        Ok(self.with_headers(status, html))
    }

    /// A page whose form may end at a client.
    pub fn page_on_the_way(
        &self,
        status: StatusCode,
        template: &str,
        values: Value,
        to: &RedirectUri,
    ) -> Outcome<Response> {
        let mut response = self.page(status, template, values)?;
        let policy = self.policy(&format!("'self' {}", whereto(to)), "");
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        Ok(response)
    }

    /// What was done.
    pub fn told(&self, heading: &str, about: &str) -> Outcome<Response> {
        let values = context! {
            heading => self.say(heading),
            about => self.say(about),
            is_dead_link => false,
            detail => (),
            request_id => (),
        };
        self.page(StatusCode::OK, "told.html", values)
    }

    fn failed(&self, told: &Told<'_>, status: StatusCode, request_id: &str) -> Response {
        let (code, reason) = (told.code.as_str(), told.reason.map(Reason::as_str));
        let say = |keys: [Option<String>; 3]| {
            let mut texts = keys.into_iter().flatten().filter_map(|key| self.words.text(&format!("refused.{key}")));
            texts.next().unwrap_or_default().to_owned()
        };
        let heading = say([Some(format!("{code}_title")), Some("title".to_owned()), None]);
        let about = say([reason.map(str::to_owned), Some(code.to_owned()), Some("about".to_owned())]);
        let is_dead_link = told.reason == Some(Reason::SpentLink);
        // Only the developers of a client can do something about it.
        let detail = (told.reason == Some(Reason::Malformed)).then_some(told.about);
        let values = context! { heading => heading.as_str(), about, request_id, is_dead_link, detail };
        self.page(status, "told.html", values).unwrap_or_else(|_| self.with_headers(status, heading))
    }

    fn with_headers(&self, status: StatusCode, html: String) -> Response {
        let language = HeaderValue::from_str(self.words.language());
        Response::builder()
            .status(status)
            .header(CONTENT_TYPE, const { HeaderValue::from_static("text/html; charset=utf-8") })
            .header(CONTENT_LANGUAGE, language.unwrap_or(const { HeaderValue::from_static("en") }))
            .header(CONTENT_SECURITY_POLICY, self.policy("'self'", ""))
            .header(REFERRER_POLICY, const { HeaderValue::from_static("no-referrer") })
            .header(CACHE_CONTROL, const { HeaderValue::from_static("no-store") })
            .body(html)
    }

    /// The same where forms lead to providers, and from there on to `own`.
    pub fn policy_with(&self, own: String, upstreams: &[&Upstream]) -> HeaderValue {
        let mut places: Vec<String> = upstreams.iter().map(|upstream| upstream.description.place()).collect();
        places.extend([own, "'self'".to_owned()]);
        places.retain(|place| !place.is_empty());
        places.sort();
        places.dedup();
        self.policy(&places.join(" "), "")
    }

    /// The style is in the page, and is allowed by its hash; the logos by their addresses; nothing else is loaded, run, framed or
    /// sent elsewhere. `leads_to` is where forms may go, and the redirects that follow them: browsers hold those to the policy,
    /// too. `more` is what else is allowed.
    pub fn policy(&self, leads_to: &str, more: &str) -> HeaderValue {
        let look = self.app.pages.look();
        let style = BASE64.encode(Sha256::digest(&look.style));
        let own = look.logo.as_ref().map(|logo| logo.allowed(&self.app.config.issuer));
        let pictures: Vec<String> =
            own.into_iter().chain(self.picture.iter().map(|each| each.source.clone())).collect();
        let pictures = if pictures.is_empty() { String::new() } else { format!(" img-src {};", pictures.join(" ")) };
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}';{pictures} {more}form-action {leads_to}; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        HeaderValue::from_str(&policy).unwrap_or(const { HeaderValue::from_static("default-src 'none'") })
    }
}

fn asked(request: &Request) -> Option<Cow<'_, str>> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == LOCALES).map(|(_, tags)| tags)
}

/// What the policy calls the place where a client is answered.
pub fn whereto(to: &RedirectUri) -> String {
    match to.place() {
        // What a client's page does then may lead on to another of its hosts, and is still held to this.
        place if place.starts_with("https:") => "https:".to_owned(),
        // A policy has no words for addresses in brackets.
        place if place.contains('[') => "http:".to_owned(),
        place => place,
    }
}

/// What became of a request that was refused, or that the server could not answer.
pub fn failed(app: &App, request: &Request, failure: Failure) -> Response {
    let (reader, id) = (Reader::of(app, request), request_id(request));
    let write = |told: &Told<'_>, status| reader.failed(told, status, id.as_str());
    reply::failure_in_words(failure, &write, &id, &app.counters)
}
