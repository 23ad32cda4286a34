//! Making and changing roles.

use crate::app::App;
use crate::audit::Act;
use crate::authority::Authority;
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::store::StoreError;
use crate::store::removal::Going;
use crate::store::roles::{Role, RoleSet, RoleSetting};
use crate::time::UnixTime;

const LONGEST_NAME: usize = 64;
const LONGEST_DESCRIPTION: usize = 1_000;

/// Makes a role, or replaces what one carries.
pub async fn set(
    app: &App,
    setting: RoleSetting,
    authority: &Authority<'_>,
    now: UnixTime,
) -> Outcome<(Role, RoleSet)> {
    let name = setting.name.clone();
    if !is_name(&name) {
        return Err(Refused::field("name", "must have 1 to 64 letters, digits, and . _ - : in it").into());
    }
    if setting.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        return Err(Refused::field("description", "must have at most 1000 characters").into());
    }
    // Taking an admin scope away from a role is as much a change of rights as giving it.
    let before = app.store.role(&name).await?.map(|role| role.scopes).unwrap_or_default();
    let scopes = setting.scopes.iter().chain(&before).map(String::as_str);
    authority.covers(app, Some(("role", &name)), scopes, now).await?;
    let set = write(app, setting, authority, now).await?;
    let role = app.store.role(&name).await?.ok_or_else(unknown)?;
    Ok((role, set))
}

async fn write(app: &App, setting: RoleSetting, authority: &Authority<'_>, now: UnixTime) -> Outcome<RoleSet> {
    let detail = serde_json::json!({ "scopes": setting.scopes });
    let record = authority.by.does(Act::RoleSet).on("role", &setting.name).with(detail).record(now);
    match app.store.set_role(setting, record, now).await {
        Ok(RoleSet::Overtaken) => {
            let about = "the role was changed since it was read: read it again";
            Err(Refused::new(ErrorCode::PreconditionFailed, Reason::Changed, about).into())
        }
        Ok(set) => Ok(set),
        Err(StoreError::Dangling) => Err(Refused::field("scopes", "names a scope that does not exist").into()),
        // Somebody else made a role of this name at the same moment.
        Err(StoreError::Conflict(_)) => Err(taken()),
        Err(error) => Err(error.into()),
    }
}

/// Users lose it at once. `false` when it is not of this version any more, if one is given.
pub async fn delete(
    app: &App,
    name: &str,
    mut version: Option<i64>,
    authority: &Authority<'_>,
    now: UnixTime,
) -> Outcome<bool> {
    let role = app.store.role(name).await?.ok_or_else(unknown)?;
    if role.built_in {
        let about = "this role is built in, and stays";
        return Err(Refused::new(ErrorCode::Conflict, Reason::BuiltIn, about).into());
    }
    authority.covers(app, Some(("role", name)), role.scopes.iter().map(String::as_str), now).await?;
    if app.store.holds_many(Going::Role(name)).await? {
        // It carries nothing from now on, so that all lose at once what they lose one after the other. Where this is cut off,
        // an empty role is left, to be deleted again.
        let from_version = version.or(Some(role.version));
        let empty = RoleSetting { name: name.to_owned(), description: None, scopes: Vec::new(), from_version };
        write(app, empty, authority, now).await?;
        version = version.map(|version| version + 1);
        app.store.thin_out(Going::Role(name)).await?;
    }
    let record = authority.by.does(Act::RoleDeleted).on("role", name).record(now);
    let is_gone = app.store.delete_role(name.to_owned(), version, record).await?;
    if is_gone || version.is_some() { Ok(is_gone) } else { Err(unknown()) }
}

fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':');
    !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(allowed)
}

fn taken() -> Failure {
    Refused::new(ErrorCode::Conflict, Reason::TakenName, "there is a role of this name already").into()
}

fn unknown() -> Failure {
    Refused::new(ErrorCode::NotFound, Reason::NotThere, "there is no such role").into()
}
