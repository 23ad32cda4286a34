//! Sealing: the leader gives acts their places in the chain, batch by batch, and signs the head of each batch.

use super::chain::{self, Head};
use crate::app::App;
use crate::failure::Outcome;
use crate::store::audit::ActRow;
use crate::store::audit::seals::{Link, SEAL};
use crate::store::leases::Leadership;
use crate::store::signing_keys::Step;
use crate::time::UnixTime;

/// Acts under one seal at most: SQLite's other writes wait while they are sealed.
const BATCH: i64 = 200;

/// Seals what is due, and returns how many acts that were. Acts come in the order in which they are found, not by their
/// time alone: one that was committed late gets a later place.
pub async fn seal(app: &App, leadership: &Leadership, now: UnixTime) -> Outcome<i64> {
    let mut sealed = 0;
    let mut head = app.store.last_seal().await?.map(Head::of).unwrap_or_default();
    loop {
        let acts = app.store.unsealed_acts(BATCH).await?;
        if !is_due(app, &acts, now) {
            return Ok(sealed);
        }
        let mut links = Vec::with_capacity(acts.len());
        for act in acts {
            head = head.then(&act);
            links.push(Link { id: act.id, position: head.position, hash: head.hash.clone() });
        }
        let count = i64::try_from(links.len()).unwrap_or(BATCH);
        let row = chain::sign(&app.keyring, SEAL, &head, count, now).await?;
        if app.store.seal_acts(links, row, leadership.clone()).await? == Step::Overtaken {
            tracing::warn!("the audit log was not sealed: another node leads, or the log was changed meanwhile");
            return Ok(sealed);
        }
        // Kept outside the database, the head shows a log whose end was cut off.
        tracing::info!(%head, acts = count, "the audit log was sealed");
        sealed += count;
    }
}

/// A full batch is due at once, a single act after a while.
fn is_due(app: &App, acts: &[ActRow], now: UnixTime) -> bool {
    let patience = i64::from(app.config.audit.seal_seconds);
    let is_full = i64::try_from(acts.len()) == Ok(BATCH);
    is_full || acts.first().is_some_and(|oldest| now.since(oldest.at) >= patience)
}
