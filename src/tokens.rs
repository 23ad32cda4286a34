//! Tokens: what they say, how they are made, whether they are alive, how they end.

mod id_token;
mod inspect;
mod introspect;
mod mint;
pub mod reach;
pub mod refresh;
mod revoke;
mod subject;

pub use id_token::{presented as presented_id_token, presented_by_anybody as id_token_of_anybody};
pub use inspect::{Examined, Inspected, examine, inspect};
pub use introspect::introspect;
pub use mint::{AccessGrant, IdGrant, mint_access_token, mint_id_token, mint_logout_token};
pub use revoke::revoke;
pub use subject::subject;
