//! Changing a user: one statement on one row decides, and all that goes with the change is in its transaction.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

use super::{UserChange, UserRow, as_supposed, give_roles, note_kind};
use crate::secret::{Hash, SessionSecret};
use crate::store::audit::{Record, record};
use crate::store::backend::{Store, tx};
use crate::store::held_usernames::{let_go, make_way};
use crate::store::one_time_tokens::{OneTimeLetter, Post, Spent, post, replaces, spend};
use crate::store::outbox::enqueue;
use crate::store::schema::{grants, identities, login_failures, one_time_tokens, sessions, user_roles, users};
use crate::store::session_clients::over_but_good;
use crate::store::{StoreError, StoreResult};
use crate::time::UnixTime;

/// A change, and what goes with it in one transaction.
#[derive(Clone, Debug)]
pub struct Amendment {
    pub user_id: String,
    pub change: UserChange,
    /// The version that the change was made from; another one now means that somebody else was faster.
    pub from_version: Option<i64>,
    /// The same of the epoch: another one now means that whatever proved the user to be themselves is over.
    pub from_epoch: Option<i64>,
    /// The roles from now on, besides the one that everybody has.
    pub roles: Option<Vec<String>>,
    /// Whether all that the user granted ends, but for this grant. The links in letters that were sent before end with it,
    /// and with another address.
    pub ends_grants: Option<Spared>,
    /// Whether whoever signed in with a provider so far is no longer let in by that.
    pub unlinks: bool,
    /// The browser's session that goes on with it.
    pub spares_session: Option<Hash<SessionSecret>>,
    /// What `login_failures` calls the accounts whose failures and locks are forgotten.
    pub forgives: Vec<String>,
    /// The one-time token that this spends: without it nothing happens. With it go all others of its purpose.
    pub spends: Option<Spent>,
    /// A link takes the place of those of its purpose that the user was sent before.
    pub letters: Vec<Post>,
    pub record: Record,
    pub now: UnixTime,
}

impl Amendment {
    /// A change and nothing else.
    pub fn new(user_id: String, change: UserChange, record: Record, now: UnixTime) -> Self {
        Self {
            user_id,
            change,
            from_version: None,
            from_epoch: None,
            roles: None,
            ends_grants: None,
            unlinks: false,
            spares_session: None,
            forgives: Vec::new(),
            spends: None,
            letters: Vec::new(),
            record,
            now,
        }
    }
}

/// A grant that goes on when all others end.
#[derive(Clone, Debug, Default)]
pub struct Spared(pub Option<String>);

/// What became of it.
#[derive(Clone, Debug)]
pub enum Amended {
    Done(Box<UserRow>),
    /// There is no such user.
    Unknown,
    /// The user is no longer as the change supposes, or the token was spent before.
    Overtaken,
    /// Somebody else has the username or the address.
    Taken(Name),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    Username,
    Email,
}

impl Name {
    /// Postgres names the index, SQLite the column; both hold the word.
    fn of_conflict(about: &str) -> Self {
        if about.contains("email") { Self::Email } else { Self::Username }
    }
}

/// `spare!(c, grant, user)`: takes a grant of the epoch before into the user's new one.
macro_rules! spare {
    ($c:ident, $grant:expr, $user:expr) => {
        diesel::update(
            grants::table
                .filter(grants::id.eq($grant))
                .filter(grants::user_id.eq($user.id.clone()))
                .filter(grants::user_epoch.eq($user.epoch - 1)),
        )
        .set(grants::user_epoch.eq($user.epoch))
        .execute($c)
        .await?
    };
}

/// `spare_session!(c, hash, user)`: the same of a browser's session, if there is one.
macro_rules! spare_session {
    ($c:ident, $hash:expr, $user:expr) => {
        if let Some(hash) = $hash {
            let spared = sessions::table.find(hash).filter(sessions::user_id.eq($user.id.clone()));
            diesel::update(spared.filter(sessions::user_epoch.eq($user.epoch - 1)))
                .set(sessions::user_epoch.eq($user.epoch))
                .execute($c)
                .await?;
        }
    };
}

/// `cut!(c, user_id, letters, providers)`: what was sent to a user in letters, and who they are elsewhere.
macro_rules! cut {
    ($c:ident, $user_id:expr, $letters:expr, $providers:expr) => {
        if $letters {
            let links = one_time_tokens::table.filter(one_time_tokens::user_id.eq($user_id.clone()));
            diesel::delete(links).execute($c).await?;
        }
        if $providers {
            diesel::delete(identities::table.filter(identities::user_id.eq($user_id.clone()))).execute($c).await?;
        }
    };
}

/// `forgive!(c, accounts)`: from wherever the failures came.
macro_rules! forgive {
    ($c:ident, $accounts:expr) => {
        for account in $accounts {
            diesel::delete(login_failures::table.filter(login_failures::account.eq(account))).execute($c).await?;
        }
    };
}

impl Store {
    /// Changes a user, with all that goes with it or not at all.
    pub async fn amend_user(&self, amendment: Amendment) -> StoreResult<Amended> {
        let amended = tx!(self, async |c| {
            let Amendment { user_id, mut change, from_version, from_epoch, .. } = amendment;
            let Amendment { roles, ends_grants, unlinks, spares_session, spends, letters, record, now, .. } = amendment;
            let forgiven = amendment.forgives;
            if let Some(spent) = spends
                && spend!(c, user_id, spent, now) == 0
            {
                return Err(StoreError::Overtaken);
            }
            if let Some(Some(_)) = change.verified_at {
                change.unconfirmed_until = Some(None);
            }
            make_way!(c, change.username_key.clone(), change.email_key.clone(), user_id, now);
            note_kind!(c, change.password_kind.clone().flatten());
            let ends_links = ends_grants.is_some() || change.email_key.is_some();
            let renamed = change.username_key.clone();
            let user = as_supposed!(user_id, from_version)
                .filter(users::epoch.eq(from_epoch.unwrap_or(0)).or(from_epoch.is_none().into_sql::<Bool>()));
            let row: Option<UserRow> = diesel::update(user)
                .set((
                    change,
                    users::updated_at.eq(now),
                    users::version.eq(users::version + 1),
                    users::epoch.eq(users::epoch + i64::from(ends_grants.is_some())),
                ))
                .returning(UserRow::as_returning())
                .get_result(c)
                .await
                .optional()?;
            let Some(row) = row else {
                let known: i64 = users::table.filter(users::id.eq(user_id)).count().get_result(c).await?;
                return if known == 0 { Ok(Amended::Unknown) } else { Err(StoreError::Overtaken) };
            };
            cut!(c, user_id, ends_links, unlinks);
            forgive!(c, forgiven);
            if let Some(Spared(grant)) = ends_grants {
                spare!(c, grant.unwrap_or_default(), row);
                spare_session!(c, spares_session, row);
                over_but_good!(c, user_id, row.epoch, now);
            }
            if let Some(roles) = roles {
                diesel::delete(user_roles::table.filter(user_roles::user_id.eq(user_id.clone()))).execute(c).await?;
                give_roles!(c, user_id, roles);
            }
            let_go!(c, renamed);
            for letter in letters {
                replaces!(c, letter);
                post!(c, letter);
            }
            record!(c, record);
            Ok(Amended::Done(Box::new(row)))
        });
        match named(amended) {
            Ok(amended) => Ok(amended.unwrap_or_else(Amended::Taken)),
            Err(StoreError::Overtaken) => Ok(Amended::Overtaken),
            Err(error) => Err(error),
        }
    }
}

/// A name that somebody else has is an answer, not a failure.
pub(super) fn named<T>(result: StoreResult<T>) -> StoreResult<Result<T, Name>> {
    match result {
        Ok(done) => Ok(Ok(done)),
        Err(StoreError::Conflict(about)) => Ok(Err(Name::of_conflict(&about))),
        Err(error) => Err(error),
    }
}
