//! Clients: how one proves itself, and how one is registered.

mod authenticate;
mod register;
mod secrets;

pub use authenticate::authenticate;
pub use register::{Registered, register, update};
pub use secrets::{NewSecret, add_secret};
