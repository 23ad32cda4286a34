//! A provider that people sign in with.

use super::copies::UpstreamCopy;
use super::{DirectoryError, DirectoryResult};
use crate::protocol::provider::Description;

#[derive(Clone, Debug)]
pub struct Upstream {
    pub id: String,
    /// In the addresses of its pages.
    pub name: String,
    pub version: i64,
    pub description: Description,
}

impl Upstream {
    pub(super) fn read(row: UpstreamCopy) -> DirectoryResult<Self> {
        let UpstreamCopy { id, name, document, version } = row;
        let description = serde_json::from_str(&document);
        let description = description.map_err(|error| DirectoryError::Unreadable("provider", error.to_string()))?;
        Ok(Self { id, name, version, description })
    }
}
