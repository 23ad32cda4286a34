//! Which scripts of other origins may call this server — Fetch §3.3 (CORS). Documents that anybody may read are for any
//! origin; the token endpoint, revocation and `/api/v1` are for the origins that the settings list. Never with credentials:
//! cookies and remembered passwords stay out of it.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue};

/// Where a path is open to scripts of other origins.
enum Openness {
    Any,
    Listed,
    None,
}

fn openness(path: &str) -> Openness {
    match path {
        _ if path.starts_with("/.well-known/") => Openness::Any,
        "/oauth2/token" | "/oauth2/revoke" => Openness::Listed,
        _ if path.starts_with("/api/v1/") => Openness::Listed,
        _ => Openness::None,
    }
}

/// What a browser says of the script that asks.
pub struct Script {
    origin: Option<HeaderValue>,
    /// It asks first whether it may ask.
    is_preflight: bool,
}

impl Script {
    pub fn of(headers: &HeaderMap) -> Self {
        Self { origin: headers.get(ORIGIN).cloned(), is_preflight: headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) }
    }

    /// Adds what lets the script read the answer. Every answer of a path that depends on the origin says so, or a cache would
    /// hand one origin's answer to another.
    pub fn answer(self, origins: &[String], path: &str, methods: Option<&HeaderValue>, headers: &mut HeaderMap) {
        match openness(path) {
            Openness::None => return,
            Openness::Any => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, const { HeaderValue::from_static("*") });
            }
            Openness::Listed if origins.is_empty() => return,
            Openness::Listed => {
                headers.append(VARY, const { HeaderValue::from_static("Origin") });
                let listed = |origin: &HeaderValue| origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes());
                let Some(origin) = self.origin.filter(listed) else { return };
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, const { HeaderValue::from_static(READ) });
            }
        }
        if let Some(methods) = methods.filter(|_| self.is_preflight) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, const { HeaderValue::from_static(SENT) });
            headers.insert(ACCESS_CONTROL_MAX_AGE, const { HeaderValue::from_static("600") });
        }
    }
}

/// What a script may read of an answer, and send with a request, besides what it always may.
const READ: &str =
    "ETag, Link, Retry-After, RateLimit, RateLimit-Policy, WWW-Authenticate, X-Request-Id, Idempotency-Replayed";
const SENT: &str = "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key";
