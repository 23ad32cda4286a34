//! `countersign serve`: open the doors, make what a first start makes, serve until told to stop.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::output::{Complaint, Printed};
use crate::app::App;
use crate::clients::{self, Registered};
use crate::config::Config;
use crate::http::listener::Listener;
use crate::http::{DOCS_PATH, Draining, endpoint};
use crate::jobs::Jobs;
use crate::protocol::client_metadata::ClientMetadata;
use crate::store::generations::Kind;

pub fn run(config: Config, json: bool) -> Result<Printed, Complaint> {
    let runtime = super::runtime(config.server.workers)?;
    runtime.block_on(serve(config, json))?;
    Ok(Printed::nothing())
}

async fn serve(config: Config, json: bool) -> Result<(), Complaint> {
    let app = Arc::new(super::open(config).await?);
    let listener =
        Listener::bind(&app.config.server, &app.counters).map_err(|error| Complaint::new(error.to_string()))?;
    let first = first_client(&app).await?;
    say(&if json { greeting_as_json(&app, first.as_ref()) } else { greeting(&app, first.as_ref()) });

    let draining = Draining::default();
    let endpoint = Arc::new(endpoint(&app, &draining));
    let jobs = Jobs::start(&app);
    let addresses: Vec<String> = listener.addresses().iter().map(ToString::to_string).collect();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        issuer = app.config.issuer.as_str(),
        addresses = addresses.join(", "),
        store = app.store.name(),
        cache = app.cache.name(),
        "serving"
    );
    let drain = Duration::from_secs(app.config.server.drain_seconds);
    listener.serve(endpoint, told_to_stop(draining, drain)?).await;
    jobs.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Ends when the node should take no more connections. SIGTERM first drains: for a while the node still serves and says
/// that it wants no new requests, so that a load balancer sees it. SIGINT, or a second signal, skips that while. Requests
/// under way are finished in any case, for as long as the settings allow.
fn told_to_stop(draining: Draining, drain: Duration) -> Result<impl Future<Output = ()>, Complaint> {
    let unable = |error: io::Error| Complaint::new(format!("signals cannot be waited for: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(unable)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unable)?;
    Ok(async move {
        let drains = tokio::select! {
            _ = terminate.recv() => true,
            _ = interrupt.recv() => false,
        };
        draining.begin();
        if drains {
            tracing::info!(seconds = drain.as_secs(), "draining");
            tokio::select! {
                () = tokio::time::sleep(drain) => {}
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    })
}

/// On a developer's machine the first start makes a client, so that there is something to try.
async fn first_client(app: &App) -> Result<Option<Registered>, Complaint> {
    // Of several nodes that start at once one makes it; and one that was deleted does not come back.
    if !app.config.development() || !app.store.claim_first(Kind::Clients).await? {
        return Ok(None);
    }
    let metadata = ClientMetadata::parse(
        br#"{"client_name": "First service client", "grant_types": ["client_credentials"], "response_types": []}"#,
    )?;
    Ok(Some(clients::register(app, metadata, app.clock.now()).await?))
}

/// What a person needs to know. A first secret is shown here and nowhere else.
fn greeting(app: &App, first: Option<&Registered>) -> String {
    let issuer = &app.config.issuer;
    let (version, docs) = (env!("CARGO_PKG_VERSION"), issuer.endpoint(DOCS_PATH));
    let hint = match first.and_then(|client| Some((&client.id, client.secret.as_ref()?.secret.reveal()))) {
        Some((id, secret)) => format!(
            "\nThe first service client; its secret is shown this once:\n\n  client_id      {id}\n  client_secret  {secret}\n\n\
             Ask for a token:\n\n  curl -u '{id}:{secret}' -d grant_type=client_credentials {}\n",
            issuer.endpoint("/oauth2/token")
        ),
        None if app.config.development() => String::new(),
        None => "\nMake a client with:  countersign client create --name NAME --grant client_credentials\n".to_owned(),
    };
    format!("Countersign {version}\n\n  issuer  {issuer}\n  docs    {docs}\n{hint}\n")
}

/// The same for a program.
fn greeting_as_json(app: &App, first: Option<&Registered>) -> String {
    let issuer = &app.config.issuer;
    let secret = first.and_then(|client| client.secret.as_ref());
    let greeting = serde_json::json!({
        "issuer": issuer.as_str(),
        "docs": issuer.endpoint(DOCS_PATH),
        "client_id": first.map(|client| &client.id),
        "client_secret": secret.map(|secret| secret.secret.reveal()),
    });
    format!("{greeting}\n")
}

fn say(text: &str) {
    let mut out = io::stdout();
    // A server whose standard output is closed serves all the same.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
