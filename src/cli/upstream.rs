//! `countersign upstream`.

use std::path::Path;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::arguments::UpstreamCommand;
use super::output::{Complaint, Printed, table};
use crate::app::App;
use crate::audit::By;
use crate::protocol::members::Members;
use crate::store::upstreams::UpstreamRow;
use crate::upstreams;

pub async fn run(app: &App, command: UpstreamCommand) -> Result<Printed, Complaint> {
    let (by, now) = (By::operator(), app.clock.now());
    match command {
        UpstreamCommand::Create { from } => {
            let row = upstreams::create(app, described(&from)?, &by, now).await?;
            let shown = upstreams::shown(app, &row)?;
            let told = shown["redirect_uri"].as_str().unwrap_or_default().to_owned();
            Printed::new(
                &shown,
                format!("{} created\n\nThe provider has to know this redirect URI: {told}\n", row.name),
            )
        }
        UpstreamCommand::List => {
            let rows = app.store.upstreams().await?;
            let all = rows.iter().map(|row| upstreams::shown(app, row)).collect::<Result<Vec<Value>, _>>()?;
            let lines: Vec<Vec<String>> = all.iter().map(line).collect();
            Printed::new(&all, table(&HEADINGS, &lines))
        }
        UpstreamCommand::Show { name } => {
            let shown = upstreams::shown(app, &row(app, &name).await?)?;
            Printed::new(&shown, table(&HEADINGS, &[line(&shown)]))
        }
        UpstreamCommand::Replace { name, from } => {
            let before = row(app, &name).await?;
            let after = upstreams::replace(app, &before, described(&from)?, &by, now).await?;
            let shown = upstreams::shown(app, &after.ok_or_else(|| overtaken(&name))?)?;
            Printed::new(&shown, format!("{name} is described anew\n"))
        }
        UpstreamCommand::Delete { name } => {
            let before = row(app, &name).await?;
            if !upstreams::delete(app, &before, &by, now).await? {
                return Err(overtaken(&name));
            }
            Printed::new(&json!({"name": name, "done": "deleted"}), format!("{name} deleted\n"))
        }
    }
}

const HEADINGS: [&str; 5] = ["PROVIDER", "PRESET", "ENABLED", "MAKES ACCOUNTS", "REDIRECT URI"];

fn line(shown: &Value) -> Vec<String> {
    let text = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
    let flag = |name: &str| if shown[name] == true { "yes" } else { "no" }.to_owned();
    vec![text("name"), text("preset"), flag("enabled"), flag("create_users"), text("redirect_uri")]
}

/// A secret is among it, so it comes out of a file and not from the command line.
fn described(from: &Path) -> Result<Members, Complaint> {
    Ok(Members::from_json(Zeroizing::new(super::read_input(from, "the description")?))?)
}

async fn row(app: &App, name: &str) -> Result<UpstreamRow, Complaint> {
    let found = app.store.upstream_named(name).await?;
    found.ok_or_else(|| Complaint::new(format!("there is no provider {name}: `countersign upstream list` shows them")))
}

fn overtaken(name: &str) -> Complaint {
    Complaint::new(format!("{name} was changed by somebody else at this moment: look at it again"))
}
