//! What may be forgotten, forgotten in small batches so that nobody waits for it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Store, write};
use super::login_failures::FORGOTTEN_SECONDS;
use super::schema::{client_secrets, login_failures, one_time_tokens, revoked_tokens};
use crate::time::UnixTime;

/// Rows that one statement removes at most.
pub const BATCH: i64 = 500;

/// How long an expired secret stays listed, so that an operator can see why a client is refused.
const EXPIRED_SECRET_SECONDS: i64 = 30 * 86_400;

impl Store {
    /// One batch of revocations whose tokens expired before `before`: the caller goes on until it gets less than `BATCH`.
    pub async fn sweep_revoked_tokens(&self, before: UnixTime) -> StoreResult<usize> {
        let old = diesel::alias!(revoked_tokens as old);
        write!(self, async |c| {
            Ok(diesel::delete(
                revoked_tokens::table.filter(
                    revoked_tokens::jti.eq_any(
                        old.select(old.field(revoked_tokens::jti))
                            .filter(old.field(revoked_tokens::expires_at).lt(before))
                            .limit(BATCH),
                    ),
                ),
            )
            .execute(c)
            .await?)
        })
    }

    /// Client secrets that expired a month ago.
    pub async fn sweep_client_secrets(&self, now: UnixTime) -> StoreResult<usize> {
        let before = now.minus(EXPIRED_SECRET_SECONDS);
        write!(self, async |c| {
            Ok(diesel::delete(client_secrets::table.filter(client_secrets::expires_at.lt(before))).execute(c).await?)
        })
    }

    /// One batch of failed logins that no longer count, and whose locks have ended.
    pub async fn sweep_login_failures(&self, now: UnixTime) -> StoreResult<usize> {
        let before = now.minus(FORGOTTEN_SECONDS);
        let old = diesel::alias!(login_failures as old);
        write!(self, async |c| {
            Ok(diesel::delete(
                login_failures::table.filter(
                    login_failures::pair.eq_any(
                        old.select(old.field(login_failures::pair))
                            .filter(old.field(login_failures::last_at).lt(before))
                            .filter(old.field(login_failures::locked_until).lt(now))
                            .limit(BATCH),
                    ),
                ),
            )
            .execute(c)
            .await?)
        })
    }

    /// One batch of links that were good until `before`.
    pub async fn sweep_one_time_tokens(&self, before: UnixTime) -> StoreResult<usize> {
        let old = diesel::alias!(one_time_tokens as old);
        write!(self, async |c| {
            Ok(diesel::delete(
                one_time_tokens::table.filter(
                    one_time_tokens::hash.eq_any(
                        old.select(old.field(one_time_tokens::hash))
                            .filter(old.field(one_time_tokens::expires_at).lt(before))
                            .limit(BATCH),
                    ),
                ),
            )
            .execute(c)
            .await?)
        })
    }
}
