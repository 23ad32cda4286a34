//! The token endpoint: who gets a token, and which one.

mod assertions;
mod audience;
mod authentication;
mod changes;
mod claims;
mod clients;
mod key_sets;
mod scope;
mod secrets;
mod signing_secrets;
mod together;
