//! Versions of what is served (RFC 9110 §8.8.3): a change may say which version it was made for, and who holds the current
//! one is not sent it again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use poem::{Request, Response};
use poem_openapi::types::Type;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::parameter::parameter;
use super::reply;
use crate::failure::{Broken, Failure, Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;

/// A strong tag: what has the same tag is the same, as far as somebody can change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(HeaderValue);

impl ETag {
    /// The tag of a representation.
    pub fn of(representation: &[u8]) -> Outcome<Self> {
        let text = format!("\"{}\"", BASE64URL.encode(&Sha256::digest(representation)[..12]));
        Self::from_text(&text).ok_or_else(|| {
            Failure::Broken(Broken { what: "http", source: "a tag is no header value".into(), passing: false })
        })
    }

    /// A tag with its quotes.
    pub fn from_text(text: &str) -> Option<Self> {
        HeaderValue::from_str(text).ok().map(Self)
    }

    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// Whether the caller holds this version (§13.1.2, by weak comparison).
    pub fn is_held(&self, headers: &HeaderMap) -> bool {
        listed(headers, &IF_NONE_MATCH)
            .any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held) == self.text())
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// What a change may say the version of.
pub trait Versioned: Serialize {
    /// The tag of this version, which is served as `body`.
    fn tag(&self, body: &[u8]) -> Outcome<ETag> {
        ETag::of(body)
    }
}

impl Versioned for Value {}

/// The members of a header that is a list. A tag made here has no comma in it, so one that has is none of ours.
fn listed<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// One thing as JSON, with its tag; 304 when the caller holds it already.
pub fn answer(request: &Request, value: &impl Versioned) -> Outcome<Response> {
    let body = reply::bytes(value)?;
    let tag = value.tag(&body)?;
    let mut response = Response::default();
    let headers = response.headers_mut();
    headers.insert(ETAG, tag.header());
    // It may be kept, but never used without asking.
    headers.insert(CACHE_CONTROL, const { HeaderValue::from_static("private, no-cache") });
    if tag.is_held(request.headers()) {
        response.set_status(StatusCode::NOT_MODIFIED);
    } else {
        headers.insert(CONTENT_TYPE, const { HeaderValue::from_static("application/json") });
        response.set_body(body);
    }
    Ok(response)
}

/// What was made or changed, with its new tag.
pub fn changed(status: StatusCode, value: &impl Versioned) -> Outcome<Response> {
    let mut response = reply::json_as(status, value)?;
    let tag = value.tag(&reply::bytes(value)?)?;
    response.headers_mut().insert(ETAG, tag.header());
    Ok(response)
}

/// The `If-Match` header (§13.1.1): the versions that a change was made for. Without it any will do.
pub struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    fn of(headers: &HeaderMap) -> Self {
        let given = headers.contains_key(IF_MATCH);
        Self(given.then(|| listed(headers, &IF_MATCH).map(str::to_owned).collect()))
    }

    /// Whether a change was made for some version.
    pub fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// Refuses when `now`, the thing as it is represented now, is none of the versions.
    pub fn check(&self, now: &impl Versioned) -> Outcome<()> {
        let Some(wanted) = &self.0 else { return Ok(()) };
        let tag = now.tag(&reply::bytes(now)?)?;
        // By strong comparison: a weak tag matches nothing.
        if wanted.iter().any(|each| each == "*" || each == tag.text()) { Ok(()) } else { Err(self.overtaken().into()) }
    }

    /// Somebody else has changed it between the look and the change.
    pub fn overtaken(&self) -> Refused {
        let about = "it has been changed since this version was read; read it again";
        let code = if self.0.is_some() { ErrorCode::PreconditionFailed } else { ErrorCode::Conflict };
        Refused::new(code, Reason::Changed, about)
    }
}

parameter!(IfMatch, Header, String::schema_ref(), |request| Self::of(request.headers()));
