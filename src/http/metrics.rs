//! Metrics for Prometheus.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use poem::{Request, Response};
use poem_openapi::OpenApi;

use super::answer::{Answer, Described};
use super::context::settle;
use super::privileged;
use super::reply::Manner;
use super::tags::Tag;
use crate::app::App;
use crate::failure::Outcome;
use crate::observe::{CONTENT_TYPE as OPEN_METRICS, KeyAge};

struct Metrics;
impl Described for Metrics {
    type Body = String;
    const CONTENT_TYPE: &'static str = "application/openmetrics-text";
    const SUCCESS: &'static str = "OpenMetrics text";
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] =
        &[(401, "Not from here, or the token is not good"), (403, "The token lacks the scope")];
}

pub struct MetricsApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::Operations")]
impl MetricsApi {
    /// Metrics for Prometheus
    ///
    /// For this machine, the networks of `metrics.networks`, and access tokens with the scope of `metrics.scope`.
    #[oai(path = "/metrics", method = "get", operation_id = "metrics")]
    async fn metrics(&self, request: &Request) -> Answer<Metrics> {
        settle(self.answer(request).await, Manner::Problem, request, &self.app).into()
    }
}

impl MetricsApi {
    async fn answer(&self, request: &Request) -> Outcome<Response> {
        privileged::check(&self.app, request).await?;
        let app = &self.app;
        let pool = app.store.pool_state();
        app.counters.set_pool(pool.size, pool.available, pool.waiting);
        app.counters.set_keys(key_ages(app));
        Ok(Response::builder()
            .header(CONTENT_TYPE, OPEN_METRICS)
            .header(CACHE_CONTROL, "no-store")
            .body(app.counters.encode()))
    }
}

fn key_ages(app: &App) -> Vec<KeyAge> {
    let now = app.clock.now();
    let ring = app.keyring.ring();
    let live = ring.summaries().iter().filter(|key| key.ended_at.is_none());
    live.map(|key| KeyAge {
        kid: key.kid.clone(),
        phase: key.phase_name(),
        algorithm: key.algorithm_name(),
        age_seconds: now.since(key.created_at),
    })
    .collect()
}
