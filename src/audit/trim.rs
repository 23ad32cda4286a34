//! Retention: old acts go, and leave a signed checkpoint where the chain begins from then on. What is personal goes sooner.

use serde_json::json;

use super::chain::{self, Head};
use super::{Act, By};
use crate::app::App;
use crate::failure::Outcome;
use crate::store::StoreResult;
use crate::store::audit::seals::CHECKPOINT;
use crate::store::leases::Leadership;
use crate::store::signing_keys::Step;
use crate::store::sweep::BATCH;
use crate::time::UnixTime;

/// What is trimmed is recorded, and that is an act to be trimmed in its turn: so it is done about once a day.
const LEEWAY_SECONDS: i64 = 86_400;
/// Batches of one call; what is left is left to the next one.
const BATCHES: usize = 100;

/// Removes acts that were sealed longer ago than they are kept, and returns how many went.
pub async fn trim(app: &App, leadership: &Leadership, now: UnixTime) -> Outcome<i64> {
    let Some(kept) = app.config.audit.retention_seconds() else { return Ok(0) };
    let before = now.minus(kept);
    let mut begin = app.store.checkpoint().await?.map(Head::of).unwrap_or_default();
    let overdue = before.minus(LEEWAY_SECONDS);
    if app.store.seal_to_trim_to(begin.position, overdue).await?.is_none() {
        return Ok(0);
    }
    let mut trimmed = 0;
    for _ in 0..BATCHES {
        let Some(seal) = app.store.seal_to_trim_to(begin.position, before).await? else { break };
        let head = Head::of(seal);
        let count = head.position - begin.position;
        let checkpoint = chain::sign(&app.keyring, CHECKPOINT, &head, count, now).await?;
        let act = By::system().does(Act::AuditTrimmed).with(json!({"begins_after": head.position, "removed": count}));
        if app.store.trim_acts(checkpoint, leadership.clone(), act.record(now)).await? == Step::Overtaken {
            tracing::error!(
                "the audit log was not trimmed: another node leads, or acts are missing (`countersign audit verify`)"
            );
            break;
        }
        tracing::info!(%head, removed = count, "the audit log was trimmed");
        trimmed += count;
        begin = head;
    }
    Ok(trimmed)
}

/// Forgets one batch of what is personal and older than it is kept. The chain does not notice.
pub async fn sweep_personal_data(app: &App, now: UnixTime) -> StoreResult<(usize, bool)> {
    let Some(kept) = app.config.audit.personal_seconds() else { return Ok((0, false)) };
    let rows = app.store.sweep_personal_data(now.minus(kept)).await?;
    Ok((rows, i64::try_from(rows) == Ok(BATCH)))
}
