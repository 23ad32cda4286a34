//! The store: what must not be forgotten. One file per table, each with its row, its queries and its single-use
//! statements; `backend` hides which database it is.

mod backend;
mod columns;
mod gather;
mod kept;
mod schema;

pub mod audit;
pub mod client_assertions;
pub mod clients;
pub mod codes;
pub mod consents;
pub mod generations;
pub mod grants;
pub mod held_usernames;
pub mod idempotency;
pub mod identities;
pub mod leases;
pub mod login_failures;
pub mod migrations;
pub mod one_time_tokens;
pub mod outbox;
pub mod registrations;
pub mod removal;
pub mod resources;
pub mod revoked_tokens;
pub mod roles;
pub mod scopes;
pub mod sealed_values;
pub mod session_clients;
pub mod sessions;
pub mod signing_keys;
pub mod sweep;
pub mod upstream_logins;
pub mod upstreams;
pub mod users;
pub mod vitals;

pub use backend::{PoolState, Store, StoreError, StoreResult};

use crate::secret;
use crate::time::UnixTime;

/// A new UUIDv7: ids sort by the second in which they were made, and say nothing else.
pub fn new_id(now: UnixTime) -> String {
    let milliseconds = u64::try_from(now.seconds()).unwrap_or(0).saturating_mul(1000);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &secret::random()).into_uuid().to_string()
}
