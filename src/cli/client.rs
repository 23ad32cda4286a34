//! `countersign client`.

use serde_json::{Map, Value, json};

use super::arguments::{ClientCommand, NewClient, SecretCommand};
use super::output::{Complaint, Printed, table, when};
use crate::app::App;
use crate::audit::By;
use crate::clients::{self, Registered};
use crate::protocol::client_authentication::AuthMethod;
use crate::protocol::client_metadata::ClientMetadata;
use crate::store::clients::ClientRow;
use crate::time::UnixTime;

/// Clients that are read at once for a listing.
const PAGE: i64 = 200;

pub async fn run(app: &App, command: ClientCommand) -> Result<Printed, Complaint> {
    let (by, now) = (By::operator(), app.clock.now());
    match command {
        ClientCommand::Create(new) => {
            let metadata = ClientMetadata::parse(&described(*new)?)?;
            created(&clients::register(app, metadata, &by, now).await?)
        }
        ClientCommand::List => list(app).await,
        ClientCommand::Show { id } => show(app, &id).await,
        ClientCommand::Update { id, from } => {
            let metadata = ClientMetadata::parse(&super::read_input(&from, "the metadata")?)?;
            let before = app.store.client(&id).await?.ok_or_else(|| unknown(&id))?;
            if clients::update(app, before, metadata, &by, now).await?.is_none() {
                return Err(Complaint::new(format!(
                    "{id} was changed by somebody else at this moment: look at it again"
                )));
            }
            show(app, &id).await
        }
        ClientCommand::Disable { id } => {
            let known = clients::set_disabled(app, &id, true, None, &by, now).await?;
            changed(known, &id, "disabled: it is refused from now on, and its tokens are not good here any more")
        }
        ClientCommand::Enable { id } => {
            changed(clients::set_disabled(app, &id, false, None, &by, now).await?, &id, "enabled")
        }
        ClientCommand::Delete { id } => changed(clients::delete(app, &id, None, &by, now).await?, &id, "deleted"),
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
    if !new.post_logout_redirect_uris.is_empty() {
        put("post_logout_redirect_uris", new.post_logout_redirect_uris.into());
    }
    let named = |method: AuthMethod| Some(method.as_str().to_owned());
    let method = match (new.public, new.jwks.is_some() || new.jwks_uri.is_some()) {
        (true, _) => named(AuthMethod::None),
        (false, true) => new.auth_method.or_else(|| named(AuthMethod::PrivateKeyJwt)),
        (false, false) => new.auth_method,
    };
    put("token_endpoint_auth_method", method.into());
    if let Some(file) = &new.jwks {
        let set = super::read_input(file, "the keys")?;
        put("jwks", serde_json::from_slice(&set).map_err(|_| Complaint::new("the keys are not JSON"))?);
    }
    put("jwks_uri", new.jwks_uri.into());
    put("application_type", new.application_type.into());
    put("require_pkce", (!new.without_pkce).into());
    put("access_token_lifetime", new.access_token_lifetime.into());
    Ok(Value::Object(document).to_string().into_bytes())
}

fn created(client: &Registered) -> Result<Printed, Complaint> {
    let text = match &client.secret {
        Some(secret) => format!(
            "client_id      {}\nclient_secret  {}\n\nThe secret is shown this once.\n",
            client.id,
            secret.secret.reveal()
        ),
        None if client.auth_method == AuthMethod::PrivateKeyJwt => {
            format!("client_id  {}\n\nIt proves itself by its keys, and has no secret.\n", client.id)
        }
        None => format!("client_id  {}\n\nA public client has no secret.\n", client.id),
    };
    Printed::new(&client.document(), text)
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
    let json: Vec<Value> = rows.iter().map(clients::shown).collect();
    Printed::new(&json, table(&["CLIENT", "AUTHENTICATION", "DISABLED", "NAME"], &lines))
}

async fn show(app: &App, id: &str) -> Result<Printed, Complaint> {
    let row = app.store.client(id).await?.ok_or_else(|| unknown(id))?;
    let json = clients::shown(&row);
    let text = serde_json::to_string_pretty(&json).map_err(|error| Complaint::new(error.to_string()))?;
    Printed::new(&json, format!("{text}\n"))
}

async fn secret(app: &App, command: SecretCommand, now: UnixTime) -> Result<Printed, Complaint> {
    match command {
        SecretCommand::Add { client, expires_in, others_expire_in } => {
            let expires_at = expires_in.map(|seconds| positive(seconds).map(|s| now.plus(s))).transpose()?;
            let others = others_expire_in.map(|seconds| positive(seconds).map(|s| now.plus(s))).transpose()?;
            let new = clients::add_secret(app, &client, expires_at, others, &By::operator(), now).await?;
            let text = format!(
                "secret_id      {}\nclient_secret  {}\n\nThe secret is shown this once.\n",
                new.id,
                new.secret.reveal()
            );
            Printed::new(&new.document(&client), text)
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
            if !clients::delete_secret(app, &client, &secret, &By::operator(), now).await? {
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
