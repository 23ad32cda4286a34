//! `upstreams`: the providers that people sign in with. What is said of one is a document; its secret is sealed, and read only
//! when it is used.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, read, tx};
use super::generations::{Kind, raise};
use super::schema::upstreams;
use crate::time::UnixTime;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = upstreams)]
pub struct UpstreamRow {
    pub id: String,
    pub name: String,
    /// JSON.
    pub document: String,
    pub sealed_secret: Option<String>,
    pub created_at: UnixTime,
    pub updated_at: UnixTime,
    pub version: i64,
}

/// What is said of one from now on; without a secret it keeps the one that it has.
#[derive(Clone, Debug)]
pub struct UpstreamChange {
    pub id: String,
    pub from_version: i64,
    pub document: String,
    /// `Some(None)` takes it away.
    pub sealed_secret: Option<Option<String>>,
}

impl Store {
    /// All of them in the order of their names: there are as many as buttons fit on a page.
    pub async fn upstreams(&self) -> StoreResult<Vec<UpstreamRow>> {
        read!(self, async |c| {
            Ok(upstreams::table.select(UpstreamRow::as_select()).order(upstreams::name).load(c).await?)
        })
    }

    pub async fn upstream_named(&self, name: &str) -> StoreResult<Option<UpstreamRow>> {
        read!(self, async |c| {
            let named = upstreams::table.filter(upstreams::name.eq(name)).select(UpstreamRow::as_select());
            Ok(named.first(c).await.optional()?)
        })
    }

    /// The sealed secret of one; `None` when it has none, or is gone.
    pub async fn upstream_secret(&self, id: &str) -> StoreResult<Option<String>> {
        let found: Option<Option<String>> = read!(self, async |c| {
            Ok(upstreams::table.find(id).select(upstreams::sealed_secret).first(c).await.optional()?)
        })?;
        Ok(found.flatten())
    }

    /// A provider of this name that is there already is a conflict.
    pub async fn add_upstream(&self, upstream: UpstreamRow, audit: Record) -> StoreResult<()> {
        tx!(self, async |c| {
            diesel::insert_into(upstreams::table).values(upstream).execute(c).await?;
            raise!(c, Kind::Upstreams);
            record!(c, audit);
            Ok(())
        })
    }

    /// `false` when it is not in that version any more.
    pub async fn change_upstream(&self, change: UpstreamChange, audit: Record, now: UnixTime) -> StoreResult<bool> {
        tx!(self, async |c| {
            let unchanged =
                upstreams::table.filter(upstreams::id.eq(change.id)).filter(upstreams::version.eq(change.from_version));
            let rows = diesel::update(unchanged)
                .set((
                    upstreams::document.eq(change.document),
                    change.sealed_secret.map(|secret| upstreams::sealed_secret.eq(secret)),
                    upstreams::updated_at.eq(now),
                    upstreams::version.eq(upstreams::version + 1),
                ))
                .execute(c)
                .await?;
            if rows == 1 {
                raise!(c, Kind::Upstreams);
                record!(c, audit);
            }
            Ok(rows == 1)
        })
    }

    /// Whether there was such a provider in this version. Who signed in with it is not linked any more.
    pub async fn delete_upstream(&self, id: String, version: i64, audit: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            let row = upstreams::table.filter(upstreams::id.eq(id)).filter(upstreams::version.eq(version));
            let rows = diesel::delete(row).execute(c).await?;
            if rows == 1 {
                raise!(c, Kind::Upstreams);
                record!(c, audit);
            }
            Ok(rows == 1)
        })
    }
}
