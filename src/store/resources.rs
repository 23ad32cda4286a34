//! `resources` and `resource_introspectors`: the APIs that tokens are for, and who may ask about such tokens.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, read, tx};
use super::generations::{Kind, raise};
use super::schema::{resource_introspectors, resources};
use crate::time::UnixTime;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRow {
    pub uri: String,
    /// Space-separated; empty when the resource does not say.
    pub scopes: String,
    pub introspectors: Vec<String>,
}

impl Store {
    pub async fn resources(&self) -> StoreResult<Vec<ResourceRow>> {
        let rows: Vec<(String, String, Option<String>)> = read!(self, async |c| {
            Ok(resources::table
                .left_join(resource_introspectors::table)
                .select((resources::uri, resources::scopes, resource_introspectors::client_id.nullable()))
                .order((resources::uri, resource_introspectors::client_id))
                .load(c)
                .await?)
        })?;
        let mut found: BTreeMap<String, ResourceRow> = BTreeMap::new();
        for (uri, scopes, introspector) in rows {
            let row = found.entry(uri.clone()).or_insert(ResourceRow { uri, scopes, introspectors: Vec::new() });
            row.introspectors.extend(introspector);
        }
        Ok(found.into_values().collect())
    }

    /// Creates a resource, or replaces what was said of it. A client that does not exist cannot introspect.
    pub async fn set_resource(&self, resource: ResourceRow, now: UnixTime, audit: Record) -> StoreResult<()> {
        tx!(self, async |c| {
            diesel::insert_into(resources::table)
                .values((
                    resources::uri.eq(resource.uri.clone()),
                    resources::scopes.eq(resource.scopes.clone()),
                    resources::created_at.eq(now),
                ))
                .on_conflict(resources::uri)
                .do_update()
                .set(resources::scopes.eq(resource.scopes))
                .execute(c)
                .await?;
            diesel::delete(
                resource_introspectors::table.filter(resource_introspectors::resource_uri.eq(resource.uri.clone())),
            )
            .execute(c)
            .await?;
            for client in resource.introspectors {
                diesel::insert_into(resource_introspectors::table)
                    .values((
                        resource_introspectors::resource_uri.eq(resource.uri.clone()),
                        resource_introspectors::client_id.eq(client),
                    ))
                    .on_conflict_do_nothing()
                    .execute(c)
                    .await?;
            }
            raise!(c, Kind::Resources);
            record!(c, audit);
            Ok(())
        })
    }

    /// Whether there was such a resource.
    pub async fn delete_resource(&self, uri: String, audit: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            let rows = diesel::delete(resources::table.filter(resources::uri.eq(uri))).execute(c).await?;
            raise!(c, Kind::Resources);
            if rows == 1 {
                record!(c, audit);
            }
            Ok(rows == 1)
        })
    }
}
