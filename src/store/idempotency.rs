//! `idempotency`: which requests were done before, and what was answered. Reserving is one conditional INSERT, taking over
//! one conditional UPDATE: of any number that send the same request at once, one does it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Store, read, write};
use super::schema::idempotency;
use super::sweep::BATCH;
use crate::time::UnixTime;

/// How long an answer is kept.
const KEPT_SECONDS: i64 = 86_400;
/// After this time nobody is doing it any more: the node that did has died, and another one may.
const DONE_WITHIN_SECONDS: i64 = 60;

/// A request that is to be done once.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = idempotency)]
pub struct Reservation {
    /// What the key, the caller and the route make together.
    pub id: String,
    /// What the rest of the request makes.
    pub request_hash: String,
    /// Who asks to do it; another one at each time.
    pub holder: String,
}

/// What came of a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// The one who asked is to do it.
    Yours,
    /// It was done; the sealed answer.
    Done(String),
    /// Somebody else is doing it.
    UnderWay,
    /// The key was used for another request.
    OtherRequest,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = idempotency)]
struct Row {
    request_hash: String,
    holder: String,
    reserved_at: UnixTime,
    expires_at: UnixTime,
    answer: Option<String>,
}

impl Store {
    pub async fn reserve(&self, wanted: Reservation, now: UnixTime) -> StoreResult<Reserved> {
        let row = wanted.clone();
        let expires_at = now.plus(KEPT_SECONDS);
        let inserted = write!(self, async |c| {
            Ok(diesel::insert_into(idempotency::table)
                .values((row, idempotency::reserved_at.eq(now), idempotency::expires_at.eq(expires_at)))
                .on_conflict_do_nothing()
                .execute(c)
                .await?)
        })?;
        if inserted == 1 {
            return Ok(Reserved::Yours);
        }
        // Whoever held the row may have let it go in between: then it is as if that one were still at it.
        let Some(found) = self.reservation(&wanted.id).await? else { return Ok(Reserved::UnderWay) };
        let has_expired = found.expires_at <= now;
        if !has_expired {
            if found.request_hash != wanted.request_hash {
                return Ok(Reserved::OtherRequest);
            }
            if let Some(answer) = found.answer {
                return Ok(Reserved::Done(answer));
            }
            if found.reserved_at.plus(DONE_WITHIN_SECONDS) > now {
                return Ok(Reserved::UnderWay);
            }
        }
        self.take_over(wanted, found.holder, now).await
    }

    async fn reservation(&self, id: &str) -> StoreResult<Option<Row>> {
        read!(self, async |c| { Ok(idempotency::table.find(id).select(Row::as_select()).first(c).await.optional()?) })
    }

    async fn take_over(&self, wanted: Reservation, before: String, now: UnixTime) -> StoreResult<Reserved> {
        let rows = write!(self, async |c| {
            let row = idempotency::table.filter(idempotency::id.eq(wanted.id)).filter(idempotency::holder.eq(before));
            // Without an answer, or long past it.
            let is_free = idempotency::answer.is_null().or(idempotency::expires_at.le(now));
            Ok(diesel::update(row.filter(is_free))
                .set((
                    idempotency::request_hash.eq(wanted.request_hash),
                    idempotency::holder.eq(wanted.holder),
                    idempotency::reserved_at.eq(now),
                    idempotency::expires_at.eq(now.plus(KEPT_SECONDS)),
                    idempotency::answer.eq(None::<String>),
                ))
                .execute(c)
                .await?)
        })?;
        Ok(if rows == 1 { Reserved::Yours } else { Reserved::UnderWay })
    }

    /// Keeps the sealed answer; `false` when somebody else has taken the reservation over.
    pub async fn keep_answer(&self, done: Reservation, answer: String) -> StoreResult<bool> {
        let rows = write!(self, async |c| {
            Ok(diesel::update(
                idempotency::table
                    .filter(idempotency::id.eq(done.id))
                    .filter(idempotency::holder.eq(done.holder))
                    .filter(idempotency::answer.is_null()),
            )
            .set(idempotency::answer.eq(Some(answer)))
            .execute(c)
            .await?)
        })?;
        Ok(rows == 1)
    }

    /// Lets a reservation go: nothing was done, and the request may come again.
    pub async fn let_go(&self, reservation: Reservation) -> StoreResult<bool> {
        let rows = write!(self, async |c| {
            Ok(diesel::delete(
                idempotency::table
                    .filter(idempotency::id.eq(reservation.id))
                    .filter(idempotency::holder.eq(reservation.holder))
                    .filter(idempotency::answer.is_null()),
            )
            .execute(c)
            .await?)
        })?;
        Ok(rows == 1)
    }

    /// One batch of answers that nobody needs any more.
    pub async fn sweep_idempotency(&self, before: UnixTime) -> StoreResult<usize> {
        let old = diesel::alias!(idempotency as old);
        write!(self, async |c| {
            Ok(diesel::delete(
                idempotency::table.filter(
                    idempotency::id.eq_any(
                        old.select(old.field(idempotency::id))
                            .filter(old.field(idempotency::expires_at).lt(before))
                            .limit(BATCH),
                    ),
                ),
            )
            .execute(c)
            .await?)
        })
    }
}
