//! The counters and gauges of `/metrics`, as OpenMetrics text. All labels but key ids come from closed lists.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::EncodeMetric;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::{Requests, process};
use crate::time::UnixTime;

/// The media type of what `Counters::encode` returns.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// A handle on the counters of one server; clones count in the same place.
#[derive(Clone)]
pub struct Counters(Arc<Inner>);

struct Inner {
    registry: Registry,
    filled: Arc<Filled>,
    tokens_issued: Family<Labels<1>, Counter>,
    refreshes: Family<Labels<1>, Counter>,
    refusals: Family<Labels<2>, Counter>,
    broken: Family<Labels<1>, Counter>,
    cache: Family<Labels<2>, Counter>,
    limited: Family<Labels<1>, Counter>,
    pool_size: Gauge,
    pool_available: Gauge,
    pool_waiting: Gauge,
    connections: Gauge,
    mail_sent: Counter,
    mail_failed: Family<Labels<1>, Counter>,
    logouts_told: Family<Labels<1>, Counter>,
    key_set_fetches: Family<Labels<1>, Counter>,
    outbox_waiting: Gauge,
    outbox_dead: Gauge,
}

/// How old a key is, and what it is used for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAge {
    pub kid: String,
    pub phase: &'static str,
    pub algorithm: &'static str,
    pub age_seconds: i64,
}

impl Counters {
    /// `started` is when this process started.
    pub fn new(started: UnixTime) -> Self {
        let mut registry = Registry::with_prefix("countersign");
        let inner = Inner {
            filled: Arc::default(),
            tokens_issued: register(&mut registry, "tokens_issued", "Access tokens issued, by grant"),
            refreshes: register(&mut registry, "refreshes", "Uses of refresh tokens, by what came of them"),
            refusals: register(&mut registry, "refusals", "Requests refused, by public code and private reason"),
            broken: register(&mut registry, "broken", "Failures of this server or of what it depends on"),
            cache: register(&mut registry, "cache", "Uses of the cache, by verb and outcome"),
            limited: register(&mut registry, "limited", "What a limit did not let through, by policy"),
            pool_size: register(&mut registry, "pool_size", "Database connections in the pool"),
            pool_available: register(&mut registry, "pool_available", "Database connections that nobody uses"),
            pool_waiting: register(&mut registry, "pool_waiting", "Requests waiting for a database connection"),
            connections: register(&mut registry, "connections", "Open connections of clients"),
            mail_sent: register(&mut registry, "mail_sent", "Letters that were delivered"),
            mail_failed: register(&mut registry, "mail_failed", "Deliveries of letters that failed, by reason"),
            logouts_told: register(&mut registry, "logouts_told", "Calls of clients about a logout, by outcome"),
            key_set_fetches: register(&mut registry, "key_set_fetches", "Fetches of clients' key sets, by outcome"),
            outbox_waiting: register(&mut registry, "outbox_waiting", "Letters that are still to be delivered"),
            outbox_dead: register(&mut registry, "outbox_dead", "Letters of the last week that were given up"),
            registry,
        };
        Self(Arc::new(inner.with_process(started)))
    }

    /// The place where the requests of a list of routes are counted; a later list replaces an earlier one.
    pub fn requests<'l>(&self, labels: impl IntoIterator<Item = &'l str>) -> Arc<Requests> {
        let requests = Arc::new(Requests::new(labels));
        *self.0.filled.requests() = Some(Arc::clone(&requests));
        requests
    }

    pub fn token_issued(&self, grant: &'static str) {
        self.0.tokens_issued.get_or_create(&[("grant", grant)]).inc();
    }

    /// `rotated`, `retried` or `reused`.
    pub fn refreshed(&self, outcome: &'static str) {
        self.0.refreshes.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub fn refused(&self, error: &'static str, reason: &'static str) {
        self.0.refusals.get_or_create(&[("error", error), ("reason", reason)]).inc();
    }

    pub fn broken(&self, what: &'static str) {
        self.0.broken.get_or_create(&[("what", what)]).inc();
    }

    pub fn cache(&self, verb: &'static str, outcome: &'static str) {
        self.0.cache.get_or_create(&[("verb", verb), ("outcome", outcome)]).inc();
    }

    pub fn limited(&self, policy: &'static str) {
        self.0.limited.get_or_create(&[("policy", policy)]).inc();
    }

    pub fn set_pool(&self, size: usize, available: usize, waiting: usize) {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.0.pool_size.set(number(size));
        self.0.pool_available.set(number(available));
        self.0.pool_waiting.set(number(waiting));
    }

    pub fn mail_sent(&self) {
        self.0.mail_sent.inc();
    }

    pub fn mail_failed(&self, reason: &'static str) {
        self.0.mail_failed.get_or_create(&[("reason", reason)]).inc();
    }

    /// `told`, or why not.
    pub fn logout_told(&self, outcome: &'static str) {
        self.0.logouts_told.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// `fetched`, or why not.
    pub fn key_set_fetched(&self, outcome: &'static str) {
        self.0.key_set_fetches.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub fn set_outbox(&self, waiting: i64, dead: i64) {
        self.0.outbox_waiting.set(waiting);
        self.0.outbox_dead.set(dead);
    }

    pub fn set_keys(&self, keys: Vec<KeyAge>) {
        *self.0.filled.keys() = keys;
    }

    /// Counts a connection as open until the returned value is dropped.
    pub fn connection_opened(&self) -> OpenConnection {
        self.0.connections.inc();
        OpenConnection(self.0.connections.clone())
    }

    /// Everything as text. A reader recognises text that was cut short by its missing end mark.
    pub fn encode(&self) -> String {
        let mut out = String::new();
        if text::encode(&mut out, &self.0.registry).is_err() {
            tracing::warn!("the metrics could not be written out");
        }
        out
    }
}

/// An open connection, for as long as it is held.
#[must_use]
pub struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Makes a metric that is known to the registry.
fn register<M>(registry: &mut Registry, name: &str, help: &str) -> M
where
    M: prometheus_client::registry::Metric + Clone + Default,
{
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

impl Inner {
    fn with_process(mut self, started: UnixTime) -> Self {
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        let start = ConstGauge::new(started.seconds());
        self.registry.register("build", "The running version", build);
        self.registry.register("process_start_time_seconds", "When this process started, in unix time", start);
        self.registry.register_collector(Box::new(Arc::clone(&self.filled)));
        self
    }
}

/// What is only known when somebody asks.
#[derive(Debug, Default)]
struct Filled {
    requests: Mutex<Option<Arc<Requests>>>,
    keys: Mutex<Vec<KeyAge>>,
}

impl Filled {
    fn requests(&self) -> MutexGuard<'_, Option<Arc<Requests>>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keys(&self) -> MutexGuard<'_, Vec<KeyAge>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Filled {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        if let Some(requests) = self.requests().as_ref() {
            requests.encode(&mut encoder)?;
        }
        let keys = self.keys();
        let help = "Age of each signing key.";
        let mut family = encoder.encode_descriptor("key_age_seconds", help, None, MetricType::Gauge)?;
        for key in keys.iter() {
            let labels = [("kid", key.kid.as_str()), ("phase", key.phase), ("algorithm", key.algorithm)];
            family.encode_family(&labels)?.encode_gauge(&key.age_seconds)?;
        }
        if let Some(bytes) = process::resident_bytes() {
            let help = "Resident memory of this process.";
            let gauge = encoder.encode_descriptor("process_resident_memory_bytes", help, None, MetricType::Gauge)?;
            ConstGauge::new(bytes).encode(gauge)?;
        }
        Ok(())
    }
}
