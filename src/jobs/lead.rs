//! The leader's work. Leading is a lease in the store; what the leader writes counts only while the lease is its own.

use std::time::Duration;

use tokio::sync::watch::Receiver;

use super::pause;
use crate::app::App;
use crate::secret;
use crate::store::StoreResult;
use crate::store::leases::Leadership;
use crate::store::sweep::BATCH;
use crate::time::UnixTime;

/// A third of the lease, so that one missed round loses nothing.
const EVERY: Duration = Duration::from_secs(5);
/// Rounds between two sweeps.
const SWEEP_ROUNDS: u32 = 12;
/// Batches of one sweep; what is left is left to the next one.
const BATCHES: usize = 100;
/// Between two batches, so that requests come first.
const BETWEEN_BATCHES: Duration = Duration::from_millis(50);
/// Nodes' clocks differ; a token is forgotten only when it has expired on all of them.
const SWEEP_MARGIN_SECONDS: i64 = 120;

pub async fn lead(app: App, mut stopped: Receiver<bool>) {
    let holder = secret::random_id();
    let mut held: Option<Leadership> = None;
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
            let unfinished = work(&app, leadership, round % SWEEP_ROUNDS == 0).await;
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
async fn work(app: &App, leadership: &Leadership, sweeps: bool) -> bool {
    let now = app.clock.now();
    if let Err(error) = app.keyring.keep(now, leadership).await {
        tracing::error!(%error, "the signing keys could not be kept");
        app.counters.broken("keyring");
    }
    if !sweeps {
        return false;
    }
    match sweep(app, now).await {
        Ok(Swept { revoked_tokens, client_secrets, unfinished }) => {
            if revoked_tokens + client_secrets > 0 {
                tracing::info!(revoked_tokens, client_secrets, "swept");
            }
            unfinished
        }
        Err(error) => {
            tracing::warn!(%error, "the sweep did not finish");
            false
        }
    }
}

/// How many rows went.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Swept {
    pub revoked_tokens: usize,
    pub client_secrets: usize,
    /// Whether there was more than one sweep takes.
    #[serde(skip)]
    pub unfinished: bool,
}

/// Forgets what may be forgotten, as much as fits into a few seconds. Any node may do so at any time: a row that goes
/// twice is gone.
pub async fn sweep(app: &App, now: UnixTime) -> StoreResult<Swept> {
    let before = now.minus(SWEEP_MARGIN_SECONDS);
    let mut swept = Swept::default();
    for _ in 0..BATCHES {
        let rows = app.store.sweep_revoked_tokens(before).await?;
        swept.revoked_tokens += rows;
        swept.unfinished = i64::try_from(rows).unwrap_or(i64::MAX) == BATCH;
        if !swept.unfinished {
            break;
        }
        tokio::time::sleep(BETWEEN_BATCHES).await;
    }
    swept.client_secrets = app.store.sweep_client_secrets(now).await?;
    Ok(swept)
}
