//! `countersign scope`.

use serde_json::{Value, json};

use super::arguments::ScopeCommand;
use super::output::{Complaint, Printed, table};
use crate::app::App;
use crate::audit::By;
use crate::failure::{Failure, Reason};
use crate::protocol::scope::ScopeName;
use crate::scopes::{self, Said};
use crate::store::scopes::ScopeRow;
use crate::time::UnixTime;

pub async fn run(app: &App, command: ScopeCommand) -> Result<Printed, Complaint> {
    let (by, now) = (By::operator(), app.clock.now());
    match command {
        ScopeCommand::Create { name, description, registrable } => {
            let parsed: ScopeName = name.parse().map_err(|_| Complaint::new(MALFORMED))?;
            match scopes::create(app, parsed, Said { description, registrable }, &by, now).await {
                Err(Failure::Refused(refused)) if refused.reason == Reason::TakenName => {
                    Err(Complaint::new(format!("there is a scope {name} already")))
                }
                Err(failure) => Err(failure.into()),
                Ok(row) => {
                    let json =
                        json!({"name": row.name, "description": row.description, "registrable": row.registrable});
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
                .map(|s| json!({"name": s.name, "description": s.description, "built_in": s.built_in, "registrable": s.registrable}))
                .collect();
            Printed::new(&json, table(&["SCOPE", "BUILT IN", "DESCRIPTION"], &rows))
        }
        ScopeCommand::Describe { name, description } => {
            let row = describe(app, &name, |before| Said { description, ..said(before) }, &by, now).await?;
            let json = json!({"name": row.name, "description": row.description, "registrable": row.registrable});
            Printed::new(&json, format!("{name} described\n"))
        }
        ScopeCommand::Open { name } => set_registrable(app, &name, true, &by, now).await,
        ScopeCommand::Close { name } => set_registrable(app, &name, false, &by, now).await,
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

async fn set_registrable(
    app: &App,
    name: &str,
    registrable: bool,
    by: &By<'_>,
    now: UnixTime,
) -> Result<Printed, Complaint> {
    describe(app, name, |before| Said { registrable, ..said(before) }, by, now).await?;
    let done = if registrable { "open to clients that register themselves" } else { "closed to them" };
    Printed::new(&json!({"name": name, "registrable": registrable}), format!("{name} is {done}\n"))
}

/// What is said of a scope already.
fn said(scope: &ScopeRow) -> Said {
    Said { description: scope.description.clone(), registrable: scope.registrable }
}

async fn describe(
    app: &App,
    name: &str,
    anew: impl FnOnce(&ScopeRow) -> Said,
    by: &By<'_>,
    now: UnixTime,
) -> Result<ScopeRow, Complaint> {
    let before = app.store.scope(name).await?.ok_or_else(|| Complaint::new(format!("there is no scope {name}")))?;
    let said = anew(&before);
    let after = scopes::describe(app, before, said, by, now).await?;
    after.ok_or_else(|| Complaint::new(format!("{name} was changed by somebody else at this moment: try it again")))
}

const MALFORMED: &str = "a scope's name is one word of printable ASCII without quotes and backslashes";
