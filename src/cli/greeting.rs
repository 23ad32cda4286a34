//! What a server says when it starts. On a developer's machine the first start makes something to try, and shows its secrets
//! this once.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::output::Complaint;
use crate::accounts::first;
use crate::app::App;
use crate::audit::By;
use crate::clients::{self, Registered};
use crate::http::DOCS_PATH;
use crate::protocol::client_metadata::ClientMetadata;
use crate::secret::{Password, Plain};
use crate::store::generations::Kind;

/// What the first start made.
struct First {
    client: Option<Registered>,
    administrator: Option<Plain<Password>>,
}

pub async fn greet(app: &App, json: bool) -> Result<(), Complaint> {
    let first =
        First { client: first_client(app).await?, administrator: first::administrator(app, app.clock.now()).await? };
    say(&if json { as_json(app, &first) } else { as_text(app, &first) });
    Ok(())
}

async fn first_client(app: &App) -> Result<Option<Registered>, Complaint> {
    // Of several nodes that start at once one makes it; and one that was deleted does not come back.
    if !app.config.development() || !app.store.claim_first(Kind::Clients).await? {
        return Ok(None);
    }
    let metadata = ClientMetadata::parse(
        br#"{"client_name": "First service client", "grant_types": ["client_credentials"], "response_types": []}"#,
    )?;
    Ok(Some(clients::register(app, metadata, &By::system(), app.clock.now()).await?))
}

/// What a person needs to know. A first secret is shown here and nowhere else.
fn as_text(app: &App, first: &First) -> String {
    let issuer = &app.config.issuer;
    let mut text = format!(
        "Countersign {}\n\n  issuer  {issuer}\n  docs    {}\n",
        env!("CARGO_PKG_VERSION"),
        issuer.endpoint(DOCS_PATH)
    );
    let client = first.client.as_ref();
    if let Some((id, secret)) = client.and_then(|client| Some((&client.id, client.secret.as_ref()?.secret.reveal()))) {
        let _ = write!(
            text,
            "\nThe first service client; its secret is shown this once:\n\n  client_id      {id}\n  client_secret  {secret}\n\n\
             Ask for a token:\n\n  curl -u '{id}:{secret}' -d grant_type=client_credentials {}\n",
            issuer.endpoint("/oauth2/token")
        );
    }
    if let Some(password) = &first.administrator {
        let (name, password) = (first::USERNAME, password.reveal());
        let _ = write!(
            text,
            "\nThe first administrator; the password is shown this once:\n\n  username  {name}\n  password  {password}\n\n\
             Sign in:\n\n  curl -d username={name} --data-urlencode 'password={password}' {}\n",
            issuer.endpoint("/api/v1/auth/login")
        );
    }
    if !app.config.development() {
        text.push_str(
            "\nMake a client with:  countersign client create --name NAME --grant client_credentials\n\
             Make a user with:    countersign user create --username NAME --email ADDRESS --role admin --password-stdin\n",
        );
    }
    text.push('\n');
    text
}

/// The same for a program.
fn as_json(app: &App, first: &First) -> String {
    let issuer = &app.config.issuer;
    let client = first.client.as_ref();
    let secret = client.and_then(|client| client.secret.as_ref());
    let administrator = first.administrator.as_ref();
    let greeting = serde_json::json!({
        "issuer": issuer.as_str(),
        "docs": issuer.endpoint(DOCS_PATH),
        "client_id": client.map(|client| &client.id),
        "client_secret": secret.map(|secret| secret.secret.reveal()),
        "username": administrator.map(|_| first::USERNAME),
        "password": administrator.map(|password| password.reveal()),
    });
    format!("{greeting}\n")
}

fn say(text: &str) {
    let mut out = io::stdout();
    // A server whose standard output is closed serves all the same.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
