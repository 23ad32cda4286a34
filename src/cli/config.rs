//! `countersign config`.

use serde_json::{Value, json};

use super::arguments::ConfigCommand;
use super::output::{Complaint, Printed, table};
use crate::config::{Config, Sources};

pub fn run(command: &ConfigCommand, sources: &Sources) -> Result<Printed, Complaint> {
    let loaded = Config::load(sources);
    match (command, loaded) {
        (ConfigCommand::Show, Err(faults)) => Err(Complaint::new(format!("the settings are wrong:\n{faults}"))),
        (ConfigCommand::Show, Ok(config)) => {
            let shown = config.show();
            let rows: Vec<Vec<String>> =
                shown.iter().map(|s| vec![s.key.clone(), s.value.clone(), s.origin.clone()]).collect();
            let json: Vec<Value> =
                shown.iter().map(|s| json!({"key": s.key, "value": s.value, "origin": s.origin})).collect();
            Printed::new(&json, table(&["SETTING", "VALUE", "FROM"], &rows))
        }
        (ConfigCommand::Check, Ok(_)) => Printed::new(&json!({"ok": true, "faults": []}), "the settings are right\n"),
        (ConfigCommand::Check, Err(faults)) => {
            let lines: Vec<String> = faults.to_string().lines().map(str::to_owned).collect();
            Ok(Printed::new(&json!({"ok": false, "faults": lines}), format!("{faults}\n"))?.and_is_good(false))
        }
    }
}
