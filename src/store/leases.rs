//! `leases`: one row says who leads and until when. Taking it is one conditional UPDATE in the database's time; whoever
//! writes as the leader proves in the same transaction that the row still says so.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Dialect, Store, write};
use super::schema::leases;

const LEADER: &str = "leader";

/// How long a leader that has gone silent keeps the others waiting.
pub const LEASE_SECONDS: i64 = 15;

/// Proof of having been the leader, at the time it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leadership {
    pub holder: String,
    pub epoch: i64,
}

impl Store {
    /// Takes the lease when nobody holds it, or keeps it. A new holder raises the epoch, so that what the previous one
    /// still has under way no longer counts.
    pub async fn lead(&self, holder: &str, held: Option<Leadership>) -> StoreResult<Option<Leadership>> {
        if let Some(held) = held
            && let Some(kept) = self.keep_lease(held).await?
        {
            return Ok(Some(kept));
        }
        let name = holder.to_owned();
        let epoch: Option<i64> = write!(self, async |c| {
            let now = c.unix_time();
            Ok(diesel::update(leases::table.filter(leases::name.eq(LEADER)).filter(leases::until.le(now)))
                .set((
                    leases::holder.eq(name),
                    leases::epoch.eq(leases::epoch + 1),
                    leases::until.eq(c.unix_time() + LEASE_SECONDS),
                ))
                .returning(leases::epoch)
                .get_result(c)
                .await
                .optional()?)
        })?;
        Ok(epoch.map(|epoch| Leadership { holder: holder.to_owned(), epoch }))
    }

    async fn keep_lease(&self, held: Leadership) -> StoreResult<Option<Leadership>> {
        let Leadership { holder, epoch } = held.clone();
        let kept = write!(self, async |c| {
            Ok(diesel::update(
                leases::table
                    .filter(leases::name.eq(LEADER))
                    .filter(leases::holder.eq(holder))
                    .filter(leases::epoch.eq(epoch)),
            )
            .set(leases::until.eq(c.unix_time() + LEASE_SECONDS))
            .execute(c)
            .await?)
        })?;
        Ok((kept == 1).then_some(held))
    }

    /// Gives the lease up, so that the next leader need not wait for it to run out.
    pub async fn resign(&self, held: Leadership) -> StoreResult<()> {
        write!(self, async |c| {
            diesel::update(
                leases::table
                    .filter(leases::name.eq(LEADER))
                    .filter(leases::holder.eq(held.holder))
                    .filter(leases::epoch.eq(held.epoch)),
            )
            .set(leases::until.eq(0))
            .execute(c)
            .await?;
            Ok(())
        })
    }
}

/// `still_leads!(c, leadership)`: inside a transaction, whether `leadership` is current. It writes the row, so that nobody
/// takes the lease before this transaction has ended.
macro_rules! still_leads {
    ($c:ident, $leadership:expr) => {{
        use $crate::store::schema::leases;
        let held: &$crate::store::leases::Leadership = &$leadership;
        diesel::update(
            leases::table.filter(leases::holder.eq(held.holder.clone())).filter(leases::epoch.eq(held.epoch)),
        )
        .set(leases::epoch.eq(held.epoch))
        .execute($c)
        .await?
            == 1
    }};
}

pub(super) use still_leads;
