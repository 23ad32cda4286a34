//! `countersign serve`: open the doors, make what a first start makes, serve until told to stop.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::greeting;
use super::output::{Complaint, Printed};
use crate::config::Config;
use crate::http::listener::Listener;
use crate::http::{Draining, endpoint};
use crate::jobs::Jobs;

pub fn run(config: Config, json: bool) -> Result<Printed, Complaint> {
    let runtime = super::runtime(config.server.workers)?;
    runtime.block_on(serve(config, json))?;
    Ok(Printed::nothing())
}

async fn serve(config: Config, json: bool) -> Result<(), Complaint> {
    let app = Arc::new(super::open(config).await?);
    let listener =
        Listener::bind(&app.config.server, &app.counters).map_err(|error| Complaint::new(error.to_string()))?;
    greeting::greet(&app, json).await?;

    let draining = Draining::default();
    let endpoint = Arc::new(endpoint(&app, &draining));
    let jobs = Jobs::start(&app);
    let addresses: Vec<String> = listener.addresses().iter().map(ToString::to_string).collect();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        issuer = app.config.issuer.as_str(),
        addresses = addresses.join(", "),
        store = app.store.name(),
        cache = app.cache.name(),
        "serving"
    );
    let drain = Duration::from_secs(app.config.server.drain_seconds);
    listener.serve(endpoint, told_to_stop(draining, drain)?).await;
    jobs.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Ends when the node should take no more connections. SIGTERM first drains: for a while the node still serves and says
/// that it wants no new requests, so that a load balancer sees it. SIGINT, or a second signal, skips that while. Requests
/// under way are finished in any case, for as long as the settings allow.
fn told_to_stop(draining: Draining, drain: Duration) -> Result<impl Future<Output = ()>, Complaint> {
    let unable = |error: io::Error| Complaint::new(format!("signals cannot be waited for: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(unable)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unable)?;
    Ok(async move {
        let drains = tokio::select! {
            _ = terminate.recv() => true,
            _ = interrupt.recv() => false,
        };
        draining.begin();
        if drains {
            tracing::info!(seconds = drain.as_secs(), "draining");
            tokio::select! {
                () = tokio::time::sleep(drain) => {}
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    })
}
