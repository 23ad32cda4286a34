//! `countersign resource`.

use serde_json::{Value, json};

use super::arguments::ResourceCommand;
use super::output::{Complaint, Printed, table};
use crate::app::App;
use crate::audit::{Act, By};
use crate::clients;
use crate::protocol::resource::ResourceUri;
use crate::protocol::scope::ScopeSet;
use crate::store::StoreError;
use crate::store::resources::ResourceRow;

pub async fn run(app: &App, command: ResourceCommand) -> Result<Printed, Complaint> {
    match command {
        ResourceCommand::Create { uri, scopes, introspectors } => create(app, &uri, &scopes, introspectors).await,
        ResourceCommand::List => {
            let resources = app.store.resources().await?;
            let rows: Vec<Vec<String>> =
                resources.iter().map(|r| vec![r.uri.clone(), r.scopes.clone(), r.introspectors.join(" ")]).collect();
            let json: Vec<Value> = resources.iter().map(shown).collect();
            Printed::new(&json, table(&["RESOURCE", "SCOPES", "INTROSPECTORS"], &rows))
        }
        ResourceCommand::Delete { uri } => {
            // Without its entry nothing would say any more which scopes mean something to it.
            let named: ResourceUri = uri.parse().map_err(|_| Complaint::new(format!("there is no resource {uri}")))?;
            if let Some(client) = clients::client_for(app, &named).await? {
                return Err(Complaint::new(format!(
                    "the client {client} may ask tokens for {uri}: take that audience from it first (client update)"
                )));
            }
            let audit = By::operator().does(Act::ResourceDeleted).on("resource", &uri).record(app.clock.now());
            if !app.store.delete_resource(uri.clone(), audit).await? {
                return Err(Complaint::new(format!("there is no resource {uri}")));
            }
            Printed::new(&json!({"uri": uri, "done": "deleted"}), format!("{uri} deleted\n"))
        }
    }
}

async fn create(app: &App, uri: &str, scopes: &[String], introspectors: Vec<String>) -> Result<Printed, Complaint> {
    let uri: ResourceUri =
        uri.parse().map_err(|_| Complaint::new("a resource is named by an absolute URI without a fragment"))?;
    let scopes = if scopes.is_empty() { ScopeSet::empty() } else { ScopeSet::parse(&scopes.join(" "))? };
    let known = app.store.scopes().await?;
    if let Some(missing) = scopes.iter().find(|scope| known.iter().all(|row| row.name != scope.to_string())) {
        return Err(Complaint::new(format!("there is no scope {missing}: `countersign scope create` makes one")));
    }
    let row = ResourceRow { uri: uri.to_string(), scopes: scopes.to_string(), introspectors };
    let json = shown(&row);
    let now = app.clock.now();
    let audit = By::operator().does(Act::ResourceSet).on("resource", &row.uri).with(json.clone()).record(now);
    match app.store.set_resource(row, now, audit).await {
        Err(StoreError::Dangling) => Err(Complaint::new("an introspector is no client of this server")),
        Err(error) => Err(error.into()),
        Ok(()) => Printed::new(&json, format!("{uri} created\n")),
    }
}

fn shown(row: &ResourceRow) -> Value {
    let scopes: Vec<&str> = row.scopes.split(' ').filter(|scope| !scope.is_empty()).collect();
    json!({"uri": row.uri, "scopes": scopes, "introspectors": row.introspectors})
}
