//! Asks twice a second which descriptions and keys are current, so that a change is in force on every node within a second.

use std::time::Duration;

use tokio::sync::watch::Receiver;

use super::pause;
use crate::app::App;

const EVERY: Duration = Duration::from_millis(500);

pub async fn watch(app: App, mut stopped: Receiver<bool>) {
    let mut keys_at = None;
    let mut away = false;
    loop {
        match look(&app, keys_at).await {
            Ok(generation) => {
                keys_at = Some(generation);
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

/// Returns the generation of the keys that this node now has.
async fn look(app: &App, keys_at: Option<i64>) -> Result<i64, String> {
    let generations = app.directory.poll().await.map_err(|error| error.to_string())?;
    if keys_at != Some(generations.signing_keys) {
        app.keyring.refresh().await.map_err(|error| error.to_string())?;
    }
    Ok(generations.signing_keys)
}
