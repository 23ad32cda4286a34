//! Clients: how one proves itself, and how one is registered.

mod allowed;
mod assertion;
mod audiences;
mod authenticate;
pub mod dynamic;
mod first_party;
pub mod govern;
pub mod initial;
mod keys;
mod manage;
mod register;
mod secrets;
mod sector;
pub mod signatures;

pub use audiences::client_for;
pub use authenticate::authenticate;
pub use first_party::first_party;
pub use manage::{delete, delete_secret, set_disabled, shown};
pub use register::{Registered, register, update};
pub use secrets::{NewSecret, add_secret};
