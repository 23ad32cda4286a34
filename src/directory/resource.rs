//! A resource: an API that tokens can be for.

use super::copies::ResourceCopy;
use super::{DirectoryError, DirectoryResult};
use crate::protocol::resource::ResourceUri;
use crate::protocol::scope::ScopeSet;

#[derive(Clone, Debug)]
pub struct Resource {
    pub uri: ResourceUri,
    /// The scopes that mean something to it; empty when it does not say.
    pub scopes: ScopeSet,
    /// The clients that may ask about tokens for it.
    pub introspectors: Vec<String>,
}

impl Resource {
    pub(super) fn read(row: ResourceCopy) -> DirectoryResult<Self> {
        let bad = |error: &dyn std::fmt::Display| DirectoryError::Unreadable("resource", error.to_string());
        let scopes = if row.scopes.is_empty() {
            ScopeSet::empty()
        } else {
            ScopeSet::parse(&row.scopes).map_err(|fault| bad(&fault))?
        };
        Ok(Self { uri: row.uri.parse().map_err(|fault| bad(&fault))?, scopes, introspectors: row.introspectors })
    }

    pub fn is_introspected_by(&self, client_id: &str) -> bool {
        self.introspectors.iter().any(|introspector| introspector == client_id)
    }
}
