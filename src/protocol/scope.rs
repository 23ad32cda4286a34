//! Scope (RFC 6749 §3.3): a name, and a list of names in which each occurs once.

use std::fmt::{self, Write};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::error::{ErrorCode, Fault};

/// The scope by which a client asks who signed in (OpenID Connect Core §3.1.2.1).
pub const OPENID: &str = "openid";
/// The scope by which a client asks for access while the user is away (OpenID Connect Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// Whether a scope is of this server's own API.
pub fn is_own(name: &str) -> bool {
    name == "account" || name.starts_with("admin:")
}

const MAX_NAME_LENGTH: usize = 128;
/// Looking for doubles compares each name with each, so the number is bounded.
const MAX_NAMES: usize = 128;

checked_text! {
    /// One scope: %x21 / %x23-5B / %x5D-7E, at least one character.
    pub struct ScopeName(check_name);
}

fn check_name(text: &str) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(invalid("a scope is empty, or the separator is not one space"));
    }
    if text.len() > MAX_NAME_LENGTH {
        return Err(invalid("a scope is too long"));
    }
    if text.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~')) {
        Ok(())
    } else {
        Err(invalid("a scope has a character in it that is not allowed"))
    }
}

/// Scopes in the order in which they were given, each once. Two sets are equal when they hold the same scopes.
#[derive(Clone, Debug, Default)]
pub struct ScopeSet(Vec<ScopeName>);

impl ScopeSet {
    /// Reads the parameter `scope`: names with one space between them, at least one. Doubles count once.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut set = Self::empty();
        for name in text.split(' ') {
            check_name(name)?;
            if set.contains(name) {
                continue;
            }
            if set.len() == MAX_NAMES {
                return Err(invalid("there are too many scopes"));
            }
            set.0.push(ScopeName(name.to_owned()));
        }
        Ok(set)
    }

    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|each| each.as_str() == name)
    }

    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.0.iter().all(|name| other.contains(name.as_str()))
    }

    /// What both hold, in the order of this one.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|name| other.contains(name.as_str())).cloned().collect())
    }

    /// What this one holds and the other does not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|name| !other.contains(name.as_str())).cloned().collect())
    }

    pub fn iter(&self) -> std::slice::Iter<'_, ScopeName> {
        self.0.iter()
    }
}

impl PartialEq for ScopeSet {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.is_subset_of(other)
    }
}

impl Eq for ScopeSet {}

impl FromIterator<ScopeName> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = ScopeName>>(names: I) -> Self {
        let mut set = Self::empty();
        for name in names {
            if !set.contains(name.as_str()) {
                set.0.push(name);
            }
        }
        set
    }
}

impl IntoIterator for ScopeSet {
    type Item = ScopeName;
    type IntoIter = std::vec::IntoIter<ScopeName>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a ScopeSet {
    type Item = &'a ScopeName;
    type IntoIter = std::slice::Iter<'a, ScopeName>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_char(' ')?;
            }
            f.write_str(name.as_str())?;
        }
        Ok(())
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    /// Also reads the empty text, because an empty set is stored as one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() { Ok(Self::empty()) } else { Self::parse(&text).map_err(de::Error::custom) }
    }
}

fn invalid(about: &'static str) -> Fault {
    Fault::new(ErrorCode::InvalidScope, about)
}
