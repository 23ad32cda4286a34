//! Who is counted: digests under a key of this installation, so that no table and no cache holds names or addresses.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

use crate::app::App;

/// What its first part says keeps a digest apart from all that is not one of a limit.
pub fn digest(app: &App, parts: &[&[u8]]) -> String {
    let parts = [&[b"limits".as_slice()], parts].concat();
    BASE64URL.encode(app.keyring.secret_hash_key().mac(&parts))
}

/// An account, however its name is written.
pub fn fold(account: &str) -> String {
    account.trim().to_lowercase()
}

/// Where somebody is. Of IPv6 the first 64 bits: whoever has one such address has them all.
pub fn place(address: Option<IpAddr>) -> Vec<u8> {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.octets().to_vec(),
        Some(IpAddr::V6(address)) => address.octets()[..8].to_vec(),
        None => Vec::new(),
    }
}
