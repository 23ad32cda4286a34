//! What administrators and operators do to accounts, as far as their authority reaches.

use super::details::{self, Details, Faults, NewAccount};
use super::profile::amended;
use super::register::{row, taken};
use super::{letters, names, sessions};
use crate::app::App;
use crate::audit::{Act, Entry};
use crate::authority::Authority;
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::limits;
use crate::protocol::error::ErrorCode;
use crate::secret::{Password, PasswordHash, Plain};
use crate::store::StoreError;
use crate::store::removal::Going;
use crate::store::roles::EVERYBODY;
use crate::store::users::{Amended, Amendment, Name, NewUser, Spared, UserChange, UserRow};
use crate::time::UnixTime;

/// An account that somebody makes for somebody else.
#[derive(Clone, Debug)]
pub struct Created {
    pub account: NewAccount,
    pub password: Option<PasswordChoice>,
    pub roles: Vec<String>,
    pub verified: bool,
    /// One of many: its password waits until nobody else's is computed.
    pub in_bulk: bool,
}

/// How a password is given.
#[derive(Clone, Debug)]
pub enum PasswordChoice {
    Chosen(Plain<Password>),
    /// As another system stored it.
    Imported(PasswordHash),
}

/// What changes about somebody's account.
#[derive(Clone, Debug, Default)]
pub struct Update {
    pub username: Option<String>,
    pub email: Option<String>,
    pub verified: Option<bool>,
    pub details: Details,
}

pub async fn create(app: &App, new: Created, authority: &Authority<'_>, now: UnixTime) -> Outcome<UserRow> {
    let Created { account, password, roles, verified, in_bulk } = new;
    let mut faults = Faults::default();
    account.check(app, &mut faults);
    if let Some(PasswordChoice::Chosen(password)) = &password {
        details::check_password(app, password, &account.own_names(), "password", &mut faults);
    }
    faults.finish()?;
    authority.may_give(app, &roles, now).await?;
    let hash = match password {
        Some(PasswordChoice::Chosen(password)) if in_bulk => Some(app.passwords.hash_in_bulk(&password).await?),
        Some(PasswordChoice::Chosen(password)) => Some(app.passwords.hash(&password).await?),
        Some(PasswordChoice::Imported(hash)) => Some(hash),
        None => None,
    };
    let user = UserRow { verified_at: verified.then_some(now), ..row(account, hash, now) };
    let record = authority.does(Act::UserCreated, &user.id).record(now);
    let new = NewUser { user: user.clone(), roles: besides_everybody(roles), letter: None };
    match app.store.add_user(new, record).await {
        Ok(Ok(())) => Ok(user),
        // Both may be taken, and the databases do not say the same one first.
        Ok(Err(_)) if app.store.user_named(&user.username_key).await?.is_some() => Err(taken(Name::Username)),
        Ok(Err(name)) => Err(taken(name)),
        Err(error) => Err(dangling_role(error)),
    }
}

pub async fn update(
    app: &App,
    id: &str,
    update: Update,
    from_version: Option<i64>,
    authority: &Authority<'_>,
    now: UnixTime,
) -> Outcome<UserRow> {
    let user = authority.may_touch(app, id, now).await?;
    let Update { username, email, verified, details } = update;
    let mut faults = Faults::default();
    details.check(app, &mut faults);
    if let Some(username) = &username {
        faults.note("username", names::check_username(username));
    }
    if let Some(email) = &email {
        faults.note("email", names::check_email(email));
    }
    faults.finish()?;
    // A description of the whole names the address again: only another one ends the links that were sent to it.
    let email = email.filter(|email| *email != user.email);
    // Who sets another one does not vouch for it by that alone.
    let verified_at = match (verified, &email) {
        (Some(true), None) => Some(Some(user.verified_at.unwrap_or(now))),
        (Some(true), Some(_)) => Some(Some(now)),
        (Some(false), _) | (None, Some(_)) => Some(None),
        (None, None) => None,
    };
    let told = match email {
        Some(_) => Some(letters::email_changed(app, &user, None, now)?.into()),
        None => None,
    };
    let change = UserChange {
        username_key: username.as_deref().map(names::fold),
        username,
        email_key: email.as_deref().map(names::fold),
        email,
        verified_at,
        ..details.into_change()
    };
    let record = authority.does(Act::UserUpdated, id).record(now);
    let letters = Vec::from_iter(told);
    amend(app, Amendment { from_version, letters, ..Amendment::new(user.id, change, record, now) }).await
}

/// Shuts a user out, ending all sign-ins at once, or lets the user in again.
pub async fn set_enabled(
    app: &App,
    id: &str,
    enabled: bool,
    from_version: Option<i64>,
    authority: &Authority<'_>,
    now: UnixTime,
) -> Outcome<UserRow> {
    let user = authority.may_touch(app, id, now).await?;
    let act = if enabled { Act::UserEnabled } else { Act::UserDisabled };
    let change = UserChange { disabled_at: Some((!enabled).then_some(now)), ..UserChange::default() };
    let ends_grants = (!enabled).then_some(Spared(None));
    let record = authority.does(act, id).record(now);
    amend(app, Amendment { ends_grants, from_version, ..Amendment::new(user.id, change, record, now) }).await
}

/// The same for a while. Unlocking also forgets the wrong passwords that locked the account by themselves.
pub async fn set_locked(
    app: &App,
    id: &str,
    locked: bool,
    from_version: Option<i64>,
    authority: &Authority<'_>,
    now: UnixTime,
) -> Outcome<UserRow> {
    let user = authority.may_touch(app, id, now).await?;
    let act = if locked { Act::UserLocked } else { Act::UserUnlocked };
    let change = UserChange { locked_at: Some(locked.then_some(now)), ..UserChange::default() };
    let ends_grants = locked.then_some(Spared(None));
    let record = authority.does(act, id).record(now);
    let forgives = if locked { Vec::new() } else { limits::counted_as(app, &[&user.username, &user.email]) };
    amend(app, Amendment { ends_grants, from_version, forgives, ..Amendment::new(user.id, change, record, now) }).await
}

/// Replaces the roles of a user. They hold at once, in the tokens that are out already, too.
pub async fn set_roles(
    app: &App,
    id: &str,
    roles: Vec<String>,
    from_version: Option<i64>,
    authority: &Authority<'_>,
    now: UnixTime,
) -> Outcome<UserRow> {
    let user = authority.may_touch(app, id, now).await?;
    authority.may_give(app, &roles, now).await?;
    let record = authority.does(Act::UserRolesChanged, id).with(serde_json::json!({ "roles": roles })).record(now);
    let roles = Some(besides_everybody(roles));
    let amendment = Amendment { roles, from_version, ..Amendment::new(user.id, UserChange::default(), record, now) };
    amend(app, amendment).await
}

pub async fn set_password(
    app: &App,
    id: &str,
    password: &Plain<Password>,
    from_version: Option<i64>,
    authority: &Authority<'_>,
    now: UnixTime,
) -> Outcome<UserRow> {
    let user = authority.may_touch(app, id, now).await?;
    let mut faults = Faults::default();
    details::check_password(app, password, &details::own_names(&user), "password", &mut faults);
    faults.finish()?;
    let change = details::hashed(app, password).await?;
    let record = authority.does(Act::PasswordChanged, id).record(now);
    let ends_grants = Some(Spared(None));
    amend(app, Amendment { ends_grants, from_version, ..Amendment::new(user.id, change, record, now) }).await
}

/// Nobody can sign in with the old password any more, and all sign-ins end; a letter says how it goes on.
pub async fn force_reset(
    app: &App,
    id: &str,
    from_version: Option<i64>,
    authority: &Authority<'_>,
    now: UnixTime,
) -> Outcome<UserRow> {
    let user = authority.may_touch(app, id, now).await?;
    let letters = vec![letters::reset(app, &user, now)?.into()];
    let change = UserChange { must_reset_password: Some(true), ..UserChange::default() };
    let record = authority.does(Act::UserResetForced, id).record(now);
    let ends_grants = Some(Spared(None));
    amend(app, Amendment { ends_grants, from_version, letters, ..Amendment::new(user.id, change, record, now) }).await
}

/// Takes an account out for good, with what the audit log holds of the person.
pub async fn erase(
    app: &App,
    id: &str,
    from_version: Option<i64>,
    authority: &Authority<'_>,
    now: UnixTime,
) -> Outcome<()> {
    let user = authority.may_touch(app, id, now).await?;
    let mut from_version = from_version;
    if app.store.holds_many(Going::User(id)).await? {
        // Shut out first, so that no more comes to be. Where this is cut off, a disabled account is left, to be erased again.
        let disabled = set_enabled(app, id, false, from_version, authority, now).await?;
        from_version = from_version.and(Some(disabled.version));
        app.store.thin_out(Going::User(id)).await?;
    }
    let record = authority.does(Act::AccountErased, id).record(now);
    amended(app.store.erase_user(user.id, from_version, record).await?).map(drop)
}

/// Ends one sign-in of a user.
pub async fn end_session(
    app: &App,
    id: &str,
    session_id: &str,
    authority: &Authority<'_>,
    now: UnixTime,
) -> Outcome<()> {
    let user = authority.may_touch(app, id, now).await?;
    sessions::end(app, &user.id, session_id, authority.by.actor, &authority.by.origin, now).await
}

/// Ends everything that a user ever granted.
pub async fn end_sessions(app: &App, id: &str, authority: &Authority<'_>, now: UnixTime) -> Outcome<()> {
    let user = authority.may_touch(app, id, now).await?;
    sessions::end_all(app, &user.id, authority.by.actor, &authority.by.origin, now).await
}

/// By id, username or address.
pub async fn find(app: &App, name: &str) -> Outcome<UserRow> {
    let found = match app.store.user(name).await? {
        Some(user) => Some(user),
        None => app.store.user_named(&names::fold(name)).await?,
    };
    found.ok_or_else(unknown)
}

impl<'a> Authority<'a> {
    fn does(&self, act: Act, user_id: &str) -> Entry<'a> {
        self.by.does(act).on("user", user_id)
    }

    /// Whether these are roles that exist, and give nothing over this server that the giver lacks.
    async fn may_give(&self, app: &App, roles: &[String], now: UnixTime) -> Outcome<()> {
        if roles.is_empty() {
            return Ok(());
        }
        let known = app.store.roles().await?;
        let is_known = |role: &String| known.iter().any(|known| known.name == **role);
        if !roles.iter().all(is_known) {
            return Err(unknown_role());
        }
        let given = known.iter().filter(|role| roles.contains(&role.name)).flat_map(|role| &role.scopes);
        self.covers(app, None, given.map(String::as_str), now).await
    }

    /// The user, if this authority covers theirs.
    async fn may_touch(&self, app: &App, user_id: &str, now: UnixTime) -> Outcome<UserRow> {
        let user = app.store.user(user_id).await?.ok_or_else(unknown)?;
        if self.scope.is_some() {
            let roles = app.store.roles_of(user_id).await?;
            let known = app.store.roles().await?;
            let has = known.iter().filter(|role| roles.contains(&role.name)).flat_map(|role| &role.scopes);
            self.covers(app, Some(("user", user_id)), has.map(String::as_str), now).await?;
        }
        Ok(user)
    }
}

async fn amend(app: &App, amendment: Amendment) -> Outcome<UserRow> {
    match app.store.amend_user(amendment).await {
        Ok(done @ (Amended::Done(_) | Amended::Unknown | Amended::Overtaken | Amended::Taken(_))) => amended(done),
        Err(error) => Err(dangling_role(error)),
    }
}

/// What nobody needs to be given.
fn besides_everybody(roles: Vec<String>) -> Vec<String> {
    roles.into_iter().filter(|role| role != EVERYBODY).collect()
}

/// A role that went while it was given.
fn dangling_role(error: StoreError) -> Failure {
    match error {
        StoreError::Dangling => unknown_role(),
        error => error.into(),
    }
}

fn unknown_role() -> Failure {
    Refused::field("roles", "names a role that does not exist").into()
}

fn unknown() -> Failure {
    Refused::new(ErrorCode::NotFound, Reason::NotThere, "there is no such user").into()
}
