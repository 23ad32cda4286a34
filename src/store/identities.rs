//! `identities`: who of a provider's people is who here. One of theirs is one of ours, and nobody loses the last way to sign in.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::audit::{Record, record};
use super::backend::{Store, read, tx, write};
use super::kept::kept;
use super::outbox::{OutboxRow, enqueue};
use super::schema::{identities, users};
use super::{StoreError, StoreResult};
use crate::time::UnixTime;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = identities, treat_none_as_default_value = false)]
pub struct IdentityRow {
    pub id: String,
    pub upstream_id: String,
    /// What the provider calls somebody for good.
    pub subject: String,
    pub user_id: String,
    /// The address that the provider named when they were linked.
    pub email: Option<String>,
    pub linked_at: UnixTime,
    pub last_login_at: Option<UnixTime>,
}

/// What became of taking a link away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinked {
    Done,
    Unknown,
    /// Nothing else would let the user in.
    LastWay,
}

impl Store {
    pub async fn identity(&self, upstream_id: &str, subject: &str) -> StoreResult<Option<IdentityRow>> {
        read!(self, async |c| {
            Ok(identities::table
                .filter(identities::upstream_id.eq(upstream_id))
                .filter(identities::subject.eq(subject))
                .select(IdentityRow::as_select())
                .first(c)
                .await
                .optional()?)
        })
    }

    /// All that a user is linked to.
    pub async fn identities_of(&self, user_id: &str) -> StoreResult<Vec<IdentityRow>> {
        read!(self, async |c| {
            Ok(identities::table
                .filter(identities::user_id.eq(user_id))
                .select(IdentityRow::as_select())
                .order(identities::id)
                .load(c)
                .await?)
        })
    }

    /// Links a user who is still in this epoch, and writes to them; `false` when one of theirs is linked already, to whomever.
    pub async fn add_identity(
        &self,
        identity: IdentityRow,
        epoch: i64,
        letter: OutboxRow,
        record: Record,
    ) -> StoreResult<bool> {
        let added = tx!(self, async |c| {
            // Whoever was shut out since they proved to be this user leaves no other way in.
            let user = users::table.filter(users::id.eq(identity.user_id.clone())).filter(users::epoch.eq(epoch));
            if diesel::update(user).set(users::updated_at.eq(identity.linked_at)).execute(c).await? == 0 {
                return Err(StoreError::Overtaken);
            }
            diesel::insert_into(identities::table).values(identity).execute(c).await?;
            enqueue!(c, letter);
            record!(c, record);
            Ok(())
        });
        match added {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes down that somebody signed in with it.
    pub async fn note_identity_used(&self, id: String, now: UnixTime) -> StoreResult<()> {
        write!(self, async |c| {
            let used = diesel::update(identities::table.filter(identities::id.eq(id)));
            kept(used.set(identities::last_login_at.eq(now))).execute(c).await?;
            Ok(())
        })
    }

    /// Takes a link of this user away, and writes to them, unless it is the last way to sign in.
    pub async fn unlink(
        &self,
        id: String,
        user_id: String,
        letter: OutboxRow,
        record: Record,
        now: UnixTime,
    ) -> StoreResult<Unlinked> {
        let others = diesel::alias!(identities as others);
        tx!(self, async |c| {
            // Of two that are taken away at once, the later one sees that the other is gone.
            let user = users::table.filter(users::id.eq(user_id.clone()));
            diesel::update(user).set(users::updated_at.eq(now)).execute(c).await?;
            let own =
                identities::table.filter(identities::id.eq(id.clone())).filter(identities::user_id.eq(user_id.clone()));
            let known: i64 = own.clone().count().get_result(c).await?;
            if known == 0 {
                return Ok(Unlinked::Unknown);
            }
            let password =
                users::table.filter(users::id.eq(user_id.clone())).filter(users::password_hash.is_not_null());
            let another = others
                .filter(others.field(identities::user_id).eq(user_id.clone()))
                .filter(others.field(identities::id).ne(id.clone()))
                .select(others.field(identities::id));
            if diesel::delete(own.filter(exists(password).or(exists(another)))).execute(c).await? == 0 {
                return Ok(Unlinked::LastWay);
            }
            enqueue!(c, letter);
            record!(c, record);
            Ok(Unlinked::Done)
        })
    }
}
