//! `countersign audit`.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::arguments::{AuditCommand, AuditFilter};
use super::output::{Complaint, Printed, table};
use crate::app::App;
use crate::audit::{self, Head, Report, Shown};
use crate::store::audit::REFUSED;
use crate::store::audit::search::{Cursor, Filter, Found, Order};

/// Acts that an export reads at once.
const PAGE: i64 = 500;

pub async fn run(app: &App, command: AuditCommand) -> Result<Printed, Complaint> {
    match command {
        AuditCommand::Verify { heads } => verify(app, &heads).await,
        AuditCommand::Export(filter) => export(app, &filter.into()).await,
        AuditCommand::List { filter, limit, after } => list(app, &filter.into(), limit, after.as_ref()).await,
    }
}

impl From<AuditFilter> for Filter {
    fn from(filter: AuditFilter) -> Self {
        let AuditFilter { since, until, act, user, actor, target, client, outcome } = filter;
        Self { act, actor, target, user, client, refused: outcome.map(|outcome| outcome == REFUSED), since, until }
    }
}

async fn verify(app: &App, heads: &[Head]) -> Result<Printed, Complaint> {
    let report = audit::verify(app, heads).await?;
    let printed = Printed::new(&report, told(&report))?;
    Ok(printed.and_is_good(report.damage.is_none()))
}

fn told(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "{name:<18}{value}");
    };
    line("sealed acts", &report.acts);
    line("seals", &report.seals);
    line("begins after", &report.begins_after);
    line("head", &report.head);
    line("personal erased", &report.erased);
    let oldest = report.oldest_unsealed.map_or(String::new(), |at| format!(", the oldest of {}", at.to_rfc3339()));
    line("not sealed yet", &format!("{}{oldest}", report.unsealed));
    if report.withdrawn_seals > 0 {
        let about = "seals are by keys that were withdrawn since: compare with heads that were logged (--head)";
        line("withdrawn keys", &format!("{} {about}", report.withdrawn_seals));
    }
    for head in &report.not_compared {
        line("not compared", &format!("{head} lies before the beginning"));
    }
    match &report.damage {
        None => text.push_str("\nNo sealed act was changed, removed or moved.\n"),
        Some(damage) => {
            let act = damage.id.as_ref().map_or(String::new(), |id| format!(", act {id}"));
            let _ = write!(text, "\nDAMAGED at position {}{act}: {}.\n", damage.position, damage.about);
        }
    }
    text
}

/// Line by line, as it is read: the whole log need not fit into memory.
async fn export(app: &App, filter: &Filter) -> Result<Printed, Complaint> {
    let mut after: Option<Cursor> = None;
    loop {
        let page = app.store.audit_in_order(filter, after.as_ref(), PAGE, Order::OldestFirst).await?;
        let Some(last) = page.last() else { return Ok(Printed::nothing()) };
        after = Some(last.cursor());
        let mut lines = Vec::new();
        for found in page {
            serde_json::to_writer(&mut lines, &Shown::from(found))
                .map_err(|error| Complaint::new(error.to_string()))?;
            lines.push(b'\n');
        }
        let mut out = io::stdout();
        match out.write_all(&lines).and_then(|()| out.flush()) {
            Ok(()) => {}
            // A reader that has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Printed::nothing()),
            Err(error) => return Err(Complaint::new(format!("the export cannot be written: {error}"))),
        }
    }
}

async fn list(app: &App, filter: &Filter, limit: i64, after: Option<&Cursor>) -> Result<Printed, Complaint> {
    let page = app.store.audit(filter, after, limit).await?;
    let is_full = i64::try_from(page.len()) == Ok(limit);
    let next = page.last().filter(|_| is_full).map(|last| last.cursor().to_string());
    let rows: Vec<Vec<String>> = page.iter().map(line).collect();
    let acts: Vec<Shown> = page.into_iter().map(Shown::from).collect();
    let mut text = table(&["TIME", "ACT", "OUTCOME", "WHO", "WHAT", "CLIENT", "ADDRESS"], &rows);
    if let Some(next) = &next {
        let _ = write!(text, "\nmore: --after {next}\n");
    }
    Printed::new(&json!({"acts": acts, "next": next.map_or(Value::Null, Value::from)}), text)
}

fn line(found: &Found) -> Vec<String> {
    let act = &found.act;
    let named = |kind: Option<&str>, id: Option<&str>| match (kind, id) {
        (Some(kind), Some(id)) => format!("{kind} {id}"),
        (Some(kind), None) => kind.to_owned(),
        _ => "-".to_owned(),
    };
    vec![
        act.at.to_rfc3339(),
        act.act.clone(),
        act.reason.clone().unwrap_or_else(|| act.outcome.clone()),
        named(Some(&act.actor_kind), act.actor_id.as_deref()),
        named(act.target_kind.as_deref(), act.target_id.as_deref()),
        act.client_id.clone().unwrap_or_else(|| "-".to_owned()),
        found.personal.as_ref().and_then(|personal| personal.address.clone()).unwrap_or_else(|| "-".to_owned()),
    ]
}
