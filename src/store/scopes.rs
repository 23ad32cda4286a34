//! `scopes`: the names that may be asked for. The identity scopes are built in.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, read, tx};
use super::generations::{Kind, raise};
use super::schema::scopes;
use crate::time::UnixTime;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = scopes)]
pub struct ScopeRow {
    pub name: String,
    pub description: String,
    pub built_in: bool,
    pub created_at: UnixTime,
    /// It says who somebody is: no role is needed for it, and without a user it means nothing.
    pub identity: bool,
    /// Clients that register themselves may have it.
    pub registrable: bool,
}

impl Store {
    pub async fn scopes(&self) -> StoreResult<Vec<ScopeRow>> {
        read!(self, async |c| { Ok(scopes::table.select(ScopeRow::as_select()).order(scopes::name).load(c).await?) })
    }

    pub async fn scope(&self, name: &str) -> StoreResult<Option<ScopeRow>> {
        read!(self, async |c| { Ok(scopes::table.find(name).select(ScopeRow::as_select()).first(c).await.optional()?) })
    }

    /// A page of scopes in the order of their names, after the one named.
    pub async fn scopes_after(&self, after: Option<&str>, limit: i64) -> StoreResult<Vec<ScopeRow>> {
        let after = after.unwrap_or("");
        read!(self, async |c| {
            Ok(scopes::table
                .filter(scopes::name.gt(after))
                .select(ScopeRow::as_select())
                .order(scopes::name)
                .limit(limit)
                .load(c)
                .await?)
        })
    }

    /// Replaces what is said of it; `false` when the scope is not as it was `before`.
    pub async fn describe_scope(&self, before: ScopeRow, after: ScopeRow, audit: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            let unchanged = scopes::table
                .filter(scopes::name.eq(before.name))
                .filter(scopes::description.eq(before.description))
                .filter(scopes::registrable.eq(before.registrable))
                .filter(scopes::created_at.eq(before.created_at));
            let rows = diesel::update(unchanged)
                .set((scopes::description.eq(after.description), scopes::registrable.eq(after.registrable)))
                .execute(c)
                .await?;
            if rows == 1 {
                raise!(c, Kind::Scopes);
                record!(c, audit);
            }
            Ok(rows == 1)
        })
    }

    /// A scope of this name that is there already is a conflict.
    pub async fn add_scope(&self, scope: ScopeRow, audit: Record) -> StoreResult<()> {
        tx!(self, async |c| {
            diesel::insert_into(scopes::table).values(scope).execute(c).await?;
            raise!(c, Kind::Scopes);
            record!(c, audit);
            Ok(())
        })
    }

    /// Whether there was such a scope; the built-in ones stay.
    pub async fn delete_scope(&self, name: String, audit: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            let rows = diesel::delete(scopes::table.filter(scopes::name.eq(name)).filter(scopes::built_in.eq(false)))
                .execute(c)
                .await?;
            raise!(c, Kind::Scopes);
            raise!(c, Kind::Roles);
            if rows == 1 {
                record!(c, audit);
            }
            Ok(rows == 1)
        })
    }
}
