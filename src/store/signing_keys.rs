//! `signing_keys`: next → active → retiring → retired, or withdrawn. Every step is a conditional UPDATE: two nodes, or a
//! node and an operator, cannot take the same step twice. At most one key of an algorithm is next, and one active.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::audit::{Record, record};
use super::backend::{Store, read, tx, write};
use super::generations::{Kind, raise};
use super::leases::{Leadership, still_leads};
use super::schema::signing_keys;
use super::{StoreError, StoreResult};
use crate::time::UnixTime;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys)]
pub struct SigningKeyRow {
    pub kid: String,
    pub algorithm: String,
    pub phase: String,
    pub origin: String,
    pub public_jwk: String,
    /// The private half; erased when the key has ended.
    pub sealed: Option<String>,
    pub created_at: UnixTime,
    pub activated_at: Option<UnixTime>,
    pub retiring_at: Option<UnixTime>,
    pub ended_at: Option<UnixTime>,
    pub covers_until: UnixTime,
}

/// Two keys of one algorithm that change places; there is no active one when the algorithm is new.
#[derive(Clone, Debug)]
pub struct Succession {
    pub active: Option<String>,
    pub next: String,
}

/// What becomes of the key that signed. What is `None` stays as it is; the private half is erased by `Some(None)`.
#[derive(Clone, Debug, AsChangeset)]
#[diesel(table_name = signing_keys)]
struct Leaving {
    phase: &'static str,
    retiring_at: Option<UnixTime>,
    ended_at: Option<UnixTime>,
    sealed: Option<Option<String>>,
}

/// Whether a step was taken, or had been overtaken by somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Taken,
    Overtaken,
}

impl Step {
    pub(crate) fn taken(done: bool) -> Self {
        if done { Self::Taken } else { Self::Overtaken }
    }
}

impl Store {
    pub async fn signing_keys(&self) -> StoreResult<Vec<SigningKeyRow>> {
        read!(self, async |c| {
            Ok(signing_keys::table
                .select(SigningKeyRow::as_select())
                .order((signing_keys::created_at, signing_keys::kid))
                .load(c)
                .await?)
        })
    }

    /// Whether live tokens of this key may exist.
    pub async fn signs_or_signed(&self, kid: &str) -> StoreResult<bool> {
        let found: i64 = read!(self, async |c| {
            Ok(signing_keys::table
                .filter(signing_keys::kid.eq(kid))
                .filter(signing_keys::phase.eq("active").or(signing_keys::phase.eq("retiring")))
                .count()
                .get_result(c)
                .await?)
        })?;
        Ok(found == 1)
    }

    /// Adds a key in its phase, unless that key, or another one in the same place, is there already. Only one that was
    /// brought is an act; the server makes its own all the time.
    pub async fn add_signing_key(&self, key: SigningKeyRow, audit: Option<Record>) -> StoreResult<Step> {
        tx!(self, async |c| {
            let rows = diesel::insert_into(signing_keys::table).values(key).on_conflict_do_nothing().execute(c).await?;
            raise!(c, Kind::SigningKeys);
            if let Some(audit) = audit.filter(|_| rows == 1) {
                record!(c, audit);
            }
            Ok(Step::taken(rows == 1))
        })
    }

    /// Puts an imported key in the place of the next one, which has signed nothing. A key that is there already changes
    /// nothing.
    pub async fn replace_next_key(&self, key: SigningKeyRow, now: UnixTime, audit: Record) -> StoreResult<Step> {
        let outcome = tx!(self, async |c| {
            diesel::update(
                signing_keys::table
                    .filter(signing_keys::algorithm.eq(key.algorithm.clone()))
                    .filter(signing_keys::phase.eq("next"))
                    .filter(signing_keys::kid.ne(key.kid.clone())),
            )
            .set((
                signing_keys::phase.eq("retired"),
                signing_keys::ended_at.eq(Some(now)),
                signing_keys::sealed.eq(None::<String>),
            ))
            .execute(c)
            .await?;
            let rows = diesel::insert_into(signing_keys::table).values(key).on_conflict_do_nothing().execute(c).await?;
            if rows != 1 {
                return Err(overtaken());
            }
            raise!(c, Kind::SigningKeys);
            record!(c, audit);
            Ok(())
        });
        step(outcome)
    }

    /// active → retiring and next → active, in one transaction.
    pub async fn rotate_signing_key(
        &self,
        keys: Succession,
        now: UnixTime,
        leadership: Option<Leadership>,
        audit: Record,
    ) -> StoreResult<Step> {
        let leaving = Leaving { phase: "retiring", retiring_at: Some(now), ended_at: None, sealed: None };
        self.succeed(keys, leaving, now, leadership, audit).await
    }

    /// active → withdrawn, its private half erased, and next → active, in one transaction.
    pub async fn withdraw_signing_key(&self, keys: Succession, now: UnixTime, audit: Record) -> StoreResult<Step> {
        let leaving = Leaving { phase: "withdrawn", retiring_at: None, ended_at: Some(now), sealed: Some(None) };
        self.succeed(keys, leaving, now, None, audit).await
    }

    /// One key → withdrawn, its private half erased, if it still is in `phase`.
    pub async fn withdraw_one_key(
        &self,
        kid: String,
        phase: String,
        now: UnixTime,
        audit: Record,
    ) -> StoreResult<Step> {
        let leaving = Leaving { phase: "withdrawn", retiring_at: None, ended_at: Some(now), sealed: Some(None) };
        tx!(self, async |c| {
            let key = signing_keys::table.filter(signing_keys::kid.eq(kid));
            let rows = diesel::update(key.filter(signing_keys::phase.eq(phase))).set(leaving).execute(c).await?;
            raise!(c, Kind::SigningKeys);
            if rows == 1 {
                record!(c, audit);
            }
            Ok(Step::taken(rows == 1))
        })
    }

    async fn succeed(
        &self,
        keys: Succession,
        leaving: Leaving,
        now: UnixTime,
        leadership: Option<Leadership>,
        audit: Record,
    ) -> StoreResult<Step> {
        let outcome = tx!(self, async |c| {
            if let Some(leadership) = leadership
                && !still_leads!(c, leadership)
            {
                return Err(overtaken());
            }
            if let Some(active) = keys.active {
                let active = signing_keys::table.filter(signing_keys::kid.eq(active));
                let left =
                    diesel::update(active.filter(signing_keys::phase.eq("active"))).set(leaving).execute(c).await?;
                if left != 1 {
                    return Err(overtaken());
                }
            }
            let next = signing_keys::table.filter(signing_keys::kid.eq(keys.next));
            let came = diesel::update(next.filter(signing_keys::phase.eq("next")))
                .set((signing_keys::phase.eq("active"), signing_keys::activated_at.eq(Some(now))))
                .execute(c)
                .await?;
            if came != 1 {
                return Err(overtaken());
            }
            raise!(c, Kind::SigningKeys);
            record!(c, audit);
            Ok(())
        });
        step(outcome)
    }

    /// retiring → retired, once the last token that it signed expired before `expired_before`. Its public half stays.
    pub async fn retire_signing_key(
        &self,
        kid: String,
        expired_before: UnixTime,
        now: UnixTime,
        audit: Record,
    ) -> StoreResult<Step> {
        tx!(self, async |c| {
            let rows = diesel::update(
                signing_keys::table
                    .filter(signing_keys::kid.eq(kid))
                    .filter(signing_keys::phase.eq("retiring"))
                    .filter(signing_keys::covers_until.lt(expired_before)),
            )
            .set((
                signing_keys::phase.eq("retired"),
                signing_keys::ended_at.eq(Some(now)),
                signing_keys::sealed.eq(None::<String>),
            ))
            .execute(c)
            .await?;
            raise!(c, Kind::SigningKeys);
            if rows == 1 {
                record!(c, audit);
            }
            Ok(Step::taken(rows == 1))
        })
    }

    /// Promises that the key stays published until `until`; `Overtaken` when it no longer signs.
    pub async fn cover_until(&self, kid: &str, until: UnixTime) -> StoreResult<Step> {
        let id = kid.to_owned();
        let raised = write!(self, async |c| {
            Ok(diesel::update(
                signing_keys::table
                    .filter(signing_keys::kid.eq(id))
                    .filter(signing_keys::phase.eq("active").or(signing_keys::phase.eq("retiring")))
                    .filter(signing_keys::covers_until.lt(until)),
            )
            .set(signing_keys::covers_until.eq(until))
            .execute(c)
            .await?)
        })?;
        if raised == 1 {
            return Ok(Step::Taken);
        }
        // Another node may have promised as much already.
        let signs: i64 = read!(self, async |c| {
            Ok(signing_keys::table
                .filter(signing_keys::kid.eq(kid))
                .filter(signing_keys::phase.eq("active").or(signing_keys::phase.eq("retiring")))
                .filter(signing_keys::covers_until.ge(until))
                .count()
                .get_result(c)
                .await?)
        })?;
        Ok(Step::taken(signs == 1))
    }

    /// Replaces a sealed private key by itself, sealed under another key-encryption key.
    pub async fn reseal_signing_key(&self, kid: String, before: String, sealed: String) -> StoreResult<Step> {
        tx!(self, async |c| {
            let rows = diesel::update(
                signing_keys::table.filter(signing_keys::kid.eq(kid)).filter(signing_keys::sealed.eq(Some(before))),
            )
            .set(signing_keys::sealed.eq(Some(sealed)))
            .execute(c)
            .await?;
            raise!(c, Kind::SigningKeys);
            Ok(Step::taken(rows == 1))
        })
    }
}

/// Rolls the transaction back; `step` turns it into an answer.
fn overtaken() -> StoreError {
    StoreError::Conflict("signing_keys".to_owned())
}

fn step(outcome: StoreResult<()>) -> StoreResult<Step> {
    match outcome {
        Ok(()) => Ok(Step::Taken),
        Err(StoreError::Conflict(_)) => Ok(Step::Overtaken),
        Err(error) => Err(error),
    }
}
