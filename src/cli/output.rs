//! What a command prints: for people, or one JSON value for programs.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;
use crate::keyring::KeyringError;
use crate::store::StoreError;

/// What a command has to say.
pub struct Printed {
    json: Value,
    text: String,
    /// `false` when it found something wrong, though it did what it was asked to.
    good: bool,
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub struct Complaint(String);

impl Complaint {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl Printed {
    pub fn new(json: &impl Serialize, text: impl Into<String>) -> Result<Self, Complaint> {
        let json = serde_json::to_value(json).map_err(|error| Complaint::new(error.to_string()))?;
        Ok(Self { json, text: text.into(), good: true })
    }

    /// The server has said what it had to say by itself.
    pub fn nothing() -> Self {
        Self { json: Value::Null, text: String::new(), good: true }
    }

    pub fn and_is_good(mut self, good: bool) -> Self {
        self.good = good;
        self
    }
}

impl From<StoreError> for Complaint {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<KeyringError> for Complaint {
    fn from(error: KeyringError) -> Self {
        Self(error.to_string())
    }
}

impl From<Failure> for Complaint {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refused) => Self(refused.told()),
            Failure::Broken(broken) => Self(broken.source),
        }
    }
}

impl From<crate::protocol::error::Fault> for Complaint {
    fn from(fault: crate::protocol::error::Fault) -> Self {
        Self(fault.about.into_owned())
    }
}

/// Prints, and chooses the exit code. A reader that went away, such as `head`, is no fault of the command.
pub fn finish(json: bool, outcome: Result<Printed, Complaint>) -> ExitCode {
    let (text, good) = match outcome {
        Ok(Printed { json: Value::Null, .. }) => return ExitCode::SUCCESS,
        Ok(printed) if json => (format!("{}\n", printed.json), printed.good),
        Ok(printed) => (printed.text, printed.good),
        Err(Complaint(about)) => {
            let _ = writeln!(io::stderr(), "countersign: {about}");
            return ExitCode::FAILURE;
        }
    };
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "countersign: it is done, but cannot be printed: {error}");
            ExitCode::FAILURE
        }
        _ if good => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Lines of columns, as wide as they need to be.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|name| name.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    for row in std::iter::once(&head).chain(rows) {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

/// A time for people; `-` for none.
pub fn when(time: Option<crate::time::UnixTime>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.to_rfc3339())
}
