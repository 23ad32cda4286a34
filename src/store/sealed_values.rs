//! `sealed_values`: keys of this installation other than signing keys, sealed. Made once, by whichever node comes first.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Store, read, write};
use super::schema::sealed_values;
use crate::time::UnixTime;

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = sealed_values)]
pub struct SealedValue {
    pub name: String,
    pub sealed: String,
}

impl Store {
    pub async fn sealed_values(&self) -> StoreResult<Vec<SealedValue>> {
        read!(self, async |c| {
            Ok(sealed_values::table.select(SealedValue::as_select()).order(sealed_values::name).load(c).await?)
        })
    }

    /// Stores a value unless one of this name is there, and returns the one that is there now.
    pub async fn sealed_value_or(&self, value: SealedValue, now: UnixTime) -> StoreResult<SealedValue> {
        let name = value.name.clone();
        write!(self, async |c| {
            diesel::insert_into(sealed_values::table)
                .values((
                    sealed_values::name.eq(value.name),
                    sealed_values::sealed.eq(value.sealed),
                    sealed_values::created_at.eq(now),
                ))
                .on_conflict_do_nothing()
                .execute(c)
                .await?;
            Ok(())
        })?;
        read!(self, async |c| {
            Ok(sealed_values::table
                .filter(sealed_values::name.eq(name.as_str()))
                .select(SealedValue::as_select())
                .first(c)
                .await?)
        })
    }

    /// Replaces a value by itself, sealed under another key; `false` when somebody else did so first.
    pub async fn reseal_value(&self, before: SealedValue, sealed: String) -> StoreResult<bool> {
        let rows = write!(self, async |c| {
            Ok(diesel::update(
                sealed_values::table
                    .filter(sealed_values::name.eq(before.name))
                    .filter(sealed_values::sealed.eq(before.sealed)),
            )
            .set(sealed_values::sealed.eq(sealed))
            .execute(c)
            .await?)
        })?;
        Ok(rows == 1)
    }
}
