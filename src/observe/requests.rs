//! Requests by route, method and status, and how long they took. They are counted on every request, so there is a
//! fixed place for each combination: no lock, no allocation, and no more series however strange the requests are.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

const OTHER: &str = "other";
/// The last one stands for all that are not listed.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", OTHER];
/// The statuses that this server answers with. The place after the last one is for all others.
const STATUSES: [u16; 31] = [
    200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413,
    415, 416, 422, 428, 429, 500, 501, 503,
];
const STATUS_PLACES: usize = STATUSES.len() + 1;
/// The upper bounds of the buckets in microseconds; the place after the last one has no bound.
const BOUNDS: [u64; 13] =
    [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000];

/// The counts of one list of routes.
#[derive(Debug)]
pub struct Requests {
    /// One per route in the order of the list; the last one stands for all paths that are no route.
    routes: Vec<Route>,
}

#[derive(Debug)]
struct Route {
    label: String,
    by_method: [[AtomicU64; STATUS_PLACES]; METHODS.len()],
    by_duration: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

impl Requests {
    pub(super) fn new<'l>(labels: impl IntoIterator<Item = &'l str>) -> Self {
        Self { routes: labels.into_iter().chain([OTHER]).map(Route::new).collect() }
    }

    /// One request was answered. `route` is its place in the list of routes, if it has one.
    pub fn answered(&self, route: Option<usize>, method: &str, status: u16, took: Duration) {
        let known = route.and_then(|place| self.routes.get(place));
        if let Some(route) = known.or(self.routes.last()) {
            route.by_method[method_place(method)][status_place(status)].fetch_add(1, Relaxed);
            let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            route.by_duration[BOUNDS.partition_point(|bound| *bound < microseconds)].fetch_add(1, Relaxed);
            route.microseconds.fetch_add(microseconds, Relaxed);
        }
    }

    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_counts(encoder)?;
        self.encode_durations(encoder)
    }

    fn encode_counts(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut family = encoder.encode_descriptor("requests", "Requests answered.", None, MetricType::Counter)?;
        for route in &self.routes {
            for (method, by_status) in METHODS.iter().zip(&route.by_method) {
                for (place, count) in by_status.iter().enumerate() {
                    let count = count.load(Relaxed);
                    if count > 0 {
                        let status = STATUSES.get(place).map_or_else(|| OTHER.to_owned(), u16::to_string);
                        let labels = [("route", route.label.as_str()), ("method", method), ("status", &status)];
                        family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn encode_durations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Time from a request's head to its answer's head.";
        let mut family = encoder.encode_descriptor("request_seconds", help, None, MetricType::Histogram)?;
        for route in &self.routes {
            let bounds = BOUNDS.iter().map(|bound| seconds(*bound)).chain([f64::INFINITY]);
            let counts = route.by_duration.iter().map(|count| count.load(Relaxed));
            let buckets: Vec<_> = bounds.zip(counts).collect();
            let count = buckets.iter().map(|(_, count)| count).sum();
            if count > 0 {
                let labels = [("route", route.label.as_str())];
                let sum = seconds(route.microseconds.load(Relaxed));
                family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
            }
        }
        Ok(())
    }
}

impl Route {
    fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            by_method: Default::default(),
            by_duration: Default::default(),
            microseconds: AtomicU64::new(0),
        }
    }
}

fn method_place(method: &str) -> usize {
    METHODS.iter().position(|known| *known == method).unwrap_or(METHODS.len() - 1)
}

fn status_place(status: u16) -> usize {
    STATUSES.binary_search(&status).unwrap_or(STATUSES.len())
}

fn seconds(microseconds: u64) -> f64 {
    Duration::from_micros(microseconds).as_secs_f64()
}
