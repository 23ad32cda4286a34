//! Looking for users: by what they are called and what they are, in pages.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

use super::UserRow;
use crate::store::StoreResult;
use crate::store::backend::{Store, read};
use crate::store::roles::EVERYBODY;
use crate::store::schema::{user_roles, users};

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

impl Store {
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
                        .or(users::name_key.assume_not_null().like(&part).escape('!'))
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
}

/// What a search means literally; `!` is the escape, because no pattern needs it otherwise.
fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}
