//! Tokens: what they say, how they are made, whether they are alive, how they end.

mod inspect;
mod introspect;
mod mint;
mod revoke;

pub use inspect::{Inspected, inspect};
pub use introspect::introspect;
pub use mint::{AccessGrant, mint_access_token};
pub use revoke::revoke;
