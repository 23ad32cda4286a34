//! `countersign client`.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::arguments::{ClientCommand, NewClient, SecretCommand};
use super::output::{Complaint, Printed, table, when};
use crate::app::App;
use crate::clients::{self, Registered};
use crate::protocol::client_authentication::AuthMethod;
use crate::protocol::client_metadata::ClientMetadata;
use crate::store::clients::ClientRow;
use crate::time::UnixTime;

/// Clients that are read at once for a listing.
const PAGE: i64 = 200;

pub async fn run(app: &App, command: ClientCommand) -> Result<Printed, Complaint> {
    let now = app.clock.now();
    match command {
        ClientCommand::Create(new) => {
            let metadata = ClientMetadata::parse(&described(new)?)?;
            created(&clients::register(app, metadata, now).await?)
        }
        ClientCommand::List => list(app).await,
        ClientCommand::Show { id } => show(app, &id).await,
        ClientCommand::Update { id, from } => {
            let metadata = ClientMetadata::parse(&super::read_input(&from, "the metadata")?)?;
            clients::update(app, &id, metadata, now).await?;
            show(app, &id).await
        }
        ClientCommand::Disable { id } => {
            let known = app.store.set_client_disabled(id.clone(), Some(now)).await?;
            changed(known, &id, "disabled: it is refused from now on, and its tokens are not good here any more")
        }
        ClientCommand::Enable { id } => changed(app.store.set_client_disabled(id.clone(), None).await?, &id, "enabled"),
        ClientCommand::Delete { id } => changed(app.store.delete_client(id.clone()).await?, &id, "deleted"),
        ClientCommand::Secret { command } => secret(app, command, now).await,
    }
}

/// The metadata, read or put together: both ways lead through one parser.
fn described(new: NewClient) -> Result<Vec<u8>, Complaint> {
    if let Some(from) = &new.from {
        return super::read_input(from, "the metadata");
    }
    let mut document = Map::new();
    let mut put = |name: &str, value: Value| {
        document.insert(name.to_owned(), value);
    };
    put("client_name", new.name.into());
    put("grant_types", new.grants.into());
    if !new.scopes.is_empty() {
        put("scope", new.scopes.join(" ").into());
    }
    if !new.audiences.is_empty() {
        put("audience", new.audiences.into());
    }
    if !new.redirect_uris.is_empty() {
        put("redirect_uris", new.redirect_uris.into());
    }
    let method = if new.public { Some(AuthMethod::None.as_str().to_owned()) } else { new.auth_method };
    put("token_endpoint_auth_method", method.into());
    put("access_token_lifetime", new.access_token_lifetime.into());
    Ok(Value::Object(document).to_string().into_bytes())
}

#[derive(Serialize)]
struct Created<'a> {
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    /// RFC 7591 §3.2.1: 0 is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<i64>,
    #[serde(flatten)]
    metadata: &'a ClientMetadata,
}

fn created(client: &Registered) -> Result<Printed, Complaint> {
    let secret = client.secret.as_ref();
    let json = Created {
        client_id: &client.id,
        client_secret: secret.map(|secret| secret.secret.reveal()),
        client_secret_expires_at: secret.map(|secret| secret.expires_at.map_or(0, UnixTime::seconds)),
        metadata: &client.metadata,
    };
    let text = match secret {
        Some(secret) => format!(
            "client_id      {}\nclient_secret  {}\n\nThe secret is shown this once; only its hash is kept.\n",
            client.id,
            secret.secret.reveal()
        ),
        None => format!("client_id  {}\n\nA public client has no secret.\n", client.id),
    };
    Printed::new(&json, text)
}

fn summary(row: &ClientRow) -> Value {
    let mut document: Value = serde_json::from_str(&row.document).unwrap_or(Value::Null);
    if let Some(members) = document.as_object_mut() {
        members.insert("client_id".to_owned(), row.id.clone().into());
        members.insert("client_name".to_owned(), row.name.clone().into());
        members.insert("created_at".to_owned(), row.created_at.seconds().into());
        members.insert("disabled_at".to_owned(), row.disabled_at.map(UnixTime::seconds).into());
    }
    document
}

async fn list(app: &App) -> Result<Printed, Complaint> {
    let mut rows: Vec<ClientRow> = Vec::new();
    loop {
        let page = app.store.clients(rows.last().map(|row| row.id.as_str()), PAGE).await?;
        let last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        rows.extend(page);
        if last {
            break;
        }
    }
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| vec![row.id.clone(), row.auth_method.clone(), when(row.disabled_at), row.name.clone()])
        .collect();
    let json: Vec<Value> = rows.iter().map(summary).collect();
    Printed::new(&json, table(&["CLIENT", "AUTHENTICATION", "DISABLED", "NAME"], &lines))
}

async fn show(app: &App, id: &str) -> Result<Printed, Complaint> {
    let row = app.store.client(id).await?.ok_or_else(|| unknown(id))?;
    let json = summary(&row);
    let text = serde_json::to_string_pretty(&json).map_err(|error| Complaint::new(error.to_string()))?;
    Printed::new(&json, format!("{text}\n"))
}

async fn secret(app: &App, command: SecretCommand, now: UnixTime) -> Result<Printed, Complaint> {
    match command {
        SecretCommand::Add { client, expires_in, others_expire_in } => {
            let expires_at = expires_in.map(|seconds| positive(seconds).map(|s| now.plus(s))).transpose()?;
            let others = others_expire_in.map(|seconds| positive(seconds).map(|s| now.plus(s))).transpose()?;
            let new = clients::add_secret(app, &client, expires_at, others, now).await?;
            let json = json!({
                "client_id": client, "secret_id": new.id, "client_secret": new.secret.reveal(),
                "client_secret_expires_at": new.expires_at.map_or(0, UnixTime::seconds),
            });
            let text = format!(
                "secret_id      {}\nclient_secret  {}\n\nThe secret is shown this once; only its hash is kept.\n",
                new.id,
                new.secret.reveal()
            );
            Printed::new(&json, text)
        }
        SecretCommand::List { client } => {
            if app.store.client(&client).await?.is_none() {
                return Err(unknown(&client));
            }
            let secrets = app.store.client_secrets(&client).await?;
            let rows: Vec<Vec<String>> = secrets
                .iter()
                .map(|secret| vec![secret.id.clone(), when(Some(secret.created_at)), when(secret.expires_at)])
                .collect();
            let json: Vec<Value> = secrets
                .iter()
                .map(|s| json!({"secret_id": s.id, "created_at": s.created_at, "expires_at": s.expires_at}))
                .collect();
            Printed::new(&json, table(&["SECRET", "MADE", "EXPIRES"], &rows))
        }
        SecretCommand::Delete { client, secret } => {
            if !app.store.delete_client_secret(client.clone(), secret.clone()).await? {
                return Err(Complaint::new(format!("the client {client} has no secret {secret}")));
            }
            Printed::new(&json!({"secret_id": secret, "done": "deleted"}), format!("{secret} deleted\n"))
        }
    }
}

fn changed(known: bool, id: &str, done: &str) -> Result<Printed, Complaint> {
    if !known {
        return Err(unknown(id));
    }
    Printed::new(&json!({"client_id": id, "done": done}), format!("{id} {done}\n"))
}

fn positive(seconds: i64) -> Result<i64, Complaint> {
    if seconds >= 0 { Ok(seconds) } else { Err(Complaint::new("a number of seconds cannot be negative")) }
}

fn unknown(id: &str) -> Complaint {
    Complaint::new(format!("there is no client {id}: `countersign client list` shows them"))
}
