//! The log: one line per event on standard error, or in memory where a test reads it back.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::{MakeWriter, fmt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

/// Starts the log of this process. A second call changes nothing: the first one in a process wins.
pub fn start(settings: &Log) {
    let on_terminal = io::stderr().is_terminal();
    let (filter, fault) = filter(&settings.level);
    let human = match settings.format {
        LogFormat::Auto => on_terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    if human {
        let lines =
            fmt().log_internal_errors(false).with_env_filter(filter).with_writer(io::stderr).with_ansi(on_terminal);
        let _ = lines.finish().try_init();
    } else {
        let _ = json(filter, io::stderr).try_init();
    }
    if let Some(fault) = fault {
        tracing::warn!(%fault, "the log level is not a filter; logging at info");
    }
}

/// Starts a log that is kept in memory instead, as JSON lines, for tests in this process. Every call returns the same
/// log; the filter of the first call counts.
pub fn start_captured(level: &str) -> Captured {
    static CAPTURED: OnceLock<Captured> = OnceLock::new();
    CAPTURED
        .get_or_init(|| {
            let captured = Captured::default();
            let _ = json(filter(level).0, captured.clone()).try_init();
            captured
        })
        .clone()
}

/// JSON lines with the fields beside timestamp, level, target and message: what log collectors read without rules.
fn json<W>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines =
        fmt().json().log_internal_errors(false).flatten_event(true).with_current_span(false).with_span_list(false);
    lines.with_env_filter(filter).with_writer(writer).finish()
}

/// The filter that `level` says, or `info` and what is wrong with it.
fn filter(level: &str) -> (EnvFilter, Option<String>) {
    match EnvFilter::builder().parse(level) {
        Ok(filter) => (filter, None),
        Err(fault) => (EnvFilter::new("info"), Some(fault.to_string())),
    }
}

/// All lines that were logged since the start.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Captured {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.bytes().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
