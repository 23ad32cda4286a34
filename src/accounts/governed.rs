//! An account as administrators and operators see it, and where its user is signed in.

use serde::Serialize;

use super::Shown;
use crate::app::App;
use crate::failure::Outcome;
use crate::store::grants::GrantRow;
use crate::store::sessions::SessionRow;
use crate::store::users::UserRow;
use crate::time::UnixTime;

#[derive(Clone, Debug, Serialize)]
pub struct Governed {
    #[serde(flatten)]
    pub user: Shown,
    /// By an administrator; too many wrong passwords lock an account only where they come from.
    pub locked: bool,
    pub has_password: bool,
    pub must_reset_password: bool,
}

impl Governed {
    fn of(user: &UserRow, roles: &[String]) -> Outcome<Self> {
        Ok(Self {
            user: Shown::of(user, roles)?,
            locked: user.locked_at.is_some(),
            has_password: user.password_hash.is_some(),
            must_reset_password: user.must_reset_password,
        })
    }
}

/// An account with the roles that it has now.
pub async fn governed(app: &App, user: &UserRow) -> Outcome<Governed> {
    Governed::of(user, &app.store.roles_of(&user.id).await?)
}

/// The same for a page of accounts.
pub async fn governed_each(app: &App, users: &[UserRow]) -> Outcome<Vec<Governed>> {
    let ids: Vec<&str> = users.iter().map(|user| user.id.as_str()).collect();
    let roles = app.store.roles_of_each(&ids).await?;
    users.iter().map(|user| Governed::of(user, roles.get(&user.id).map_or(&[], Vec::as_slice))).collect()
}

/// Whether a user is signed in at a client, or with a browser at this server itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    Client,
    Browser,
}

/// Somewhere where a user is signed in.
#[derive(Clone, Debug, Serialize)]
pub struct Session {
    pub id: String,
    pub kind: SessionKind,
    /// Of a browser there is neither.
    pub client_id: Option<String>,
    pub scope: Option<String>,
    pub device: Option<String>,
    pub address: Option<String>,
    pub created_at: UnixTime,
    pub last_used_at: UnixTime,
    pub expires_at: UnixTime,
}

impl From<GrantRow> for Session {
    fn from(grant: GrantRow) -> Self {
        let GrantRow { id, client_id, scope, device, address, created_at, last_used_at, expires_at, .. } = grant;
        let (kind, client_id, scope) = (SessionKind::Client, Some(client_id), Some(scope));
        Self { id, kind, client_id, scope, device, address, created_at, last_used_at, expires_at }
    }
}

impl From<SessionRow> for Session {
    fn from(session: SessionRow) -> Self {
        let SessionRow { id, device, address, created_at, last_used_at, expires_at, .. } = session;
        let (kind, client_id, scope) = (SessionKind::Browser, None, None);
        Self { id, kind, client_id, scope, device, address, created_at, last_used_at, expires_at }
    }
}
