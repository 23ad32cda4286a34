//! `consents`: which scopes a user lets a client have.

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, read, tx};
use super::schema::{codes, consents, grants};
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

    /// A page of what a user lets clients have, by the clients' ids, after the one named.
    pub async fn consents_of(&self, user_id: &str, after: Option<&str>, limit: i64) -> StoreResult<Vec<ConsentRow>> {
        read!(self, async |c| {
            let found = consents::table
                .filter(consents::user_id.eq(user_id))
                .filter(consents::client_id.gt(after.unwrap_or_default()))
                .select(ConsentRow::as_select())
                .order(consents::client_id)
                .limit(limit);
            Ok(found.load(c).await?)
        })
    }

    /// Takes back what a user let a client have, and ends all that came of it: grants, and codes that nobody has used yet.
    /// `true` for whoever did it.
    pub async fn withdraw_consent(
        &self,
        user_id: String,
        client_id: String,
        audit: Record,
        now: UnixTime,
    ) -> StoreResult<bool> {
        tx!(self, async |c| {
            let given = consents::table.find((user_id.clone(), client_id.clone()));
            if diesel::delete(given).execute(c).await? == 0 {
                return Ok(false);
            }
            let unused = codes::table
                .filter(codes::user_id.eq(user_id.clone()))
                .filter(codes::client_id.eq(client_id.clone()))
                .filter(codes::spent_at.is_null());
            diesel::delete(unused).execute(c).await?;
            let opened = grants::table
                .filter(grants::user_id.eq(user_id))
                .filter(grants::client_id.eq(client_id))
                .filter(grants::ended_at.is_null());
            let ended = (grants::ended_at.eq(now), grants::successor.eq(None::<String>));
            diesel::update(opened).set(ended).execute(c).await?;
            record!(c, audit);
            Ok(true)
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
