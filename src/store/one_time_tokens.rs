//! `one_time_tokens`: what the links in letters hold. Each works once, for the address that it was sent to.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, read, tx};
use super::outbox::{OutboxRow, enqueue};
use super::schema::{one_time_tokens, users};
use crate::secret::{Hash, OneTimeToken};
use crate::time::UnixTime;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = one_time_tokens)]
pub struct OneTimeRow {
    pub hash: Hash<OneTimeToken>,
    pub user_id: String,
    pub purpose: String,
    pub email: String,
    pub created_at: UnixTime,
    pub expires_at: UnixTime,
}

/// A token, and the letter that carries it.
#[derive(Clone, Debug)]
pub struct OneTimeLetter {
    pub token: OneTimeRow,
    pub letter: OutboxRow,
}

/// What is sent with a change.
#[derive(Clone, Debug)]
pub enum Post {
    Letter(OutboxRow),
    Link(OneTimeLetter),
}

impl From<OutboxRow> for Post {
    fn from(letter: OutboxRow) -> Self {
        Self::Letter(letter)
    }
}

impl From<OneTimeLetter> for Post {
    fn from(letter: OneTimeLetter) -> Self {
        Self::Link(letter)
    }
}

/// A token that is being used.
#[derive(Clone, Debug)]
pub struct Spent {
    pub hash: Hash<OneTimeToken>,
    pub purpose: String,
}

impl Store {
    /// A token that is still good; using it is part of what it is used for.
    pub async fn one_time_token(&self, hash: &Hash<OneTimeToken>, now: UnixTime) -> StoreResult<Option<OneTimeRow>> {
        read!(self, async |c| {
            Ok(one_time_tokens::table
                .find(hash)
                .filter(one_time_tokens::expires_at.gt(now))
                .select(OneTimeRow::as_select())
                .first(c)
                .await
                .optional()?)
        })
    }

    /// Sends one more link. An account that waits to be confirmed waits as long as a link that confirms it is good.
    pub async fn send_one_time_token(&self, sent: OneTimeLetter, confirms: bool, record: Record) -> StoreResult<()> {
        tx!(self, async |c| {
            if confirms {
                let waits = users::table.find(sent.token.user_id.clone());
                diesel::update(waits.filter(users::unconfirmed_until.gt(sent.token.created_at)))
                    .set(users::unconfirmed_until.eq(sent.token.expires_at))
                    .execute(c)
                    .await?;
            }
            diesel::insert_into(one_time_tokens::table).values(sent.token).execute(c).await?;
            enqueue!(c, sent.letter);
            record!(c, record);
            Ok(())
        })
    }
}

/// `spend!(c, user_id, spent, now)`: inside a transaction, 1 for whoever uses the token first. All others of its purpose go
/// with it.
macro_rules! spend {
    ($c:ident, $user_id:expr, $spent:expr, $now:expr) => {{
        let $crate::store::one_time_tokens::Spent { hash, purpose } = $spent;
        let spent = diesel::delete(
            one_time_tokens::table
                .filter(one_time_tokens::hash.eq(hash))
                .filter(one_time_tokens::user_id.eq($user_id.clone()))
                .filter(one_time_tokens::purpose.eq(purpose.clone()))
                .filter(one_time_tokens::expires_at.gt($now)),
        )
        .execute($c)
        .await?;
        diesel::delete(
            one_time_tokens::table
                .filter(one_time_tokens::user_id.eq($user_id.clone()))
                .filter(one_time_tokens::purpose.eq(purpose)),
        )
        .execute($c)
        .await?;
        spent
    }};
}

/// `post!(c, post)`: inside the transaction of what it tells of.
macro_rules! post {
    ($c:ident, $post:expr) => {
        match $post {
            $crate::store::one_time_tokens::Post::Letter(letter) => enqueue!($c, letter),
            $crate::store::one_time_tokens::Post::Link(OneTimeLetter { token, letter }) => {
                diesel::insert_into(one_time_tokens::table).values(token).execute($c).await?;
                enqueue!($c, letter);
            }
        }
    };
}

/// `replaces!(c, post)`: before a link that its own user asked for, so that of several the newest one counts.
macro_rules! replaces {
    ($c:ident, $post:expr) => {
        if let $crate::store::one_time_tokens::Post::Link(OneTimeLetter { token, .. }) = &$post {
            diesel::delete(
                one_time_tokens::table
                    .filter(one_time_tokens::user_id.eq(token.user_id.clone()))
                    .filter(one_time_tokens::purpose.eq(token.purpose.clone())),
            )
            .execute($c)
            .await?;
        }
    };
}

pub(super) use {post, replaces, spend};
