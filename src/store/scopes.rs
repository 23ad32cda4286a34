//! `scopes`: the names that may be asked for. The identity scopes are built in.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
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
}

impl Store {
    pub async fn scopes(&self) -> StoreResult<Vec<ScopeRow>> {
        read!(self, async |c| { Ok(scopes::table.select(ScopeRow::as_select()).order(scopes::name).load(c).await?) })
    }

    /// A scope of this name that is there already is a conflict.
    pub async fn add_scope(&self, scope: ScopeRow) -> StoreResult<()> {
        tx!(self, async |c| {
            diesel::insert_into(scopes::table).values(scope).execute(c).await?;
            raise!(c, Kind::Scopes);
            Ok(())
        })
    }

    /// Whether there was such a scope; the built-in ones stay.
    pub async fn delete_scope(&self, name: String) -> StoreResult<bool> {
        tx!(self, async |c| {
            let rows = diesel::delete(scopes::table.filter(scopes::name.eq(name)).filter(scopes::built_in.eq(false)))
                .execute(c)
                .await?;
            raise!(c, Kind::Scopes);
            Ok(rows == 1)
        })
    }
}
