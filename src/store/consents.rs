//! `consents`: which scopes a user lets a client have.

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, read, tx};
use super::schema::consents;
use crate::time::UnixTime;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = consents)]
pub struct ConsentRow {
    pub user_id: String,
    pub client_id: String,
    pub scope: String,
    pub created_at: UnixTime,
    pub updated_at: UnixTime,
}

impl Store {
    pub async fn consent(&self, user_id: &str, client_id: &str) -> StoreResult<Option<ConsentRow>> {
        read!(self, async |c| {
            let found = consents::table.find((user_id, client_id)).select(ConsentRow::as_select());
            Ok(found.first(c).await.optional()?)
        })
    }

    /// Writes down what a user consented to, in the place of what was known of it.
    pub async fn set_consent(&self, consent: ConsentRow, audit: Record) -> StoreResult<()> {
        tx!(self, async |c| {
            diesel::insert_into(consents::table)
                .values(consent)
                .on_conflict((consents::user_id, consents::client_id))
                .do_update()
                .set((
                    consents::scope.eq(excluded(consents::scope)),
                    consents::updated_at.eq(excluded(consents::updated_at)),
                ))
                .execute(c)
                .await?;
            record!(c, audit);
            Ok(())
        })
    }
}
