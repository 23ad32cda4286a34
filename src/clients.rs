//! Clients: how one proves itself, and how one is registered.

mod audiences;
mod authenticate;
mod register;
mod secrets;

pub use audiences::client_for;
pub use authenticate::authenticate;
pub use register::{Registered, register, update};
pub use secrets::{NewSecret, add_secret};
