//! Asks twice a second which descriptions and keys are current, so that a change is in force on every node within a second.

use std::time::Duration;

use tokio::sync::watch::Receiver;

use super::pause;
use crate::app::App;

const EVERY: Duration = Duration::from_millis(500);

pub async fn watch(app: App, mut stopped: Receiver<bool>) {
    let mut seen = Seen::default();
    let mut away = false;
    loop {
        match look(&app, seen).await {
            Ok(now) => {
                seen = now;
                if std::mem::take(&mut away) {
                    tracing::info!("what has changed can be read again");
                }
            }
            Err(error) if !away => {
                away = true;
                tracing::error!(error, "what has changed cannot be read");
            }
            Err(_) => {}
        }
        if !pause(EVERY, &mut stopped).await {
            return;
        }
    }
}

/// The generations that this node has acted on.
#[derive(Clone, Copy, Default)]
struct Seen {
    keys: Option<i64>,
    password_kinds: Option<i64>,
}

async fn look(app: &App, seen: Seen) -> Result<Seen, String> {
    let generations = app.directory.poll().await.map_err(|error| error.to_string())?;
    if seen.keys != Some(generations.signing_keys) {
        app.keyring.refresh().await.map_err(|error| error.to_string())?;
    }
    if seen.password_kinds != Some(generations.password_kinds) {
        let kinds = app.store.password_kinds().await.map_err(|error| error.to_string())?;
        app.passwords.set_kinds_present(kinds);
    }
    Ok(Seen { keys: Some(generations.signing_keys), password_kinds: Some(generations.password_kinds) })
}
