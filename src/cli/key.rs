//! `countersign key`.

use serde_json::json;
use zeroize::Zeroizing;

use super::arguments::KeyCommand;
use super::output::{Complaint, Printed, table, when};
use crate::app::App;
use crate::audit::By;
use crate::keyring::{KeyChange, Rotated};

pub async fn run(app: &App, command: KeyCommand) -> Result<Printed, Complaint> {
    let now = app.clock.now();
    let recorder = |change: &KeyChange| By::operator().changes_key(change, now);
    match command {
        KeyCommand::List => list(app).await,
        KeyCommand::Rotate { emergency: false } => rotated(&app.keyring.rotate(now, &recorder).await?, "retiring"),
        KeyCommand::Rotate { emergency: true } => {
            rotated(&app.keyring.rotate_in_emergency(now, &recorder).await?, "withdrawn")
        }
        KeyCommand::Import { file } => {
            let bytes = Zeroizing::new(super::read_input(&file, "the key")?);
            let pem = std::str::from_utf8(&bytes).map_err(|_| Complaint::new("the key is not PEM"))?;
            let imported = app.keyring.import(pem, now, &recorder).await?;
            let text = if imported.imported { "imported" } else { "was there already" };
            let line = format!("{} {text}; it is {}\n", imported.kid, imported.phase);
            Printed::new(&imported, line)
        }
        KeyCommand::Retire { kid, emergency: false } => {
            app.keyring.retire(&kid, now, &recorder).await?;
            Printed::new(&json!({"kid": kid, "phase": "retired"}), format!("{kid} retired\n"))
        }
        KeyCommand::Retire { kid, emergency: true } => {
            app.keyring.withdraw(&kid, now, &recorder).await?;
            Printed::new(&json!({"kid": kid, "phase": "withdrawn"}), format!("{kid} withdrawn\n"))
        }
        KeyCommand::Reseal { new_key } => {
            let resealed = app.keyring.reseal(new_key, now, &recorder).await?;
            let text = format!("{resealed} values are sealed anew\n");
            Printed::new(&json!({"resealed": resealed}), text)
        }
    }
}

async fn list(app: &App) -> Result<Printed, Complaint> {
    let keys = app.keyring.list().await?;
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            let since = key.ended_at.or(key.retiring_at).or(key.activated_at).unwrap_or(key.created_at);
            vec![
                key.kid.clone(),
                key.algorithm.clone(),
                key.phase.clone(),
                when(Some(since)),
                when(Some(key.created_at)),
                key.origin.clone(),
            ]
        })
        .collect();
    Printed::new(&keys, table(&["KEY", "ALGORITHM", "PHASE", "SINCE", "MADE", "ORIGIN"], &rows))
}

fn rotated(done: &[Rotated], before_is: &str) -> Result<Printed, Complaint> {
    let text: String = done
        .iter()
        .map(|rotated| {
            let before = rotated.before.as_deref().map_or(String::new(), |kid| format!(", {kid} is {before_is}"));
            let next = rotated.next.as_deref().unwrap_or("none yet");
            format!("{}: {} signs now{before}; next is {next}\n", rotated.algorithm, rotated.active)
        })
        .collect();
    Printed::new(&done, text)
}
