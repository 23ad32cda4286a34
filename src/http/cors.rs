//! Which scripts of other origins may call this server — Fetch §3.3 (CORS). Documents that anybody may read are for any
//! origin; `/api/v1` is for the origins that the settings list, and so are the token endpoint, revocation and userinfo, where
//! scripts of a client may read its answers, too, if the client is answered at their origin. Never with credentials: cookies
//! and remembered passwords stay out of it.

use std::sync::{Arc, OnceLock};

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue};
use poem::Request;

use crate::directory::Client;

/// Where a path is open to scripts of other origins.
enum Openness {
    Any,
    Listed,
    /// Also where the client is answered.
    Clients,
    None,
}

fn openness(path: &str) -> Openness {
    match path {
        _ if path.starts_with("/.well-known/") => Openness::Any,
        "/oauth2/token" | "/oauth2/revoke" | USERINFO => Openness::Clients,
        _ if path.starts_with("/api/v1/") || path.starts_with("/oauth2/register") => Openness::Listed,
        _ => Openness::None,
    }
}

/// A script shows its token in a header, so its browser asks first whether it may, without saying which client it is. To ask
/// opens nothing: whether the answer may be read is decided when the client is known.
const USERINFO: &str = "/oauth2/userinfo";

/// The client of a request, once it is known, for who decides about scripts.
#[derive(Clone, Default)]
pub struct Asker(Arc<OnceLock<Arc<Client>>>);

impl Asker {
    /// For a request of a script.
    pub fn wait_for(request: &mut Request) -> Option<Self> {
        if !request.headers().contains_key(ORIGIN) {
            return None;
        }
        let asker = Self::default();
        request.extensions_mut().insert(asker.clone());
        Some(asker)
    }

    /// Says whose request it is.
    pub fn note(request: &Request, client: &Arc<Client>) {
        if let Some(Self(asker)) = request.extensions().get() {
            // Each request has one client.
            let _ = asker.set(Arc::clone(client));
        }
    }

    fn is_answered_at(&self, origin: &HeaderValue) -> bool {
        let Some(client) = self.0.get() else { return false };
        origin.to_str().is_ok_and(|origin| client.is_answered_at(origin))
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
    pub fn answer(
        self,
        origins: &[String],
        path: &str,
        asker: Option<&Asker>,
        methods: Option<&HeaderValue>,
        headers: &mut HeaderMap,
    ) {
        let openness = openness(path);
        match openness {
            Openness::None => return,
            Openness::Any => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, const { HeaderValue::from_static("*") });
            }
            Openness::Listed if origins.is_empty() => return,
            Openness::Listed | Openness::Clients => {
                headers.append(VARY, const { HeaderValue::from_static("Origin") });
                let listed = |origin: &HeaderValue| origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes());
                let of_client = |origin: &HeaderValue| match openness {
                    Openness::Clients if self.is_preflight => path == USERINFO,
                    Openness::Clients => asker.is_some_and(|asker| asker.is_answered_at(origin)),
                    _ => false,
                };
                let Some(origin) = self.origin.filter(|origin| listed(origin) || of_client(origin)) else { return };
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
