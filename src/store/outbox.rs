//! `outbox`: what is to be delivered to others, put here in the transaction of the act that it tells of. A claim is a row
//! whose time has been moved: should the claimant fall, the row becomes due again by itself.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Store, read, tx, write};
use super::schema::outbox;
use super::sweep::BATCH;
use crate::time::UnixTime;

/// What is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Mail,
    /// That a session is over, for a client.
    Farewell,
}

impl Delivery {
    pub const ALL: [Self; 2] = [Self::Mail, Self::Farewell];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Farewell => "farewell",
        }
    }
}

/// How long a claim keeps others away: longer than any try takes.
pub const CLAIM_SECONDS: i64 = 300;
/// What could not be delivered for so long is dead.
pub const LIFETIME_SECONDS: i64 = 86_400;
/// How long the dead stay, so that somebody can see them.
pub const DEAD_SECONDS: i64 = 7 * 86_400;

/// A row for `enqueue!`, sealed and bound to its id.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = outbox)]
pub struct OutboxRow {
    pub id: String,
    pub kind: String,
    pub sealed: String,
    pub created_at: UnixTime,
    pub attempts: i64,
    pub due_at: Option<UnixTime>,
}

impl OutboxRow {
    /// Due at once.
    pub fn new(id: String, kind: Delivery, sealed: String, now: UnixTime) -> Self {
        Self { id, kind: kind.as_str().to_owned(), sealed, created_at: now, attempts: 0, due_at: Some(now) }
    }
}

/// A row that is the claimant's to deliver, until its claim runs out.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub struct Claimed {
    pub id: String,
    pub sealed: String,
    pub created_at: UnixTime,
    /// This one counted.
    pub attempts: i64,
    /// Who holds it.
    pub claimed_by: Option<String>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCount {
    pub waiting: i64,
    pub dead: i64,
}

/// `enqueue!(c, row)`: inside the transaction of the act that the row tells of.
macro_rules! enqueue {
    ($c:ident, $row:expr) => {{
        use $crate::store::schema::outbox;
        let row: $crate::store::outbox::OutboxRow = $row;
        diesel::insert_into(outbox::table).values(row).execute($c).await?;
    }};
}

#[allow(unused_imports, reason = "for the acts of other tables")]
pub(super) use enqueue;

impl Store {
    /// Puts a row there on its own, without an act that it belongs to.
    pub async fn enqueue(&self, row: OutboxRow) -> StoreResult<()> {
        write!(self, async |c| {
            enqueue!(c, row);
            Ok(())
        })
    }

    /// Whether anything of this kind is due.
    pub async fn outbox_is_due(&self, kind: Delivery, now: UnixTime) -> StoreResult<bool> {
        let found: Option<String> = read!(self, async |c| {
            Ok(outbox::table
                .filter(outbox::kind.eq(kind.as_str()))
                .filter(outbox::due_at.le(now))
                .filter(outbox::created_at.gt(now.minus(LIFETIME_SECONDS)))
                .select(outbox::id)
                .first(c)
                .await
                .optional()?)
        })?;
        Ok(found.is_some())
    }

    /// Takes up to `limit` rows that are due, the longest waiting first. `claimant` is a new name for each claim.
    pub async fn claim_outbox(
        &self,
        kind: Delivery,
        claimant: String,
        limit: i64,
        now: UnixTime,
    ) -> StoreResult<Vec<Claimed>> {
        let waiting = diesel::alias!(outbox as waiting);
        let mut claimed: Vec<Claimed> = write!(self, async |c| {
            // On Postgres two may choose the same row; the second one waits, looks again, and finds it no longer due.
            Ok(diesel::update(
                outbox::table.filter(outbox::due_at.le(now)).filter(
                    outbox::id.eq_any(
                        waiting
                            .select(waiting.field(outbox::id))
                            .filter(waiting.field(outbox::kind).eq(kind.as_str()))
                            .filter(waiting.field(outbox::due_at).le(now))
                            .filter(waiting.field(outbox::created_at).gt(now.minus(LIFETIME_SECONDS)))
                            .order(waiting.field(outbox::due_at))
                            .limit(limit),
                    ),
                ),
            )
            .set((
                outbox::due_at.eq(now.plus(CLAIM_SECONDS)),
                outbox::claimed_by.eq(claimant),
                outbox::attempts.eq(outbox::attempts + 1),
            ))
            .returning(Claimed::as_returning())
            .get_results(c)
            .await?)
        })?;
        claimed.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(claimed)
    }

    /// It has arrived; `false` when the claim had run out and somebody else took the row.
    pub async fn delivered(&self, row: Claimed) -> StoreResult<bool> {
        let rows = write!(self, async |c| {
            Ok(diesel::delete(
                outbox::table.filter(outbox::id.eq(row.id)).filter(outbox::claimed_by.eq(row.claimed_by)),
            )
            .execute(c)
            .await?)
        })?;
        Ok(rows == 1)
    }

    /// It will be tried again at `due_at`; `false` as for `delivered`.
    pub async fn try_again(&self, row: Claimed, due_at: UnixTime) -> StoreResult<bool> {
        let rows = write!(self, async |c| {
            Ok(diesel::update(
                outbox::table.filter(outbox::id.eq(row.id)).filter(outbox::claimed_by.eq(row.claimed_by)),
            )
            .set((outbox::due_at.eq(due_at), outbox::claimed_by.eq(None::<String>)))
            .execute(c)
            .await?)
        })?;
        Ok(rows == 1)
    }

    /// It never will arrive; `false` as for `delivered`.
    pub async fn give_up(&self, row: Claimed, reason: &'static str, now: UnixTime) -> StoreResult<bool> {
        let rows = write!(self, async |c| {
            Ok(diesel::update(
                outbox::table.filter(outbox::id.eq(row.id)).filter(outbox::claimed_by.eq(row.claimed_by)),
            )
            .set((
                outbox::due_at.eq(None::<UnixTime>),
                outbox::claimed_by.eq(None::<String>),
                outbox::dead_at.eq(now),
                outbox::dead_reason.eq(reason),
            ))
            .execute(c)
            .await?)
        })?;
        Ok(rows == 1)
    }

    pub async fn outbox_count(&self, kind: Delivery) -> StoreResult<OutboxCount> {
        read!(self, async |c| {
            let of_kind = outbox::table.filter(outbox::kind.eq(kind.as_str()));
            let waiting = of_kind.filter(outbox::due_at.is_not_null()).count().get_result(c).await?;
            let dead = of_kind.filter(outbox::due_at.is_null()).count().get_result(c).await?;
            Ok(OutboxCount { waiting, dead })
        })
    }

    /// Buries what nobody could deliver in its lifetime, and forgets one batch of what has been dead for a week: the caller
    /// goes on until it gets less than `BATCH`. A row that is claimed is left to its claimant.
    pub async fn sweep_outbox(&self, now: UnixTime) -> StoreResult<usize> {
        let old = diesel::alias!(outbox as old);
        tx!(self, async |c| {
            diesel::update(
                outbox::table.filter(outbox::created_at.le(now.minus(LIFETIME_SECONDS))).filter(outbox::due_at.le(now)),
            )
            .set((
                outbox::due_at.eq(None::<UnixTime>),
                outbox::claimed_by.eq(None::<String>),
                outbox::dead_at.eq(now),
                outbox::dead_reason.eq(TOO_OLD),
            ))
            .execute(c)
            .await?;
            Ok(diesel::delete(
                outbox::table.filter(
                    outbox::id.eq_any(
                        old.select(old.field(outbox::id))
                            .filter(old.field(outbox::dead_at).lt(now.minus(DEAD_SECONDS)))
                            .limit(BATCH),
                    ),
                ),
            )
            .execute(c)
            .await?)
        })
    }
}

/// Nobody took it in its lifetime.
const TOO_OLD: &str = "too_old";
