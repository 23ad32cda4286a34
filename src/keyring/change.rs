//! What is recorded of a change of the keys. Who made it, only the caller can say.

use serde_json::{Value, json};

use crate::store::audit::{Act, Record};
use crate::time::UnixTime;

/// A change of the keys, about to be made.
#[derive(Clone, Debug)]
pub enum KeyChange {
    /// Another key signs. In an emergency the one before is not trusted any more.
    Rotated {
        active: String,
        before: Option<String>,
        emergency: bool,
    },
    Imported {
        kid: String,
    },
    /// All that it signed has expired.
    Retired {
        kid: String,
    },
    /// All that it signed is void here.
    Withdrawn {
        kid: String,
    },
    /// So many values are sealed under another key-encryption key.
    Resealed {
        values: usize,
    },
}

/// Writes down who makes a change.
pub type Recorder<'a> = &'a (dyn Fn(&KeyChange) -> Record + Send + Sync);

impl KeyChange {
    pub const fn act(&self) -> Act {
        match self {
            Self::Rotated { .. } => Act::KeyRotated,
            Self::Imported { .. } => Act::KeyImported,
            Self::Retired { .. } | Self::Withdrawn { .. } => Act::KeyRetired,
            Self::Resealed { .. } => Act::KeysResealed,
        }
    }

    /// The key that it is about.
    pub fn key(&self) -> &str {
        match self {
            Self::Rotated { active: kid, .. }
            | Self::Imported { kid }
            | Self::Retired { kid }
            | Self::Withdrawn { kid } => kid,
            Self::Resealed { .. } => "all",
        }
    }

    pub fn detail(&self) -> Option<Value> {
        match self {
            Self::Rotated { before, emergency, .. } => Some(json!({"before": before, "emergency": emergency})),
            Self::Withdrawn { .. } => Some(json!({"withdrawn": true})),
            Self::Resealed { values } => Some(json!({"values": values})),
            Self::Imported { .. } | Self::Retired { .. } => None,
        }
    }

    /// The server made it by itself, as its settings say.
    pub fn by_system(&self, now: UnixTime) -> Record {
        let detail = self.detail().map(|detail| detail.to_string());
        Record::of_system(self.act(), ("key", self.key()), detail, now)
    }
}
