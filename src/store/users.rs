//! `users`: who has an account. Names are compared and searched as this program folds them; what a user granted belongs to
//! an epoch, and raising it ends all.

mod amend;
mod search;

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, erase_person, record};
use super::backend::{Store, read, tx};
use super::held_usernames::{let_go, make_way};
use super::identities::IdentityRow;
use super::one_time_tokens::{OneTimeLetter, Post, post};
use super::outbox::enqueue;
use super::schema::{identities, one_time_tokens, user_roles, users};
use super::session_clients::over;
use crate::secret::PasswordHash;
use crate::time::UnixTime;

use amend::named;
pub use amend::{Amended, Amendment, Name, Spared};
pub use search::UserFilter;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
pub struct UserRow {
    pub id: String,
    pub username: String,
    pub username_key: String,
    pub email: String,
    pub email_key: String,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub name: Option<String>,
    pub name_key: Option<String>,
    /// JSON, an object.
    pub profile: String,
    pub password_hash: Option<PasswordHash>,
    pub password_kind: Option<String>,
    pub must_reset_password: bool,
    pub verified_at: Option<UnixTime>,
    /// When a registration that nobody has confirmed is forgotten.
    pub unconfirmed_until: Option<UnixTime>,
    pub disabled_at: Option<UnixTime>,
    /// By an administrator; what too many wrong passwords lock is another table.
    pub locked_at: Option<UnixTime>,
    pub last_login_at: Option<UnixTime>,
    pub created_at: UnixTime,
    pub updated_at: UnixTime,
    pub version: i64,
    pub epoch: i64,
}

/// A user to be.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub user: UserRow,
    /// Besides the one that everybody has.
    pub roles: Vec<String>,
    pub letter: Option<OneTimeLetter>,
}

/// What changes about a user; `None` stays as it is.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = users)]
pub struct UserChange {
    pub username: Option<String>,
    pub username_key: Option<String>,
    pub email: Option<String>,
    pub email_key: Option<String>,
    pub given_name: Option<Option<String>>,
    pub family_name: Option<Option<String>>,
    pub name: Option<Option<String>>,
    pub name_key: Option<Option<String>>,
    pub profile: Option<String>,
    pub password_hash: Option<Option<PasswordHash>>,
    pub password_kind: Option<Option<String>>,
    pub must_reset_password: Option<bool>,
    pub verified_at: Option<Option<UnixTime>>,
    pub unconfirmed_until: Option<Option<UnixTime>>,
    pub disabled_at: Option<Option<UnixTime>>,
    pub locked_at: Option<Option<UnixTime>>,
}

/// `as_supposed!(user_id, from_version)`: the user in this version, or in any when none is named.
macro_rules! as_supposed {
    ($user_id:expr, $from_version:expr) => {
        users::table
            .filter(users::id.eq($user_id.clone()))
            .filter(users::version.eq($from_version.unwrap_or(0)).or($from_version.is_none().into_sql::<Bool>()))
    };
}

/// `give_roles!(c, user_id, roles)`: a role that does not exist is a dangling reference.
macro_rules! give_roles {
    ($c:ident, $user_id:expr, $roles:expr) => {
        for role in $roles {
            diesel::insert_into(user_roles::table)
                .values((user_roles::user_id.eq($user_id.clone()), user_roles::role.eq(role)))
                .on_conflict_do_nothing()
                .execute($c)
                .await?;
        }
    };
}

/// `note_kind!(c, kind)`: before a hash of a kind that no user has yet is stored, so that every node hears of it.
macro_rules! note_kind {
    ($c:ident, $kind:expr) => {
        if let Some(kind) = &$kind {
            use $crate::store::generations::{Kind, raise};
            let kind: &String = kind;
            let known = users::table.filter(users::password_kind.eq(kind.clone()));
            if !diesel::select(diesel::dsl::exists(known)).get_result::<bool>($c).await? {
                raise!($c, Kind::PasswordKinds);
            }
        }
    };
}

pub(super) use {as_supposed, give_roles, note_kind};

impl Store {
    pub async fn user(&self, id: &str) -> StoreResult<Option<UserRow>> {
        read!(self, async |c| { Ok(users::table.find(id).select(UserRow::as_select()).first(c).await.optional()?) })
    }

    /// By username or address, folded: a username has no `@` in it, an address has one.
    pub async fn user_named(&self, key: &str) -> StoreResult<Option<UserRow>> {
        // One index or the other: a condition on both is planned anew each time.
        if key.contains('@') {
            read!(self, async |c| {
                let named = users::table.filter(users::email_key.eq(key)).select(UserRow::as_select());
                Ok(named.first(c).await.optional()?)
            })
        } else {
            read!(self, async |c| {
                let named = users::table.filter(users::username_key.eq(key)).select(UserRow::as_select());
                Ok(named.first(c).await.optional()?)
            })
        }
    }

    /// A new user with roles, and the letter that asks to confirm the address; or which of the names is taken.
    pub async fn add_user(&self, new: NewUser, record: Record) -> StoreResult<Result<(), Name>> {
        self.add_linked_user(new, None, record).await
    }

    /// The same of one who signs in with a provider. A conflict that is no name's reads as one of the username: somebody else
    /// linked the same one of theirs at this moment.
    pub async fn add_linked_user(
        &self,
        new: NewUser,
        identity: Option<IdentityRow>,
        record: Record,
    ) -> StoreResult<Result<(), Name>> {
        named(tx!(self, async |c| {
            let NewUser { user, roles, letter } = new;
            let (user_id, username, now) = (user.id.clone(), Some(user.username_key.clone()), user.created_at);
            make_way!(c, username.clone(), Some(user.email_key.clone()), user_id, now);
            note_kind!(c, user.password_kind);
            diesel::insert_into(users::table).values(user).execute(c).await?;
            let_go!(c, username);
            give_roles!(c, user_id, roles);
            if let Some(identity) = identity {
                diesel::insert_into(identities::table).values(identity).execute(c).await?;
            }
            if let Some(letter) = letter {
                post!(c, Post::Link(letter));
            }
            record!(c, record);
            Ok(())
        }))
    }

    /// The roles of a user besides the one that everybody has.
    pub async fn roles_of(&self, user_id: &str) -> StoreResult<Vec<String>> {
        read!(self, async |c| {
            Ok(user_roles::table
                .filter(user_roles::user_id.eq(user_id))
                .select(user_roles::role)
                .order(user_roles::role)
                .load(c)
                .await?)
        })
    }

    /// The same for each of several users; who has none is not among the answers.
    pub async fn roles_of_each(&self, user_ids: &[&str]) -> StoreResult<HashMap<String, Vec<String>>> {
        let given: Vec<(String, String)> = read!(self, async |c| {
            Ok(user_roles::table
                .filter(user_roles::user_id.eq_any(user_ids))
                .select((user_roles::user_id, user_roles::role))
                .order((user_roles::user_id, user_roles::role))
                .load(c)
                .await?)
        })?;
        let mut roles: HashMap<String, Vec<String>> = HashMap::new();
        for (user_id, role) in given {
            roles.entry(user_id).or_default().push(role);
        }
        Ok(roles)
    }

    /// Takes a user out for good, with everything that belongs to the person.
    pub async fn erase_user(&self, id: String, from_version: Option<i64>, record: Record) -> StoreResult<Amended> {
        tx!(self, async |c| {
            let erased: Option<UserRow> = diesel::delete(as_supposed!(id, from_version))
                .returning(UserRow::as_returning())
                .get_result(c)
                .await
                .optional()?;
            let Some(row) = erased else {
                let known: i64 = users::table.filter(users::id.eq(id)).count().get_result(c).await?;
                return Ok(if known == 0 { Amended::Unknown } else { Amended::Overtaken });
            };
            erase_person!(c, id.clone());
            over!(c, session_clients::user_id.eq(id), record.act.at);
            record!(c, record);
            Ok(Amended::Done(Box::new(row)))
        })
    }

    /// The kinds of password hashes that are stored, each found by one step through the index.
    pub async fn password_kinds(&self) -> StoreResult<Vec<String>> {
        let mut kinds: Vec<String> = Vec::new();
        loop {
            let last = kinds.last().map_or("", String::as_str);
            let next: Option<String> = read!(self, async |c| {
                Ok(users::table
                    .filter(users::password_kind.gt(last))
                    .select(diesel::dsl::min(users::password_kind))
                    .first(c)
                    .await?)
            })?;
            match next {
                Some(kind) => kinds.push(kind),
                None => return Ok(kinds),
            }
        }
    }
}
