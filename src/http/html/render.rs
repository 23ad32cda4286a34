//! How a page is put together, and the headers that keep it from loading, framing or telling anything.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use minijinja::{Environment, UndefinedBehavior, Value, context};
use poem::Response;
use sha2::{Digest, Sha256};

use crate::failure::{Broken, Failure, Outcome};
use crate::protocol::error::ErrorCode;
use crate::protocol::redirect_uri::RedirectUri;

const STYLE: &str = include_str!("templates/style.css");

const TEMPLATES: [(&str, &str); 8] = [
    ("layout.html", include_str!("templates/layout.html")),
    ("confirm_email.html", include_str!("templates/confirm_email.html")),
    ("reset_password.html", include_str!("templates/reset_password.html")),
    ("forgot_password.html", include_str!("templates/forgot_password.html")),
    ("sign_in.html", include_str!("templates/sign_in.html")),
    ("consent.html", include_str!("templates/consent.html")),
    ("form_post.html", include_str!("templates/form_post.html")),
    ("told.html", include_str!("templates/told.html")),
];

static ENVIRONMENT: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
});

/// The style is in the page, and is allowed by its hash; nothing else is loaded, run, framed or sent elsewhere.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy("'self'", ""));

/// `leads_to` is where forms may go, and the redirects that follow them: browsers hold those to the policy, too. `more` is what
/// else is allowed.
pub(super) fn policy(leads_to: &str, more: &str) -> HeaderValue {
    let style = BASE64.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; {more}form-action {leads_to}; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(const { HeaderValue::from_static("default-src 'none'") })
}

/// A page of a template.
pub fn page(status: StatusCode, template: &str, values: Value) -> Outcome<Response> {
    let broken = |error: &minijinja::Error| {
        Failure::Broken(Broken { what: "http", source: format!("a page: {error:#}"), passing: false })
    };
    let environment = ENVIRONMENT.as_ref().map_err(broken)?;
    let template = environment.get_template(template).map_err(|error| broken(&error))?;
    let values = context! { style => Value::from_safe_string(STYLE.to_owned()), ..values };
    Ok(with_headers(status, template.render(values).map_err(|error| broken(&error))?))
}

/// A page whose form may end at a client.
pub fn page_on_the_way(status: StatusCode, template: &str, values: Value, to: &RedirectUri) -> Outcome<Response> {
    let mut response = page(status, template, values)?;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy(&format!("'self' {}", whereto(to)), ""));
    Ok(response)
}

/// What the policy calls the place where a client is answered.
pub(super) fn whereto(to: &RedirectUri) -> String {
    match to.place() {
        // What a client's page does then may lead on to another of its hosts, and is still held to this.
        place if place.starts_with("https:") => "https:".to_owned(),
        // A policy has no words for addresses in brackets.
        place if place.contains('[') => "http:".to_owned(),
        place => place,
    }
}

/// What became of a request that was refused, or that the server could not answer.
pub fn failed(status: StatusCode, code: ErrorCode, about: &str, request_id: &str) -> Response {
    let heading = match code {
        ErrorCode::InvalidGrant => "This link does not work any more",
        ErrorCode::TooManyRequests => "Too many attempts",
        ErrorCode::ServerError | ErrorCode::TemporarilyUnavailable => "Something went wrong",
        ErrorCode::InvalidRedirectUri => "This application cannot be answered",
        _ => "That did not work",
    };
    let is_dead_link = code == ErrorCode::InvalidGrant;
    let values = context! { heading, about => sentence(about), request_id, is_dead_link, service => () };
    page(status, "told.html", values).unwrap_or_else(|_| with_headers(status, heading.to_owned()))
}

fn with_headers(status: StatusCode, html: String) -> Response {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, const { HeaderValue::from_static("text/html; charset=utf-8") })
        .header(CONTENT_SECURITY_POLICY, POLICY.clone())
        .header(REFERRER_POLICY, const { HeaderValue::from_static("no-referrer") })
        .header(CACHE_CONTROL, const { HeaderValue::from_static("no-store") })
        .body(html)
}

/// As people expect it: errors are told to programs without a capital letter and a full stop.
pub fn sentence(about: &str) -> String {
    let mut characters = about.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if about.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}
