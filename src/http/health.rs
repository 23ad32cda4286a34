//! Health: is the process alive, and should it get requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::StatusCode;
use http::header::CACHE_CONTROL;
use poem::{Request, Response};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::answer::{Answer, Described};
use super::context::settle;
use super::privileged;
use super::reply::{self, Manner};
use super::tags::Tag;
use crate::app::App;
use crate::failure::Outcome;

/// Whoever asks for health does not wait longer for a dependency than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// Set when the node was told to stop: it goes on serving, but asks for no new requests.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// It answers rightly, but slower.
    Degraded,
    Unavailable,
    Draining,
}

#[derive(Serialize)]
struct Health {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<Dependency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache: Option<Dependency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_sign: Option<bool>,
}

#[derive(Serialize)]
struct Dependency {
    kind: &'static str,
    up: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// How the node is.
#[derive(Object)]
#[oai(rename = "Health")]
struct HealthBody {
    /// `ok`, `degraded` (right but slower: the cache is away), `unavailable` or `draining`
    status: String,
    /// This and the members below only for this machine, listed networks, or a token with the scope.
    version: Option<String>,
    store: Option<DependencyBody>,
    cache: Option<DependencyBody>,
    can_sign: Option<bool>,
}

/// Something that the server needs.
#[derive(Object)]
#[oai(rename = "Dependency")]
struct DependencyBody {
    kind: String,
    up: bool,
    problem: Option<String>,
}

struct NodeHealth;
impl Described for NodeHealth {
    type Body = HealthBody;
    const SUCCESS: &'static str =
        "The node can serve (`degraded`: slower than usual); 503 with the same body when it cannot";
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] = &[];
}

pub struct HealthApi {
    pub app: Arc<App>,
    pub draining: Draining,
}

#[OpenApi(tag = "Tag::Operations")]
impl HealthApi {
    /// How the node is
    #[oai(path = "/health", method = "get", operation_id = "health")]
    async fn health(&self, request: &Request) -> Answer<NodeHealth> {
        settle(self.answer(request).await, Manner::Problem, request, &self.app).into()
    }

    /// Whether the process is alive
    ///
    /// It asks nothing of anything else: a restart would not bring a database back.
    #[oai(path = "/health/live", method = "get", operation_id = "live")]
    async fn live(&self, request: &Request) -> Answer<NodeHealth> {
        let alive = Health { status: Status::Ok, version: None, store: None, cache: None, can_sign: None };
        settle(respond(&alive), Manner::Problem, request, &self.app).into()
    }

    /// Whether the node should get requests
    ///
    /// 200 also when the cache is away (`degraded`); 503 when the database is away, no key can sign, or the node drains.
    #[oai(path = "/health/ready", method = "get", operation_id = "ready")]
    async fn ready(&self, request: &Request) -> Answer<NodeHealth> {
        settle(self.answer(request).await, Manner::Problem, request, &self.app).into()
    }
}

impl HealthApi {
    async fn answer(&self, request: &Request) -> Outcome<Response> {
        let app = &self.app;
        let (store, cache) = tokio::join!(problem(app.directory.poll()), problem(app.cache.ping()));
        let can_sign = app.keyring.ring().has_signer();
        let status = if self.draining.has_begun() {
            Status::Draining
        } else if store.is_some() || !can_sign {
            Status::Unavailable
        } else if cache.is_some() {
            Status::Degraded
        } else {
            Status::Ok
        };
        let mut health = Health { status, version: None, store: None, cache: None, can_sign: None };
        if privileged::is_allowed(app, request).await {
            health.version = Some(env!("CARGO_PKG_VERSION"));
            health.store = Some(Dependency { kind: app.store.name(), up: store.is_none(), problem: store });
            health.cache = Some(Dependency { kind: app.cache.name(), up: cache.is_none(), problem: cache });
            health.can_sign = Some(can_sign);
        }
        respond(&health)
    }
}

fn respond(health: &Health) -> Outcome<Response> {
    let mut response = reply::json(health)?;
    if matches!(health.status, Status::Unavailable | Status::Draining) {
        response.set_status(StatusCode::SERVICE_UNAVAILABLE);
    }
    response.headers_mut().insert(CACHE_CONTROL, const { http::HeaderValue::from_static("no-store") });
    Ok(response)
}

/// What is wrong with a dependency; `None` when it answers.
async fn problem<T, E: std::fmt::Display>(answer: impl Future<Output = Result<T, E>>) -> Option<String> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("it does not answer".to_owned()),
    }
}
