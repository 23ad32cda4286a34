//! `audit_seals`, and the two columns of `audit_log` that a seal fills in. Only the leader seals and trims, and each is one
//! transaction that finds the log as it was looked at, or changes nothing.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use diesel_async::RunQueryDsl;

use super::{ActRow, Record, record};
use crate::store::backend::{Store, read, tx, write};
use crate::store::kept::kept;
use crate::store::leases::{Leadership, still_leads};
use crate::store::schema::{audit_log, audit_persons, audit_seals};
use crate::store::signing_keys::Step;
use crate::store::sweep::BATCH;
use crate::store::{StoreError, StoreResult};
use crate::time::UnixTime;

diesel::define_sql_function! {
    /// The value, or another one where there is none.
    fn coalesce(value: Nullable<BigInt>, otherwise: BigInt) -> BigInt;
}

/// A head of the chain, signed.
pub const SEAL: &str = "seal";
/// Where the chain begins, signed, after what came before was removed.
pub const CHECKPOINT: &str = "checkpoint";

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_seals)]
pub struct SealRow {
    /// Of the last act that it covers.
    pub position: i64,
    pub kind: String,
    pub hash: String,
    /// How many acts it covers, or had removed.
    pub count: i64,
    pub at: UnixTime,
    pub signature: String,
    pub mac: String,
}

/// The place in the chain that an act is given.
#[derive(Clone, Debug)]
pub struct Link {
    pub id: String,
    pub position: i64,
    pub hash: String,
}

/// What no seal covers yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsealed {
    pub count: i64,
    pub oldest: Option<UnixTime>,
}

impl Store {
    /// Acts without a position, the oldest first. One that was committed late is among them, whatever its time.
    pub async fn unsealed_acts(&self, limit: i64) -> StoreResult<Vec<ActRow>> {
        read!(self, async |c| {
            Ok(audit_log::table
                .filter(audit_log::position.is_null())
                .select(ActRow::as_select())
                .order((audit_log::at, audit_log::id))
                .limit(limit)
                .load(c)
                .await?)
        })
    }

    pub async fn unsealed(&self) -> StoreResult<Unsealed> {
        let (count, oldest) = read!(self, async |c| {
            Ok(audit_log::table
                .filter(audit_log::position.is_null())
                .select((diesel::dsl::count_star(), diesel::dsl::min(audit_log::at)))
                .first::<(i64, Option<UnixTime>)>(c)
                .await?)
        })?;
        Ok(Unsealed { count, oldest })
    }

    /// The head of the chain; `None` while nothing was ever sealed.
    pub async fn last_seal(&self) -> StoreResult<Option<SealRow>> {
        read!(self, async |c| {
            Ok(audit_seals::table
                .select(SealRow::as_select())
                .order((audit_seals::position.desc(), audit_seals::kind.desc()))
                .first(c)
                .await
                .optional()?)
        })
    }

    /// Where the chain begins, if its oldest acts were removed.
    pub async fn checkpoint(&self) -> StoreResult<Option<SealRow>> {
        read!(self, async |c| {
            Ok(audit_seals::table
                .filter(audit_seals::kind.eq(CHECKPOINT))
                .select(SealRow::as_select())
                .order(audit_seals::position.desc())
                .first(c)
                .await
                .optional()?)
        })
    }

    /// The seals behind one position, up to another one, in their order.
    pub async fn seals(&self, after: i64, until: i64) -> StoreResult<Vec<SealRow>> {
        read!(self, async |c| {
            Ok(audit_seals::table
                .filter(audit_seals::kind.eq(SEAL))
                .filter(audit_seals::position.gt(after))
                .filter(audit_seals::position.le(until))
                .select(SealRow::as_select())
                .order(audit_seals::position)
                .load(c)
                .await?)
        })
    }

    /// How many acts have a position that no seal covers. A server leaves none.
    pub async fn acts_behind_the_last_seal(&self) -> StoreResult<i64> {
        read!(self, async |c| {
            let last = audit_seals::table.select(diesel::dsl::max(audit_seals::position)).single_value();
            Ok(audit_log::table
                .filter(audit_log::position.gt(coalesce(last, 0).nullable()))
                .count()
                .get_result(c)
                .await?)
        })
    }

    /// Gives acts their places, and stores the seal of the last one.
    pub async fn seal_acts(&self, links: Vec<Link>, seal: SealRow, leadership: Leadership) -> StoreResult<Step> {
        let outcome = tx!(self, async |c| {
            if !still_leads!(c, leadership) {
                return Err(overtaken());
            }
            for link in links {
                let act = audit_log::table.filter(audit_log::id.eq(link.id)).filter(audit_log::position.is_null());
                let placed = diesel::update(act)
                    .set((audit_log::position.eq(Some(link.position)), audit_log::hash.eq(Some(link.hash))));
                let rows = kept(placed).execute(c).await?;
                if rows != 1 {
                    return Err(overtaken());
                }
            }
            diesel::insert_into(audit_seals::table).values(seal).execute(c).await?;
            Ok(())
        });
        step(outcome)
    }

    /// The furthest seal behind `after`, no more than a sweep's batch away, that is older than `before`.
    pub async fn seal_to_trim_to(&self, after: i64, before: UnixTime) -> StoreResult<Option<SealRow>> {
        read!(self, async |c| {
            Ok(audit_seals::table
                .filter(audit_seals::kind.eq(SEAL))
                .filter(audit_seals::position.gt(after))
                .filter(audit_seals::position.le(after.saturating_add(BATCH)))
                .filter(audit_seals::at.lt(before))
                .select(SealRow::as_select())
                .order(audit_seals::position.desc())
                .first(c)
                .await
                .optional()?)
        })
    }

    /// Removes the acts up to the checkpoint, with their seals and what is personal in them. `Overtaken` also when not all
    /// of them are there: what is damaged stays as it is, to be looked at.
    pub async fn trim_acts(&self, checkpoint: SealRow, leadership: Leadership, audit: Record) -> StoreResult<Step> {
        let outcome = tx!(self, async |c| {
            if !still_leads!(c, leadership) {
                return Err(overtaken());
            }
            let position = checkpoint.position;
            let personal =
                audit_log::table.filter(audit_log::position.le(position)).select(audit_log::personal.assume_not_null());
            diesel::delete(audit_persons::table.filter(audit_persons::digest.eq_any(personal))).execute(c).await?;
            let rows = diesel::delete(audit_log::table.filter(audit_log::position.le(position))).execute(c).await?;
            if i64::try_from(rows) != Ok(checkpoint.count) {
                return Err(overtaken());
            }
            diesel::delete(audit_seals::table.filter(audit_seals::position.le(position))).execute(c).await?;
            diesel::insert_into(audit_seals::table).values(checkpoint).execute(c).await?;
            record!(c, audit);
            Ok(())
        });
        step(outcome)
    }

    /// One batch of personal data from before `before`: the caller goes on until it gets less than `BATCH`.
    pub async fn sweep_personal_data(&self, before: UnixTime) -> StoreResult<usize> {
        let old = diesel::alias!(audit_persons as old);
        write!(self, async |c| {
            Ok(diesel::delete(
                audit_persons::table.filter(
                    audit_persons::digest.eq_any(
                        old.select(old.field(audit_persons::digest))
                            .filter(old.field(audit_persons::at).lt(before))
                            .limit(BATCH),
                    ),
                ),
            )
            .execute(c)
            .await?)
        })
    }
}

/// Rolls the transaction back; `step` turns it into an answer.
fn overtaken() -> StoreError {
    StoreError::Conflict("audit_seals".to_owned())
}

fn step(outcome: StoreResult<()>) -> StoreResult<Step> {
    match outcome {
        Ok(()) => Ok(Step::Taken),
        Err(StoreError::Conflict(_)) => Ok(Step::Overtaken),
        Err(error) => Err(error),
    }
}
