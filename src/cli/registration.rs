//! `countersign registration`.

use serde_json::{Value, json};

use super::arguments::{InitialTokenCommand, RegistrationCommand};
use super::output::{Complaint, Printed, table, when};
use crate::app::App;
use crate::audit::By;
use crate::clients::initial::{self, Terms};
use crate::protocol::scope::ScopeSet;
use crate::store::registrations::InitialTokenRow;

pub async fn run(app: &App, command: RegistrationCommand) -> Result<Printed, Complaint> {
    let RegistrationCommand::Token { command } = command;
    let (by, now) = (By::operator(), app.clock.now());
    match command {
        InitialTokenCommand::Create { uses, expires_in, scopes, without_pkce } => {
            let scope = if scopes.is_empty() { ScopeSet::empty() } else { ScopeSet::parse(&scopes.join(" "))? };
            let terms = Terms { scope, uses, expires_at: now.plus(expires_in), without_pkce };
            let new = initial::create(app, terms, &by, now).await?;
            let mut json = shown(&new.row);
            json["token"] = new.token.reveal().into();
            let text = format!(
                "token_id  {}\ntoken     {}\n\nThe token is shown this once; only its hash is kept.\n",
                new.row.id,
                new.token.reveal()
            );
            Printed::new(&json, text)
        }
        InitialTokenCommand::List => {
            let tokens = app.store.initial_tokens(now).await?;
            let row = |token: &InitialTokenRow| {
                let ends = when(Some(token.expires_at));
                let pkce = if token.without_pkce { "exempt" } else { "" };
                vec![token.id.clone(), token.uses_left.to_string(), ends, pkce.to_owned(), token.scope.clone()]
            };
            let rows: Vec<Vec<String>> = tokens.iter().map(row).collect();
            let json: Vec<Value> = tokens.iter().map(shown).collect();
            Printed::new(&json, table(&["TOKEN", "USES LEFT", "EXPIRES", "PKCE", "SCOPE"], &rows))
        }
        InitialTokenCommand::Delete { id } => {
            if !initial::delete(app, &id, &by, now).await? {
                return Err(Complaint::new(format!(
                    "there is no token {id}: `countersign registration token list` shows them"
                )));
            }
            Printed::new(&json!({"token_id": id, "done": "deleted"}), format!("{id} deleted\n"))
        }
    }
}

fn shown(token: &InitialTokenRow) -> Value {
    json!({
        "token_id": token.id,
        "uses_left": token.uses_left,
        "scope": token.scope,
        "without_pkce": token.without_pkce,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
    })
}
