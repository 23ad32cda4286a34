//! The token endpoint: who gets a token, and which one.

mod audience;
mod authentication;
mod changes;
mod claims;
mod clients;
mod scope;
mod secrets;
mod together;
