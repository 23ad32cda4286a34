//! Tokens: what they say, how they are made, whether they are alive, how they end.

mod id_token;
mod inspect;
mod introspect;
mod mint;
pub mod reach;
pub mod refresh;
mod revoke;
mod subject;

pub use id_token::presented as presented_id_token;
pub use inspect::{Examined, Inspected, examine, inspect};
pub use introspect::introspect;
pub use mint::{AccessGrant, IdGrant, mint_access_token, mint_id_token};
pub use revoke::revoke;
pub use subject::subject;
