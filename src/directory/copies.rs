//! What a row looks like in the cache. No secret and nothing that ends anything is among it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::clients::ClientRow;
use crate::store::resources::ResourceRow;
use crate::store::roles::Role;
use crate::store::scopes::ScopeRow;
use crate::store::upstreams::UpstreamRow;

/// A copy of a past generation is never asked for again; this only says when its room is free.
pub const LIFETIME: Duration = Duration::from_secs(3600);

#[derive(Serialize, Deserialize)]
pub struct ClientCopy {
    pub id: String,
    pub name: String,
    pub auth_method: String,
    pub document: String,
    pub is_stranger: bool,
    #[serde(default)]
    pub created_at: i64,
}

impl From<(ClientRow, bool)> for ClientCopy {
    fn from((row, is_stranger): (ClientRow, bool)) -> Self {
        let ClientRow { id, name, auth_method, document, created_at, .. } = row;
        Self { id, name, auth_method, document, is_stranger, created_at: created_at.seconds() }
    }
}

#[derive(Serialize, Deserialize)]
pub struct ScopeCopy {
    pub name: String,
    pub identity: bool,
}

impl From<ScopeRow> for ScopeCopy {
    fn from(row: ScopeRow) -> Self {
        Self { name: row.name, identity: row.identity }
    }
}

#[derive(Serialize, Deserialize)]
pub struct RoleCopy {
    pub name: String,
    pub scopes: Vec<String>,
}

impl From<Role> for RoleCopy {
    fn from(role: Role) -> Self {
        Self { name: role.name, scopes: role.scopes }
    }
}

#[derive(Serialize, Deserialize)]
pub struct ResourceCopy {
    pub uri: String,
    pub scopes: String,
    pub introspectors: Vec<String>,
}

impl From<ResourceRow> for ResourceCopy {
    fn from(row: ResourceRow) -> Self {
        Self { uri: row.uri, scopes: row.scopes, introspectors: row.introspectors }
    }
}

#[derive(Serialize, Deserialize)]
pub struct UpstreamCopy {
    pub id: String,
    pub name: String,
    pub document: String,
    pub version: i64,
}

impl From<UpstreamRow> for UpstreamCopy {
    fn from(row: UpstreamRow) -> Self {
        Self { id: row.id, name: row.name, document: row.document, version: row.version }
    }
}
