//! What a client has signed (RFC 7515 §3.1), whatever it says: read, and not verified.

use super::client_keys::ClientAlgorithm;
use super::error::Fault;
use super::jws::{Compact, Header};

#[derive(Clone)]
pub struct ClientSigned {
    algorithm: ClientAlgorithm,
    kid: Option<String>,
    message: String,
    signature: Vec<u8>,
}

impl ClientSigned {
    /// With the payload; a fault where it is not of one of these types, or by none of these algorithms.
    pub fn parse(text: &str, types: &[&str], fault: fn() -> Fault) -> Result<(Self, Vec<u8>), Fault> {
        let compact = Compact::parse(text).map_err(|_| fault())?;
        let header = compact.header();
        if !is_typed(header, types) {
            return Err(fault());
        }
        let signed = Self {
            algorithm: header.alg.parse().map_err(|_| fault())?,
            kid: header.kid.clone(),
            message: compact.signing_input().to_owned(),
            signature: compact.signature().to_owned(),
        };
        Ok((signed, compact.payload().to_owned()))
    }

    pub const fn algorithm(&self) -> ClientAlgorithm {
        self.algorithm
    }

    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub fn message(&self) -> &[u8] {
        self.message.as_bytes()
    }

    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

/// Whether the header says one of these types, if it says one: what a client signs for something else is no proof.
pub fn is_typed(header: &Header, types: &[&str]) -> bool {
    let typ = header.typ.as_deref().map(str::to_ascii_lowercase);
    let typ = typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    typ.is_none_or(|typ| types.contains(&typ))
}
