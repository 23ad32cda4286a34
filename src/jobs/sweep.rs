//! What may be forgotten is forgotten, a little at a time and in the background. docs/OPERATIONS.md lists how long each
//! kind of row stays.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::app::App;
use crate::audit::{self, Act, By};
use crate::store::StoreResult;
use crate::store::grants::GrantsWalk;
use crate::store::held_usernames::FORGOTTEN_AT_ONCE;
use crate::store::sweep::BATCH;
use crate::time::UnixTime;

/// Batches of one sweep; what is left is left to the next one.
const BATCHES: usize = 100;
/// Between two batches, so that requests come first.
const BETWEEN_BATCHES: Duration = Duration::from_millis(50);
/// Nodes' clocks differ; a token is forgotten only when it has expired on all of them.
const MARGIN_SECONDS: i64 = 120;

/// Clients that go between two pauses: each in a transaction of its own, with its record.
const CLIENTS_AT_ONCE: i64 = 50;

/// How many rows went, by their kind.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    rows: Vec<(&'static str, usize)>,
    /// Whether there was more than one sweep takes.
    pub unfinished: bool,
}

impl Swept {
    fn note(&mut self, kind: &'static str, (rows, more): (usize, bool)) {
        self.rows.push((kind, rows));
        self.unfinished |= more;
    }

    pub fn rows(&self) -> &[(&'static str, usize)] {
        &self.rows
    }

    /// How many rows of one kind.
    pub fn of(&self, kind: &str) -> usize {
        self.rows.iter().find(|(each, _)| *each == kind).map_or(0, |(_, rows)| *rows)
    }

    pub fn total(&self) -> usize {
        self.rows.iter().map(|(_, rows)| rows).sum()
    }

    /// What two sweeps did, one after the other.
    pub fn and(mut self, later: &Self) -> Self {
        for ((_, rows), (_, more)) in self.rows.iter_mut().zip(&later.rows) {
            *rows += more;
        }
        self.unfinished = later.unfinished;
        self
    }
}

impl Serialize for Swept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.rows.iter().copied())
    }
}

/// As much as fits into a few seconds. Any node may do so at any time: a row that goes twice is gone. `walk` remembers how
/// far the grants were looked through.
pub async fn sweep(app: &App, walk: &mut GrantsWalk, now: UnixTime) -> StoreResult<Swept> {
    let (store, before) = (&app.store, now.minus(MARGIN_SECONDS));
    let mut swept = Swept::default();
    swept.note("revoked_tokens", in_batches(|| store.sweep_revoked_tokens(before)).await?);
    swept.note("client_assertions", in_batches(|| store.sweep_client_assertions(before)).await?);
    swept.note("login_failures", in_batches(|| store.sweep_login_failures(before)).await?);
    swept.note("idempotency_keys", in_batches(|| store.sweep_idempotency(before)).await?);
    swept.note("one_time_tokens", in_batches(|| store.sweep_one_time_tokens(before)).await?);
    swept.note("sessions", in_batches(|| store.sweep_sessions(before)).await?);
    swept.note("session_clients", in_batches(|| store.sweep_session_clients(before)).await?);
    swept.note("codes", in_batches(|| store.sweep_codes(before)).await?);
    swept.note("upstream_logins", in_batches(|| store.sweep_upstream_logins(before)).await?);
    swept.note("initial_tokens", in_batches(|| store.sweep_initial_tokens(before)).await?);
    swept.note("unused_clients", sweep_unused_clients(app, now).await?);
    swept.note("held_usernames", in_batches(|| store.sweep_held_usernames(before)).await?);
    let unconfirmed = in_batches_of(FORGOTTEN_AT_ONCE, || store.sweep_unconfirmed_users(before, now));
    swept.note("unconfirmed_users", unconfirmed.await?);
    swept.note("dead_letters", in_batches(|| store.sweep_outbox(now)).await?);
    swept.note("client_secrets", (store.sweep_client_secrets(now).await?, false));
    let mut personal = (0, true);
    for _ in 0..BATCHES {
        let (rows, more) = audit::sweep_personal_data(app, now).await?;
        personal = (personal.0 + rows, more);
        if !more {
            break;
        }
        tokio::time::sleep(BETWEEN_BATCHES).await;
    }
    swept.note("personal_data", personal);
    swept.note("grants", sweep_grants(app, walk, now).await?);
    Ok(swept)
}

/// Clients that registered themselves, and at which nobody ever signed in.
async fn sweep_unused_clients(app: &App, now: UnixTime) -> StoreResult<(usize, bool)> {
    let before = now.minus(app.config.registration.unused_seconds() + MARGIN_SECONDS);
    let mut gone = 0;
    for _ in 0..BATCHES {
        let unused = app.store.unused_clients(before, CLIENTS_AT_ONCE).await?;
        let found = unused.len();
        let mut went = 0;
        for id in unused {
            let audit = By::system().does(Act::ClientDeleted).on("client", &id).at_client(&id).record(now);
            went += usize::from(app.store.delete_unused_client(id, audit).await?);
        }
        gone += went;
        // Where somebody signs in meanwhile, the next sweep looks again.
        if went == 0 || i64::try_from(found).unwrap_or(i64::MAX) < CLIENTS_AT_ONCE {
            return Ok((gone, false));
        }
        tokio::time::sleep(BETWEEN_BATCHES).await;
    }
    Ok((gone, true))
}

/// Grants change with every use, so no index says which are old: they are looked through in the order of their ids.
async fn sweep_grants(app: &App, walk: &mut GrantsWalk, now: UnixTime) -> StoreResult<(usize, bool)> {
    let settings = &app.config.tokens;
    walk.unused_since = now.minus(settings.refresh_idle_seconds() + MARGIN_SECONDS);
    walk.rotated_before = now.minus(settings.refresh_retry_seconds.into());
    walk.before = now.minus(MARGIN_SECONDS);
    let mut gone = 0;
    for _ in 0..BATCHES {
        gone += app.store.sweep_grants(walk).await?;
        if walk.is_at_the_end() {
            return Ok((gone, false));
        }
        tokio::time::sleep(BETWEEN_BATCHES).await;
    }
    Ok((gone, true))
}

/// How many rows went, and whether there are more.
async fn in_batches<F: Future<Output = StoreResult<usize>>>(batch: impl Fn() -> F) -> StoreResult<(usize, bool)> {
    in_batches_of(BATCH, batch).await
}

async fn in_batches_of<F: Future<Output = StoreResult<usize>>>(
    most: i64,
    batch: impl Fn() -> F,
) -> StoreResult<(usize, bool)> {
    let mut gone = 0;
    for _ in 0..BATCHES {
        let rows = batch().await?;
        gone += rows;
        if i64::try_from(rows).unwrap_or(i64::MAX) < most {
            return Ok((gone, false));
        }
        tokio::time::sleep(BETWEEN_BATCHES).await;
    }
    Ok((gone, true))
}
