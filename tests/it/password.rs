//! The password grant (RFC 6749 §4.3): who gets in, and with which tokens.

mod answers;
mod id_token;
mod lock;
mod names;
mod scope;
mod sessions;
mod upgrade;
