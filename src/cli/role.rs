//! `countersign role`.

use serde_json::{Value, json};

use super::arguments::RoleCommand;
use super::output::{Complaint, Printed, table};
use crate::accounts::roles;
use crate::app::App;
use crate::authority::Authority;
use crate::failure::{Failure, Reason};
use crate::store::roles::{Role, RoleSet, RoleSetting};

pub async fn run(app: &App, command: RoleCommand) -> Result<Printed, Complaint> {
    let (operator, now) = (Authority::operator(), app.clock.now());
    match command {
        RoleCommand::Set { name, scopes, description } => {
            check_scopes(app, &scopes).await?;
            let setting = RoleSetting { name, description, scopes, from_version: None };
            let (role, done) = roles::set(app, setting, &operator, now).await?;
            let what = if done == RoleSet::Created { "created" } else { "replaced" };
            Printed::new(&shown(&role), format!("{} {what}\n", role.name))
        }
        RoleCommand::List => {
            let roles = app.store.roles().await?;
            let rows: Vec<Vec<String>> = roles.iter().map(line).collect();
            let json: Vec<Value> = roles.iter().map(shown).collect();
            Printed::new(&json, table(&["ROLE", "BUILT IN", "SCOPES", "DESCRIPTION"], &rows))
        }
        RoleCommand::Show { name } => {
            let role = app.store.role(&name).await?.ok_or_else(|| unknown(&name))?;
            Printed::new(&shown(&role), table(&["ROLE", "BUILT IN", "SCOPES", "DESCRIPTION"], &[line(&role)]))
        }
        RoleCommand::Delete { name } => match roles::delete(app, &name, None, &operator, now).await {
            Err(Failure::Refused(refused)) if refused.reason == Reason::NotThere => Err(unknown(&name)),
            done => {
                done?;
                Printed::new(&json!({"name": name, "done": "deleted"}), format!("{name} deleted\n"))
            }
        },
    }
}

async fn check_scopes(app: &App, scopes: &[String]) -> Result<(), Complaint> {
    let known = app.store.scopes().await?;
    match scopes.iter().find(|scope| known.iter().all(|row| row.name != **scope)) {
        Some(missing) => {
            Err(Complaint::new(format!("there is no scope {missing}: `countersign scope create` makes one")))
        }
        None => Ok(()),
    }
}

fn line(role: &Role) -> Vec<String> {
    let built_in = if role.built_in { "yes" } else { "no" };
    vec![role.name.clone(), built_in.to_owned(), role.scopes.join(" "), role.description.clone()]
}

fn shown(role: &Role) -> Value {
    let Role { name, description, built_in, scopes, .. } = role;
    json!({"name": name, "description": description, "built_in": built_in, "scopes": scopes})
}

fn unknown(name: &str) -> Complaint {
    Complaint::new(format!("there is no role {name}: `countersign role list` shows them"))
}
