//! `countersign scope`.

use serde_json::{Value, json};

use super::arguments::ScopeCommand;
use super::output::{Complaint, Printed, table};
use crate::app::App;
use crate::protocol::scope::ScopeName;
use crate::store::StoreError;
use crate::store::scopes::ScopeRow;

pub async fn run(app: &App, command: ScopeCommand) -> Result<Printed, Complaint> {
    match command {
        ScopeCommand::Create { name, description } => {
            let parsed: ScopeName = name.parse().map_err(|_| Complaint::new(MALFORMED))?;
            let name = parsed.to_string();
            let row = ScopeRow {
                name: name.clone(),
                description: description.clone(),
                built_in: false,
                created_at: app.clock.now(),
            };
            match app.store.add_scope(row).await {
                Err(StoreError::Conflict(_)) => Err(Complaint::new(format!("there is a scope {name} already"))),
                Err(error) => Err(error.into()),
                Ok(()) => Printed::new(&json!({"name": name, "description": description}), format!("{name} created\n")),
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
            if !app.store.delete_scope(name.clone()).await? {
                return Err(Complaint::new(format!("there is no scope {name}, or it is built in")));
            }
            Printed::new(&json!({"name": name, "done": "deleted"}), format!("{name} deleted\n"))
        }
    }
}

const MALFORMED: &str = "a scope's name is one word of printable ASCII without quotes and backslashes";
