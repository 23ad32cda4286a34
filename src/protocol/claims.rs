//! Registered claims that every kind of token shares (RFC 7519 §4.1).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;

use crate::time::UnixTime;

/// A moment in seconds, also with a fraction (§2).
pub fn numeric_date(number: &Number) -> Option<UnixTime> {
    #[expect(clippy::cast_possible_truncation, reason = "what is beyond the numbers of seconds becomes their end")]
    let whole = |fraction: f64| fraction.floor() as i64;
    number.as_i64().or_else(|| number.as_f64().map(whole)).map(UnixTime::from_seconds)
}

/// Whom a token is for (§4.1.3). One audience is written as a text, several as a list; both are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience(pub Vec<String>);

impl Audience {
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|each| each == name)
    }
}

impl From<String> for Audience {
    fn from(name: String) -> Self {
        Self(vec![name])
    }
}

impl From<Vec<String>> for Audience {
    fn from(names: Vec<String>) -> Self {
        Self(names)
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(one),
            several => several.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrSeveral {
            One(String),
            Several(Vec<String>),
        }
        Ok(match OneOrSeveral::deserialize(deserializer)? {
            OneOrSeveral::One(name) => Self(vec![name]),
            OneOrSeveral::Several(names) => Self(names),
        })
    }
}
