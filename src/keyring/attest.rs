//! Statements about the audit log. They are signed like tokens, under a type that no verifier of tokens takes, and carry a
//! MAC under a sealed key besides: whoever writes to the database can list a key of their own there, but not make the MAC.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ring::{Ring, Verifier, verifier};
use super::sign::TokenType;
use super::{Keyring, KeyringError, KeyringResult};
use crate::protocol::jwk::Jwk;
use crate::protocol::jws::Compact;
use crate::secret::MacKey;

const PURPOSE: &[u8] = b"countersign audit statement 1";

/// A statement as it is kept.
#[derive(Clone, Debug)]
pub struct Attestation {
    pub signature: String,
    pub mac: String,
}

/// What checks statements, those of ended keys too.
pub struct Witness {
    keys: HashMap<String, Known>,
    mac: MacKey,
}

struct Known {
    verifier: Arc<Verifier>,
    withdrawn: bool,
}

/// A statement that was made here.
#[derive(Clone, Debug)]
pub struct Attested<T> {
    pub statement: T,
    /// Whether its key was withdrawn since: then somebody else may have been able to sign.
    pub withdrawn: bool,
}

impl Keyring {
    pub async fn attest(&self, statement: &impl Serialize) -> KeyringResult<Attestation> {
        let signer = self.active(self.default_algorithm())?;
        let signature = signer.sign(TokenType::AuditStatement, statement)?;
        let mac = BASE64URL.encode(self.inner.values.audit.mac(&[PURPOSE, signature.as_bytes()]));
        Ok(Attestation { signature, mac })
    }

    /// Public halves stay in the store when a key has ended, so that what it signed can be checked for ever.
    pub async fn witness(&self) -> KeyringResult<Witness> {
        let mut keys = HashMap::new();
        for row in self.rows().await? {
            let jwk: Jwk = serde_json::from_str(&row.public_jwk)
                .map_err(|error| KeyringError::Failed(format!("the public key {}: {error}", row.kid)))?;
            let verifier = verifier(&jwk, &Ring::default())?;
            keys.insert(row.kid, Known { verifier, withdrawn: row.phase == "withdrawn" });
        }
        Ok(Witness { keys, mac: self.inner.values.audit.clone() })
    }
}

impl Witness {
    /// The statement, when it was made here.
    pub fn check<T: DeserializeOwned>(&self, signature: &str, mac: &str) -> Option<Attested<T>> {
        let mac = BASE64URL.decode(mac).ok()?;
        if !self.mac.verifies(&[PURPOSE, signature.as_bytes()], &mac) {
            return None;
        }
        let compact = Compact::parse(signature).ok()?;
        let header = compact.header();
        if header.typ.as_deref() != Some(TokenType::AuditStatement.as_str()) {
            return None;
        }
        let known = self.keys.get(header.kid.as_deref()?)?;
        let verified = header.alg == known.verifier.algorithm().as_str()
            && known.verifier.verifies(compact.signing_input().as_bytes(), compact.signature());
        if !verified {
            return None;
        }
        let statement = serde_json::from_slice(compact.payload()).ok()?;
        Some(Attested { statement, withdrawn: known.withdrawn })
    }
}
