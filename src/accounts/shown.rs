//! A user as people and programs read it.

use serde::Serialize;
use serde_json::Value;

use super::details;
use crate::app::App;
use crate::directory::Roles;
use crate::failure::Outcome;
use crate::store::users::UserRow;
use crate::time::UnixTime;

#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    pub id: String,
    pub username: String,
    pub email: String,
    pub email_verified: bool,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub name: Option<String>,
    pub profile: Value,
    /// With the one that everybody has.
    pub roles: Vec<String>,
    pub enabled: bool,
    pub created_at: UnixTime,
    pub updated_at: UnixTime,
    pub last_login_at: Option<UnixTime>,
    /// Of the row: raised by every change of it, but not by signing in.
    #[serde(skip)]
    pub version: i64,
}

impl Shown {
    /// `roles` without the one that everybody has.
    pub fn of(user: &UserRow, roles: &[String]) -> Outcome<Self> {
        Ok(Self {
            id: user.id.clone(),
            username: user.username.clone(),
            email: user.email.clone(),
            email_verified: user.verified_at.is_some(),
            given_name: user.given_name.clone(),
            family_name: user.family_name.clone(),
            name: user.name.clone(),
            profile: details::profile(user)?,
            roles: Roles::all_of(roles),
            enabled: user.disabled_at.is_none(),
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_login_at: user.last_login_at,
            version: user.version,
        })
    }
}

/// A user with the roles that it has now.
pub async fn shown(app: &App, user: &UserRow) -> Outcome<Shown> {
    Shown::of(user, &app.store.roles_of(&user.id).await?)
}
