//! `users`: who has an account. Names are compared folded; what a user granted belongs to an epoch, and raising it ends all.

mod amend;

use std::collections::HashMap;

use diesel::define_sql_function;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, erase_person, record};
use super::backend::{Store, read, tx};
use super::held_usernames::{let_go, make_way};
use super::one_time_tokens::{OneTimeLetter, Post, post};
use super::outbox::enqueue;
use super::roles::EVERYBODY;
use super::schema::{one_time_tokens, user_roles, users};
use crate::secret::PasswordHash;
use crate::time::UnixTime;

use amend::named;
pub use amend::{Amended, Amendment, Name, Spared};

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
    pub profile: Option<String>,
    pub password_hash: Option<Option<PasswordHash>>,
    pub password_kind: Option<Option<String>>,
    pub must_reset_password: Option<bool>,
    pub verified_at: Option<Option<UnixTime>>,
    pub unconfirmed_until: Option<Option<UnixTime>>,
    pub disabled_at: Option<Option<UnixTime>>,
    pub locked_at: Option<Option<UnixTime>>,
}

/// By what a user is looked for.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Part of a username, an address or a name, folded.
    pub text: Option<String>,
    pub role: Option<String>,
    pub enabled: Option<bool>,
    pub locked: Option<bool>,
    pub verified: Option<bool>,
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

pub(super) use {give_roles, note_kind};

impl Store {
    pub async fn user(&self, id: &str) -> StoreResult<Option<UserRow>> {
        read!(self, async |c| { Ok(users::table.find(id).select(UserRow::as_select()).first(c).await.optional()?) })
    }

    /// By username or address, folded: a username has no `@` in it, an address has one.
    pub async fn user_named(&self, key: &str) -> StoreResult<Option<UserRow>> {
        let (username, email) = if key.contains('@') { ("", key) } else { (key, "") };
        read!(self, async |c| {
            Ok(users::table
                .filter(users::username_key.eq(username).or(users::email_key.eq(email)))
                .select(UserRow::as_select())
                .first(c)
                .await
                .optional()?)
        })
    }

    /// A new user with roles, and the letter that asks to confirm the address; or which of the names is taken.
    pub async fn add_user(&self, new: NewUser, record: Record) -> StoreResult<Result<(), Name>> {
        named(tx!(self, async |c| {
            let NewUser { user, roles, letter } = new;
            let (user_id, username, now) = (user.id.clone(), Some(user.username_key.clone()), user.created_at);
            make_way!(c, username.clone(), Some(user.email_key.clone()), user_id, now);
            note_kind!(c, user.password_kind);
            diesel::insert_into(users::table).values(user).execute(c).await?;
            let_go!(c, username);
            give_roles!(c, user_id, roles);
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

    /// A page of users in the order in which they were made, after the one named.
    pub async fn users(&self, filter: UserFilter, after: Option<&str>, limit: i64) -> StoreResult<Vec<UserRow>> {
        let after = after.unwrap_or("");
        let UserFilter { text, role, enabled, locked, verified } = filter;
        let role = role.filter(|role| role != EVERYBODY);
        let (any_text, any_role) = (text.is_none(), role.is_none());
        let part = format!("%{}%", escaped(&text.unwrap_or_default()));
        let role = role.unwrap_or_default();
        // A condition that was not asked for holds for everybody.
        let any = |asked: Option<bool>| asked.is_none().into_sql::<Bool>();
        read!(self, async |c| {
            let having = user_roles::table.filter(user_roles::role.eq(&role)).select(user_roles::user_id);
            Ok(users::table
                .filter(users::id.gt(after))
                .filter(
                    users::username_key
                        .like(&part)
                        .escape('!')
                        .or(users::email_key.like(&part).escape('!'))
                        .or(lower(users::name).like(&part).escape('!'))
                        .or(any_text.into_sql::<Bool>()),
                )
                .filter(users::id.eq_any(having).or(any_role.into_sql::<Bool>()))
                .filter(users::disabled_at.is_null().eq(enabled.unwrap_or_default()).or(any(enabled)))
                .filter(users::locked_at.is_not_null().eq(locked.unwrap_or_default()).or(any(locked)))
                .filter(users::verified_at.is_not_null().eq(verified.unwrap_or_default()).or(any(verified)))
                .select(UserRow::as_select())
                .order(users::id)
                .limit(limit)
                .load(c)
                .await?)
        })
    }

    /// Takes a user out for good, with everything that belongs to the person; `false` when there is none.
    pub async fn erase_user(&self, id: String, record: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            let rows = diesel::delete(users::table.filter(users::id.eq(id.clone()))).execute(c).await?;
            if rows == 1 {
                erase_person!(c, id);
                record!(c, record);
            }
            Ok(rows == 1)
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

define_sql_function! {
    fn lower(text: Nullable<Text>) -> Nullable<Text>;
}

/// What a search means literally; `!` is the escape, because no pattern needs it otherwise.
fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}
