//! What a setting was given, and where, before anybody knows whether it is right.

use std::fmt;

/// A value as its source wrote it. It may be a secret, so it cannot be printed; [`Given::echo`] is for what may.
#[derive(Clone, PartialEq)]
pub enum Given {
    Text(String),
    Number(i64),
    Flag(bool),
    List(Vec<Given>),
    /// A kind of TOML value that no setting takes, by its name.
    Other(&'static str),
}

/// How much of a wrong value a message repeats.
const ECHOED_CHARACTERS: usize = 60;

impl Given {
    /// The value for a message: its first line, shortened.
    pub fn echo(&self) -> String {
        match self {
            Self::Text(text) => {
                let line = text.lines().next().unwrap_or_default();
                let short: String = line.chars().take(ECHOED_CHARACTERS).collect();
                let rest = if short.len() < text.len() { "…" } else { "" };
                format!("\"{}{rest}\"", short.escape_debug())
            }
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Other(name) => (*name).to_owned(),
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File { path: String, line: usize },
    Dotenv { path: String, name: String, line: Option<usize> },
    Environment { name: String },
}

impl Origin {
    pub fn is_default(&self) -> bool {
        matches!(self, Self::Default)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "file {path}, line {line}"),
            Self::Dotenv { path, name, line: Some(line) } => write!(f, "file {path}, line {line}, {name}"),
            Self::Dotenv { path, name, line: None } => write!(f, "file {path}, {name}"),
            Self::Environment { name } => write!(f, "environment {name}"),
        }
    }
}
