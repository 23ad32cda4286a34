//! Tokens: what they say, how they are made, whether they are alive, how they end.

mod inspect;
mod introspect;
mod mint;
pub mod reach;
pub mod refresh;
mod revoke;

pub use inspect::{Examined, Inspected, examine, inspect};
pub use introspect::introspect;
pub use mint::{AccessGrant, IdGrant, mint_access_token, mint_id_token};
pub use revoke::revoke;
