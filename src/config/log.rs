//! The settings of the log.

use tracing_subscriber::EnvFilter;

use super::read::rule::{Choice, text};
use super::read::section;

section! {
    /// What is written to standard error, and how.
    "log" => Log {
        /// The lowest level that is logged, and exceptions for parts of the program.
        level: String = "info".to_owned(),
            text("off, error, warn, info, debug or trace, then TARGET=LEVEL; commas between, no spaces", is_filter);
        /// JSON lines, or lines for people; `auto` is for people on a terminal and JSON elsewhere.
        format: LogFormat = LogFormat::Auto,
            Choice(&[("auto", LogFormat::Auto), ("json", LogFormat::Json), ("human", LogFormat::Human)]);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Auto,
    Json,
    Human,
}

/// Tracing takes a misspelt level for the name of a target, and then logs everything of it and nothing else; so a word
/// alone must be a level. Its parser also misreads what follows a space, and panics at some characters outside ASCII.
fn is_filter(text: &str) -> bool {
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |word: &str| levels.iter().any(|level| level.eq_ignore_ascii_case(word));
    text.bytes().all(|byte| byte.is_ascii_graphic())
        && text.split(',').all(|part| part.contains('=') || is_level(part))
        && EnvFilter::builder().parse(text).is_ok()
}
