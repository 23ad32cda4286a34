//! Clients: how one proves itself, and how one is registered.

mod audiences;
mod authenticate;
mod first_party;
pub mod govern;
mod manage;
mod register;
mod secrets;

pub use audiences::client_for;
pub use authenticate::authenticate;
pub use first_party::first_party;
pub use manage::{delete, delete_secret, set_disabled, shown};
pub use register::{Registered, register, update};
pub use secrets::{NewSecret, add_secret};
