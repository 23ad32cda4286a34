//! `revoked_tokens`: access tokens that ended before their time.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, tx};
use super::schema::revoked_tokens;
use crate::time::UnixTime;

#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = revoked_tokens)]
pub struct RevokedToken {
    pub jti: String,
    pub client_id: String,
    pub revoked_at: UnixTime,
    pub expires_at: UnixTime,
}

impl Store {
    /// Revoking twice is revoking once; `true` for whoever did it.
    pub async fn revoke_token(&self, token: RevokedToken, record: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            let rows =
                diesel::insert_into(revoked_tokens::table).values(token).on_conflict_do_nothing().execute(c).await?;
            if rows == 1 {
                record!(c, record);
            }
            Ok(rows == 1)
        })
    }
}
