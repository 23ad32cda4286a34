//! `countersign user import`.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::super::output::{Complaint, Printed};
use crate::accounts::import::{Import, Report};
use crate::app::App;
use crate::authority::Authority;

/// What is read at once.
const PIECE: usize = 64 * 1024;
/// How often a long import says how far it is.
const PACE: Duration = Duration::from_secs(1);

pub async fn run(app: &App, file: &Path) -> Result<Printed, Complaint> {
    let unreadable = |error: io::Error| Complaint::new(format!("{} cannot be read: {error}", file.display()));
    let mut source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(unreadable)?)
    };
    let authority = Authority::operator();
    let mut import = Import::new(app, &authority);
    let mut piece = Zeroizing::new(vec![0; PIECE]);
    let mut said = Instant::now();
    loop {
        let length = source.read(&mut piece).map_err(unreadable)?;
        if length == 0 {
            break;
        }
        // In small steps, so that a slow import is heard of, too.
        for lines in piece[..length].split_inclusive(|byte| *byte == b'\n') {
            import.feed(lines, app.clock.now()).await?;
            if said.elapsed() >= PACE {
                said = Instant::now();
                say(import.so_far());
            }
        }
    }
    let report = import.finish(app.clock.now()).await?;
    Ok(Printed::new(&report, told(&report))?.and_is_good(report.refused_lines == 0))
}

fn say(report: &Report) {
    // Nobody may be listening.
    let _ = writeln!(io::stderr(), "{} imported, {} refused", report.imported, report.refused_lines);
}

fn told(report: &Report) -> String {
    let mut text = format!("{} imported, {} refused\n", report.imported, report.refused_lines);
    for refused in &report.refused {
        let _ = writeln!(text, "line {}: {}", refused.line, refused.detail);
    }
    if u64::try_from(report.refused.len()).is_ok_and(|listed| listed < report.refused_lines) {
        text.push_str("and more\n");
    }
    text
}
