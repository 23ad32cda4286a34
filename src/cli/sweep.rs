//! `countersign sweep`.

use super::output::{Complaint, Printed};
use crate::app::App;
use crate::jobs;
use crate::store::grants::GrantsWalk;

pub async fn run(app: &App) -> Result<Printed, Complaint> {
    let now = app.clock.now();
    let mut walk = GrantsWalk::default();
    let mut swept = jobs::sweep(app, &mut walk, now).await?;
    while swept.unfinished {
        swept = swept.and(&jobs::sweep(app, &mut walk, now).await?);
    }
    let lines: Vec<String> = swept.rows().iter().map(|(kind, rows)| format!("{rows:>8}  {}", words(kind))).collect();
    Printed::new(&swept, format!("Forgotten:\n{}\n", lines.join("\n")))
}

fn words(kind: &str) -> String {
    kind.replace('_', " ")
}
