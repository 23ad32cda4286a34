//! `countersign user`.

mod import;

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::arguments::{NewUser, Page, UserCommand, UserSearch, UserUpdate};
use super::output::{Complaint, Printed, table, when};
use crate::accounts::administer::{self, Created, PasswordChoice, Update};
use crate::accounts::details::{Details, NewAccount};
use crate::accounts::{self, Governed, Session, names, sessions};
use crate::app::App;
use crate::authority::Authority;
use crate::failure::{Failure, Reason};
use crate::protocol::members::{self, Patch};
use crate::secret::{Password, Plain};
use crate::store::users::{UserFilter, UserRow};
use crate::time::UnixTime;

pub async fn run(app: &App, command: UserCommand) -> Result<Printed, Complaint> {
    let (operator, now) = (Authority::operator(), app.clock.now());
    match command {
        UserCommand::Create(new) => create(app, new, &operator, now).await,
        UserCommand::List(search) => list(app, search).await,
        UserCommand::Import { file } => import::run(app, &file).await,
        UserCommand::Show(user) => show(app, &named(app, &user.name).await?).await,
        UserCommand::Update { user, change } => {
            update(app, &named(app, &user.name).await?, *change, &operator, now).await
        }
        UserCommand::Sessions { user, page } => sessions(app, &named(app, &user.name).await?, page, now).await,
        UserCommand::Roles { user, roles, none } => {
            let user = named(app, &user.name).await?;
            if !roles.is_empty() || none {
                administer::set_roles(app, &user.id, roles, None, &operator, now).await.map_err(explained)?;
            }
            let roles = accounts::governed(app, &user).await?.user.roles;
            let json = json!({"id": user.id, "username": user.username, "roles": roles});
            Printed::new(&json, format!("{}\n", roles.join("\n")))
        }
        command => act(app, command, &operator, now).await,
    }
}

/// What is done to an account, and told in a word.
async fn act(app: &App, command: UserCommand, by: &Authority<'_>, now: UnixTime) -> Result<Printed, Complaint> {
    let (name, done) = match command {
        UserCommand::Lock(user) => {
            let user = named(app, &user.name).await?;
            (administer::set_locked(app, &user.id, true, None, by, now).await?, "locked: all sessions have ended")
        }
        UserCommand::Unlock(user) => {
            let user = named(app, &user.name).await?;
            (administer::set_locked(app, &user.id, false, None, by, now).await?, "unlocked")
        }
        UserCommand::Enable(user) => {
            let user = named(app, &user.name).await?;
            (administer::set_enabled(app, &user.id, true, None, by, now).await?, "enabled")
        }
        UserCommand::Disable(user) => {
            let user = named(app, &user.name).await?;
            (administer::set_enabled(app, &user.id, false, None, by, now).await?, "disabled: all sessions have ended")
        }
        UserCommand::Delete(user) => {
            let user = named(app, &user.name).await?;
            let done = "deleted: `countersign user enable` brings it back, `countersign user erase` ends it for good";
            (administer::set_enabled(app, &user.id, false, None, by, now).await?, done)
        }
        UserCommand::Erase(user) => {
            let user = named(app, &user.name).await?;
            administer::erase(app, &user.id, None, by, now).await?;
            (user, "erased")
        }
        UserCommand::ForceReset(user) => {
            let user = named(app, &user.name).await?;
            let done = "must set a new password: a server sends the letter";
            (administer::force_reset(app, &user.id, None, by, now).await?, done)
        }
        UserCommand::SetPassword { user, .. } => {
            let user = named(app, &user.name).await?;
            let password = password()?;
            (administer::set_password(app, &user.id, &password, None, by, now).await?, "has a new password")
        }
        UserCommand::SignOut { user, session } => {
            let user = named(app, &user.name).await?;
            match &session {
                Some(session) => administer::end_session(app, &user.id, session, by, now).await?,
                None => administer::end_sessions(app, &user.id, by, now).await?,
            }
            (user, if session.is_some() { "signed out of one session" } else { "signed out everywhere" })
        }
        _ => return Ok(Printed::nothing()),
    };
    let UserRow { id, username, .. } = name;
    Printed::new(&json!({"id": id, "username": username, "done": done}), format!("{username} {done}\n"))
}

async fn create(app: &App, new: NewUser, by: &Authority<'_>, now: UnixTime) -> Result<Printed, Complaint> {
    let created = match &new.from {
        Some(from) => {
            let text = Zeroizing::new(super::read_input(from, "the account")?);
            accounts::import::read(app, &text).map_err(Complaint::new)?
        }
        None => described(new)?,
    };
    let user = administer::create(app, created, by, now).await.map_err(explained)?;
    let mut text = format!("id        {}\nusername  {}\n", user.id, user.username);
    if user.password_hash.is_none() {
        let _ = writeln!(text, "\nWithout a password nobody signs in: `countersign user set-password` sets one.");
    }
    Printed::new(&accounts::governed(app, &user).await?, text)
}

fn described(new: NewUser) -> Result<Created, Complaint> {
    let NewUser { username, email, roles, unverified, password_stdin, from: _ } = new;
    Ok(Created {
        account: NewAccount {
            username: username.unwrap_or_default(),
            email: email.unwrap_or_default(),
            details: Details::default(),
        },
        password: if password_stdin { Some(PasswordChoice::Chosen(password()?)) } else { None },
        roles,
        verified: !unverified,
        in_bulk: false,
    })
}

async fn update(
    app: &App,
    user: &UserRow,
    change: UserUpdate,
    by: &Authority<'_>,
    now: UnixTime,
) -> Result<Printed, Complaint> {
    let UserUpdate { username, email, verified, unverified, given_name, family_name, name, profile } = change;
    let (given_name, family_name, name) = (patch(given_name), patch(family_name), patch(name));
    let profile = match profile {
        Some(file) => Patch::Set(read_profile(&file)?),
        None => Patch::Keep,
    };
    let verified = (verified || unverified).then_some(verified);
    let update = Update { username, email, verified, details: Details { given_name, family_name, name, profile } };
    let user = administer::update(app, &user.id, update, None, by, now).await?;
    Printed::new(&accounts::governed(app, &user).await?, format!("{} updated\n", user.username))
}

fn patch(name: Option<String>) -> Patch<String> {
    match name {
        None => Patch::Keep,
        Some(name) if name.is_empty() => Patch::Clear,
        Some(name) => Patch::Set(name),
    }
}

/// As strictly as the API reads one.
fn read_profile(file: &Path) -> Result<Value, Complaint> {
    let bytes = super::read_input(file, "the profile")?;
    let members = members::object(&bytes).ok_or_else(|| Complaint::new("the profile is not a JSON object"))?;
    Ok(Value::Object(members.into_iter().collect()))
}

/// The first line of standard input.
fn password() -> Result<Plain<Password>, Complaint> {
    let bytes = Zeroizing::new(super::read_input(Path::new("-"), "the password")?);
    let text = std::str::from_utf8(&bytes).map_err(|_| Complaint::new("the password is not UTF-8"))?;
    let password = text.split_once('\n').map_or(text, |(first, _)| first);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(Complaint::new("no password came on standard input"));
    }
    Ok(Plain::presented(password))
}

async fn list(app: &App, search: UserSearch) -> Result<Printed, Complaint> {
    let UserSearch { text, role, enabled, locked, verified, page } = search;
    let filter = UserFilter { text: text.map(|text| names::fold(&text)), role, enabled, locked, verified };
    let rows = app.store.users(filter, page.after.as_deref(), page.limit).await?;
    let users = accounts::governed_each(app, &rows).await?;
    let (next, more) = page.next(&users, |account| &account.user.id);
    let rows: Vec<Vec<String>> = users.iter().map(line).collect();
    let text = table(&["USERNAME", "EMAIL", "STATE", "ROLES", "LAST LOGIN", "ID"], &rows) + &more;
    Printed::new(&json!({"users": users, "next": next}), text)
}

fn line(account: &Governed) -> Vec<String> {
    let user = &account.user;
    let state = match account {
        _ if !user.enabled => "disabled",
        Governed { locked: true, .. } => "locked",
        _ if !user.email_verified => "unverified",
        _ => "good",
    };
    vec![
        user.username.clone(),
        user.email.clone(),
        state.to_owned(),
        user.roles.join(" "),
        when(user.last_login_at),
        user.id.clone(),
    ]
}

async fn show(app: &App, user: &UserRow) -> Result<Printed, Complaint> {
    let account = accounts::governed(app, user).await?;
    let text = serde_json::to_string_pretty(&account).map_err(|error| Complaint::new(error.to_string()))?;
    Printed::new(&account, format!("{text}\n"))
}

async fn sessions(app: &App, user: &UserRow, page: Page, now: UnixTime) -> Result<Printed, Complaint> {
    let sessions: Vec<Session> = sessions::list(app, &user.id, page.after.as_deref(), page.limit, now).await?;
    let (next, more) = page.next(&sessions, |session| &session.id);
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let rows: Vec<Vec<String>> = sessions
        .iter()
        .map(|session| {
            vec![
                session.id.clone(),
                session.client_id.clone().unwrap_or_else(|| "(browser)".to_owned()),
                when(Some(session.last_used_at)),
                or_none(&session.address),
                or_none(&session.device),
            ]
        })
        .collect();
    let text = table(&["SESSION", "CLIENT", "LAST USED", "ADDRESS", "DEVICE"], &rows) + &more;
    Printed::new(&json!({"sessions": sessions, "next": next}), text)
}

async fn named(app: &App, name: &str) -> Result<UserRow, Complaint> {
    match administer::find(app, name).await {
        Err(Failure::Refused(refused)) if refused.reason == Reason::NotThere => {
            Err(Complaint::new(format!("there is no user {name}: `countersign user list` shows them")))
        }
        found => Ok(found?),
    }
}

/// A refusal, with what helps against it.
fn explained(failure: Failure) -> Complaint {
    match failure {
        Failure::Refused(refused) if refused.fields.iter().any(|fault| fault.field == "roles") => {
            Complaint::new(format!("{}: `countersign role list` shows the roles", refused.told()))
        }
        failure => failure.into(),
    }
}
