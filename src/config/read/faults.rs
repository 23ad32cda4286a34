//! Everything that is wrong with the settings of one start, so that the operator mends it in one go.

use std::fmt;

use super::given::Origin;

/// One thing that is wrong. Never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    /// The setting, when the fault is about a known one.
    key: Option<String>,
    message: String,
}

/// Every fault of a start, one line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    faults: Vec<Fault>,
    /// A file could not be read or understood, so that what is missing may only seem to be.
    source_broken: bool,
}

impl Faults {
    /// A known setting has a wrong value.
    pub(in crate::config) fn of_setting(&mut self, key: &str, origin: &Origin, message: &str) {
        self.faults.push(Fault { key: Some(key.to_owned()), message: format!("{key} ({origin}): {message}") });
    }

    /// Something that is no setting: `place` says where it stands.
    pub(super) fn of_place(&mut self, place: &dyn fmt::Display, message: &str) {
        self.faults.push(Fault { key: None, message: format!("{place}: {message}") });
    }

    /// A whole source, or a part of it, could not be read.
    pub(super) fn of_source(&mut self, place: &dyn fmt::Display, message: &str) {
        self.of_place(place, message);
        self.source_broken = true;
    }

    /// Whether the value of any of these settings is not what the operator meant: then a rule that compares them
    /// would only add noise.
    pub(in crate::config) fn touch(&self, keys: &[&str]) -> bool {
        self.source_broken
            || self.faults.iter().any(|fault| fault.key.as_deref().is_some_and(|key| keys.contains(&key)))
    }

    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    pub fn len(&self) -> usize {
        self.faults.len()
    }

    /// One line per fault, without line ends.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.faults.iter().map(|fault| fault.message.as_str())
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, line) in self.lines().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            f.write_str(line)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
