//! The token endpoint: who gets a token, and which one.

mod audience;
mod authentication;
mod changes;
mod claims;
mod clients;
mod scope;
mod secrets;
mod together;

/// What an answer says was granted, in an order that can be compared.
fn sorted(scope: &str) -> Vec<&str> {
    let mut names: Vec<&str> = scope.split(' ').filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names
}
