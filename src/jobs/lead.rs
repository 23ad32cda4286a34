//! The leader's work. Leading is a lease in the store; what the leader writes counts only while the lease is its own.

use std::time::Duration;

use tokio::sync::watch::Receiver;

use super::pause;
use super::sweep::sweep;
use crate::app::App;
use crate::audit;
use crate::failure::Failure;
use crate::secret;
use crate::store::grants::GrantsWalk;
use crate::store::leases::Leadership;

/// A third of the lease, so that one missed round loses nothing.
const EVERY: Duration = Duration::from_secs(5);
/// Rounds between two sweeps.
const SWEEP_ROUNDS: u32 = 12;

pub async fn lead(app: App, mut stopped: Receiver<bool>) {
    let holder = secret::random_id();
    let mut held: Option<Leadership> = None;
    let mut walk = GrantsWalk::default();
    let mut round = 0;
    loop {
        let led = held.is_some();
        held = match app.store.lead(&holder, held.take()).await {
            Ok(held) => held,
            Err(error) => {
                tracing::warn!(%error, "cannot ask for the leader's lease");
                None
            }
        };
        if led != held.is_some() {
            tracing::info!(leads = held.is_some(), "leadership changed");
        }
        if let Some(leadership) = &held {
            let unfinished = work(&app, leadership, &mut walk, round % SWEEP_ROUNDS == 0).await;
            round = if unfinished { 0 } else { round + 1 };
        }
        if !pause(EVERY, &mut stopped).await {
            break;
        }
    }
    if let Some(leadership) = held
        && let Err(error) = app.store.resign(leadership).await
    {
        tracing::warn!(%error, "the leader's lease could not be handed back and will run out by itself");
    }
}

/// Whether the next round should sweep again.
async fn work(app: &App, leadership: &Leadership, walk: &mut GrantsWalk, sweeps: bool) -> bool {
    let now = app.clock.now();
    if let Err(error) = app.keyring.keep(now, leadership).await {
        tracing::error!(%error, "the signing keys could not be kept");
        app.counters.broken("keyring");
    }
    if let Err(failure) = audit::seal(app, leadership, now).await {
        complain(app, &failure, "the audit log could not be sealed");
    }
    if !sweeps {
        return false;
    }
    if let Err(failure) = audit::trim(app, leadership, now).await {
        complain(app, &failure, "the audit log could not be trimmed");
    }
    match sweep(app, walk, now).await {
        Ok(swept) => {
            if swept.total() > 0 {
                tracing::info!(rows = ?swept.rows(), "swept");
            }
            swept.unfinished
        }
        Err(error) => {
            tracing::warn!(%error, "the sweep did not finish");
            false
        }
    }
}

fn complain(app: &App, failure: &Failure, what: &'static str) {
    tracing::error!(?failure, "{what}");
    app.counters.broken("audit");
}
