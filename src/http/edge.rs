//! The edge: what happens around every request, whatever route it takes. One struct, because it is on every path.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{ALLOW, CACHE_CONTROL, PRAGMA, X_CONTENT_TYPE_OPTIONS};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use ipnet::IpNet;
use poem::error::MethodNotAllowedError;
use poem::{Endpoint, IntoResponse, Request, Response};

use super::client_address::{self, ClientAddress};
use super::cors::{Asker, Script};
use super::reply;
use super::routes::{RouteIndex, Routes};
use crate::config::Server;
use crate::observe::{Counters, RequestId, Requests};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The documents whose address is made by putting the issuer's path behind them (RFC 8414 §3.1 and §5).
const WELL_KNOWN: [&str; 2] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

/// The outermost endpoint. It finds the route, names the request and the client for those inside, turns what is left
/// over into an answer, and counts and logs how the request ended.
pub struct Edge<E> {
    inner: E,
    routes: Routes,
    issuer_path: String,
    trusted_proxies: Vec<IpNet>,
    cors_origins: Vec<String>,
    requests: Arc<Requests>,
    counters: Counters,
}

impl<E> Edge<E> {
    /// `issuer_path` is the path of the issuer's URL: empty, or like `/x`.
    pub fn new(inner: E, routes: Routes, issuer_path: &str, settings: &Server, counters: &Counters) -> Self {
        let requests = counters.requests(routes.labels());
        Self {
            inner,
            routes,
            issuer_path: issuer_path.to_owned(),
            trusted_proxies: settings.trusted_proxies.clone(),
            cors_origins: settings.cors_origins.clone(),
            requests,
            counters: counters.clone(),
        }
    }

    fn strip_issuer_path(&self, request: &mut Request) {
        if self.issuer_path.is_empty() {
            return;
        }
        let Some(path) = without_issuer_path(request.uri().path(), &self.issuer_path) else { return };
        if let Some(uri) = with_path(request.uri(), path) {
            *request.uri_mut() = uri;
        }
    }

    /// Names the request and its client. Only a trusted proxy may bring a request id of its own.
    fn identify(&self, request: &mut Request) -> (RequestId, IpAddr) {
        let peer = request.remote_addr().as_socket_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), SocketAddr::ip);
        let client = client_address::of(peer, request.headers(), &self.trusted_proxies);
        let given = || RequestId::given(request.headers().get(&X_REQUEST_ID)?.to_str().ok()?);
        let trusted = client_address::is_trusted(peer, &self.trusted_proxies);
        let id = trusted.then(given).flatten().unwrap_or_else(RequestId::fresh);
        let extensions = request.extensions_mut();
        extensions.insert(id.clone());
        extensions.insert(ClientAddress(client));
        (id, client)
    }

    fn observe(&self, ended: &Ended<'_>) {
        let Ended { route, method, status, client, id, took } = *ended;
        self.requests.answered(route.map(RouteIndex::place), method.as_str(), status.as_u16(), took);
        let route = route.map_or("other", |route| self.routes.label(route));
        let (status, took) = (status.as_u16(), took.as_secs_f64() * 1_000.0);
        if status >= 500 {
            tracing::warn!(request_id = %id, route, %method, status, milliseconds = took, %client, "answered");
        } else if status < 400 {
            tracing::debug!(request_id = %id, route, %method, status, milliseconds = took, %client, "answered");
        }
    }
}

/// How a request ended, for those who count and log.
struct Ended<'r> {
    route: Option<RouteIndex>,
    method: &'r Method,
    status: StatusCode,
    client: IpAddr,
    id: &'r RequestId,
    took: Duration,
}

impl<E: Endpoint> Endpoint for Edge<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let started = Instant::now();
        self.strip_issuer_path(&mut request);
        let (id, client) = self.identify(&mut request);
        let (uri, method) = (request.uri().clone(), request.method().clone());
        let (script, asker) = (Script::of(request.headers()), Asker::wait_for(&mut request));
        let route = self.routes.find(uri.path());
        let allow = route.map(|route| self.routes.allow(route));
        let at = reply::At { path: uri.path(), request_id: &id, allow, counters: &self.counters };
        let mut response = match route {
            Some(route) if !self.routes.allows(route, &method) => answer_method(&method, &at),
            _ => match self.inner.call(request).await {
                Ok(output) => output.into_response(),
                Err(error) => reply::leftover(error, &at),
            },
        };
        add_headers(&mut response, &at, &method);
        script.answer(&self.cors_origins, uri.path(), asker.as_ref(), allow, response.headers_mut());
        let status = response.status();
        self.observe(&Ended { route, method: &method, status, client, id: &id, took: started.elapsed() });
        Ok(response)
    }
}

/// The answer to a method that the route does not have.
fn answer_method(method: &Method, at: &reply::At<'_>) -> Response {
    if *method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into();
    }
    reply::leftover(MethodNotAllowedError.into(), at)
}

/// The headers that every answer has, and those that belong to its path or its status.
fn add_headers(response: &mut Response, at: &reply::At<'_>, method: &Method) {
    let status = response.status();
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, const { HeaderValue::from_static("nosniff") });
    if let Ok(id) = HeaderValue::from_str(at.request_id.as_str()) {
        headers.insert(X_REQUEST_ID, id);
    }
    if at.path.starts_with("/api/") {
        headers.entry(CACHE_CONTROL).or_insert(const { HeaderValue::from_static("no-store") });
    }
    if at.path.starts_with("/oauth2/") {
        let cache = headers.entry(CACHE_CONTROL).or_insert(const { HeaderValue::from_static("no-store") });
        if *cache == "no-store" {
            headers.entry(PRAGMA).or_insert(const { HeaderValue::from_static("no-cache") });
        }
    }
    let wants_allow = status == StatusCode::METHOD_NOT_ALLOWED || *method == Method::OPTIONS;
    if let Some(allow) = at.allow.filter(|_| wants_allow) {
        headers.entry(ALLOW).or_insert_with(|| allow.clone());
    }
}

/// The path that is routed, when `path` holds the issuer's path in one of the places where it belongs.
fn without_issuer_path<'p>(path: &'p str, issuer_path: &str) -> Option<&'p str> {
    match path.strip_prefix(issuer_path) {
        Some("") => Some("/"),
        Some(rest) if rest.starts_with('/') => Some(rest),
        _ => path.strip_suffix(issuer_path).filter(|document| WELL_KNOWN.contains(document)),
    }
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let path_and_query = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.ok()?);
    Uri::from_parts(parts).ok()
}
