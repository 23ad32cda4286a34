//! Which scopes the roles give.

use std::collections::HashMap;

use super::copies::RoleCopy;
use super::{DirectoryError, DirectoryResult};
use crate::protocol::scope::{ScopeName, ScopeSet};
use crate::store::roles::EVERYBODY;

/// All roles, by name.
#[derive(Default)]
pub struct Roles(HashMap<String, Vec<ScopeName>>);

impl Roles {
    pub(super) fn read(rows: Vec<RoleCopy>) -> DirectoryResult<Self> {
        let mut roles = HashMap::with_capacity(rows.len());
        for RoleCopy { name, scopes } in rows {
            let scopes: Result<Vec<ScopeName>, _> = scopes.iter().map(|scope| scope.parse()).collect();
            let scopes = scopes.map_err(|fault| DirectoryError::Unreadable("role", fault.to_string()))?;
            roles.insert(name, scopes);
        }
        Ok(Self(roles))
    }

    /// The roles of a user with the one that everybody has.
    pub fn all_of(roles: &[String]) -> Vec<String> {
        let others = roles.iter().map(String::as_str).filter(|role| *role != EVERYBODY);
        std::iter::once(EVERYBODY).chain(others).map(ToOwned::to_owned).collect()
    }

    /// What a user of these roles may do, with what everybody may.
    pub fn scopes_of(&self, roles: &[String]) -> ScopeSet {
        let named = std::iter::once(EVERYBODY).chain(roles.iter().map(String::as_str));
        named.filter_map(|name| self.0.get(name)).flatten().cloned().collect()
    }
}
