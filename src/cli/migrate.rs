//! `countersign migrate`.

use serde_json::json;

use super::arguments::MigrateCommand;
use super::output::{Complaint, Printed};
use crate::config::Config;
use crate::store::Store;

/// Opens the store and nothing else: the tables come before the keys.
pub async fn run(config: &Config, command: Option<MigrateCommand>) -> Result<Printed, Complaint> {
    let store = Store::open(&config.database).await?;
    let report = match command.unwrap_or(MigrateCommand::Up) {
        MigrateCommand::Up => store.migrate_up().await?,
        MigrateCommand::Down => store.migrate_down().await?,
        MigrateCommand::Status => store.migration_status().await?,
    };
    let lines =
        |title: &str, names: &[String]| names.iter().map(|name| format!("{title} {name}\n")).collect::<String>();
    let text = format!(
        "{}{}{}",
        lines("done   ", &report.done),
        lines("applied", &report.applied),
        lines("pending", &report.pending)
    );
    let text = if text.is_empty() { "no migrations are applied\n".to_owned() } else { text };
    Printed::new(&json!({"applied": report.applied, "pending": report.pending, "done": report.done}), text)
}
