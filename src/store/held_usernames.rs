//! `held_usernames`: names of registrations that made no account, because their address has one. Such a name is taken for as
//! long as an account that nobody confirms would have it, so that nobody can tell the two apart by registering again.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::audit::{Record, record};
use super::backend::{Store, tx, write};
use super::outbox::{OutboxRow, enqueue};
use super::schema::{held_usernames, users};
use super::sweep::BATCH;
use super::{StoreError, StoreResult};
use crate::time::UnixTime;

/// Accounts that are forgotten in one transaction: each of them takes several statements.
pub const FORGOTTEN_AT_ONCE: i64 = 50;

/// A name that is taken until then.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = held_usernames)]
pub struct HeldUsername {
    pub username_key: String,
    /// A digest of the address.
    pub address: String,
    pub expires_at: UnixTime,
}

/// `claim!(c, row, now)`: a conflict unless nobody holds the name. Whoever else wants it waits here for the end of this
/// transaction, so that of an account and a hold at the same moment one is refused.
macro_rules! claim {
    ($c:ident, $row:expr, $now:expr) => {{
        use $crate::store::schema::held_usernames;
        let row: $crate::store::held_usernames::HeldUsername = $row;
        let claim = diesel::insert_into(held_usernames::table)
            .values(row)
            .on_conflict(held_usernames::username_key)
            .do_update()
            .set((
                held_usernames::address.eq(diesel::upsert::excluded(held_usernames::address)),
                held_usernames::expires_at.eq(diesel::upsert::excluded(held_usernames::expires_at)),
            ));
        let is_over = held_usernames::expires_at.le($now);
        let claimed = diesel::query_dsl::methods::FilterDsl::filter(claim, is_over).execute($c).await?;
        if claimed == 0 {
            return Err($crate::store::StoreError::Conflict("held_usernames".to_owned()));
        }
    }};
}

/// `forget!(c, ids, now)`: what goes with accounts that nobody confirmed.
macro_rules! forget {
    ($c:ident, $ids:expr, $now:expr) => {{
        use $crate::store::audit::{Act, Record, erase_person, record};
        for id in $ids {
            let id: &String = id;
            erase_person!($c, id.clone());
            record!($c, Record::of_system(Act::AccountErased, ("user", id), None, $now));
        }
    }};
}

/// `make_way!(c, username_key, email_key, user_id, now)`: before a user gets a name or an address. A conflict if the name is
/// held; an account that has one of them and is to be forgotten by now goes here, if the sweep has not come by yet.
macro_rules! make_way {
    ($c:ident, $username_key:expr, $email_key:expr, $user_id:expr, $now:expr) => {{
        use $crate::store::held_usernames::{HeldUsername, claim, forget};
        use $crate::store::schema::users;
        let (username, email): (Option<String>, Option<String>) = ($username_key, $email_key);
        if username.is_some() || email.is_some() {
            if let Some(username_key) = username.clone() {
                let row = HeldUsername { username_key, address: String::new(), expires_at: $now };
                claim!($c, row, $now);
            }
            let named =
                users::username_key.eq(username.unwrap_or_default()).or(users::email_key.eq(email.unwrap_or_default()));
            let others = users::table.filter(users::id.ne($user_id.clone()));
            let gone: Vec<String> = diesel::delete(others.filter(users::unconfirmed_until.le($now)).filter(named))
                .returning(users::id)
                .get_results($c)
                .await?;
            forget!($c, &gone, $now);
        }
    }};
}

/// `let_go!(c, username_key)`: after `make_way!`, once the name is a user's.
macro_rules! let_go {
    ($c:ident, $username_key:expr) => {{
        use $crate::store::schema::held_usernames;
        let username_key: Option<String> = $username_key;
        if let Some(username_key) = username_key {
            diesel::delete(held_usernames::table.find(username_key)).execute($c).await?;
        }
    }};
}

pub(super) use {claim, forget, let_go, make_way};

impl Store {
    /// Holds a name instead of making an account, and sends a letter to the owner of the address; `false` when the name is
    /// taken or held, and then nothing is recorded.
    pub async fn hold_username(
        &self,
        held: HeldUsername,
        letter: Option<OutboxRow>,
        record: Record,
        now: UnixTime,
    ) -> StoreResult<bool> {
        let result = tx!(self, async |c| {
            let username_key = held.username_key.clone();
            claim!(c, held, now);
            let has_it = users::table.filter(users::username_key.eq(username_key));
            let has_it = has_it.filter(users::unconfirmed_until.is_null().or(users::unconfirmed_until.gt(now)));
            if diesel::select(diesel::dsl::exists(has_it)).get_result::<bool>(c).await? {
                return Err(StoreError::Conflict("users".to_owned()));
            }
            if let Some(letter) = letter {
                enqueue!(c, letter);
            }
            record!(c, record);
            Ok(())
        });
        match result {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The letter to this address was asked for once more: what was registered with it waits until `until`, whether that made
    /// an account or only holds a name.
    pub async fn prolong_holds(&self, address: String, until: UnixTime, now: UnixTime) -> StoreResult<()> {
        write!(self, async |c| {
            diesel::update(
                held_usernames::table
                    .filter(held_usernames::address.eq(address))
                    .filter(held_usernames::expires_at.gt(now)),
            )
            .set(held_usernames::expires_at.eq(until))
            .execute(c)
            .await?;
            Ok(())
        })
    }

    /// One batch of names that were held until `before`.
    pub async fn sweep_held_usernames(&self, before: UnixTime) -> StoreResult<usize> {
        let old = diesel::alias!(held_usernames as old);
        write!(self, async |c| {
            Ok(diesel::delete(
                held_usernames::table.filter(held_usernames::expires_at.lt(before)).filter(
                    held_usernames::username_key.eq_any(
                        old.select(old.field(held_usernames::username_key))
                            .filter(old.field(held_usernames::expires_at).lt(before))
                            .limit(BATCH),
                    ),
                ),
            )
            .execute(c)
            .await?)
        })
    }

    /// A batch of accounts that should have been confirmed by `before`, as `erase_user` does it: the caller goes on until it
    /// gets less than `FORGOTTEN_AT_ONCE`.
    pub async fn sweep_unconfirmed_users(&self, before: UnixTime, now: UnixTime) -> StoreResult<usize> {
        let old = diesel::alias!(users as old);
        tx!(self, async |c| {
            // Said twice, because one may be confirmed while this waits for its row.
            let gone: Vec<String> = diesel::delete(
                users::table.filter(users::unconfirmed_until.lt(before)).filter(
                    users::id.eq_any(
                        old.select(old.field(users::id))
                            .filter(old.field(users::unconfirmed_until).lt(before))
                            .limit(FORGOTTEN_AT_ONCE),
                    ),
                ),
            )
            .returning(users::id)
            .get_results(c)
            .await?;
            forget!(c, &gone, now);
            Ok(gone.len())
        })
    }
}
