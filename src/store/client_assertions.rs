//! `client_assertions`: what clients have proven themselves with by signing. Each is good once: using it is one conditional
//! statement.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Store, write};
use super::kept::kept;
use super::schema::client_assertions;
use super::sweep::BATCH;
use crate::time::UnixTime;

#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = client_assertions)]
pub struct UsedAssertion {
    /// A MAC of its client and its name.
    pub hash: String,
    /// From then on it is refused for its age.
    pub expires_at: UnixTime,
}

impl Store {
    /// `true` for whoever comes with it first.
    pub async fn use_assertion(&self, assertion: UsedAssertion) -> StoreResult<bool> {
        let rows = write!(self, async |c| {
            let used = diesel::insert_into(client_assertions::table).values(assertion);
            Ok(kept(used.on_conflict(client_assertions::hash).do_nothing()).execute(c).await?)
        })?;
        Ok(rows == 1)
    }

    /// One batch of those that could be used until `before`.
    pub async fn sweep_client_assertions(&self, before: UnixTime) -> StoreResult<usize> {
        let old = diesel::alias!(client_assertions as old);
        write!(self, async |c| {
            let batch = old
                .select(old.field(client_assertions::hash))
                .filter(old.field(client_assertions::expires_at).lt(before))
                .limit(BATCH);
            Ok(diesel::delete(client_assertions::table.filter(client_assertions::hash.eq_any(batch)))
                .execute(c)
                .await?)
        })
    }
}
