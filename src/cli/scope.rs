//! `countersign scope`.

use serde_json::{Value, json};

use super::arguments::ScopeCommand;
use super::output::{Complaint, Printed, table};
use crate::app::App;
use crate::audit::By;
use crate::failure::{Failure, Reason};
use crate::protocol::scope::ScopeName;
use crate::scopes;

pub async fn run(app: &App, command: ScopeCommand) -> Result<Printed, Complaint> {
    let (by, now) = (By::operator(), app.clock.now());
    match command {
        ScopeCommand::Create { name, description } => {
            let parsed: ScopeName = name.parse().map_err(|_| Complaint::new(MALFORMED))?;
            match scopes::create(app, parsed, description, &by, now).await {
                Err(Failure::Refused(refused)) if refused.reason == Reason::TakenName => {
                    Err(Complaint::new(format!("there is a scope {name} already")))
                }
                Err(failure) => Err(failure.into()),
                Ok(row) => {
                    let json = json!({"name": row.name, "description": row.description});
                    Printed::new(&json, format!("{name} created\n"))
                }
            }
        }
        ScopeCommand::List => {
            let scopes = app.store.scopes().await?;
            let rows: Vec<Vec<String>> = scopes
                .iter()
                .map(|s| vec![s.name.clone(), if s.built_in { "yes" } else { "no" }.to_owned(), s.description.clone()])
                .collect();
            let json: Vec<Value> = scopes
                .iter()
                .map(|s| json!({"name": s.name, "description": s.description, "built_in": s.built_in}))
                .collect();
            Printed::new(&json, table(&["SCOPE", "BUILT IN", "DESCRIPTION"], &rows))
        }
        ScopeCommand::Delete { name } => {
            let is_gone = match scopes::delete(app, &name, &by, now).await {
                Err(Failure::Refused(refused)) if refused.reason == Reason::BuiltIn => false,
                done => done?,
            };
            if !is_gone {
                return Err(Complaint::new(format!("there is no scope {name}, or it is built in")));
            }
            Printed::new(&json!({"name": name, "done": "deleted"}), format!("{name} deleted\n"))
        }
    }
}

const MALFORMED: &str = "a scope's name is one word of printable ASCII without quotes and backslashes";
