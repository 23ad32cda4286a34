//! The keys as this node knows them: who signs, who verifies, what is published. Built anew at each change, never altered.

use std::collections::HashMap;
use std::sync::Arc;

use josekit::jwk::Jwk as JoseJwk;
use josekit::jws::{ES256, EdDSA, JwsVerifier, RS256};

use super::publish::Published;
use super::seal::{KeyEncryptionKeys, signing_key_purpose};
use super::sign::Signer;
use super::{KeyringError, KeyringResult};
use crate::config;
use crate::protocol::jwk::{Algorithm, Jwk, PublicKey};
use crate::store::signing_keys::SigningKeyRow;
use crate::time::UnixTime;

#[derive(Default)]
pub struct Ring {
    signers: Vec<Arc<Signer>>,
    verifiers: HashMap<String, Arc<Verifier>>,
    published: Published,
    summaries: Vec<KeySummary>,
}

/// A key as people may see it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct KeySummary {
    pub kid: String,
    pub algorithm: String,
    pub phase: String,
    pub origin: String,
    pub created_at: UnixTime,
    pub activated_at: Option<UnixTime>,
    pub retiring_at: Option<UnixTime>,
    pub ended_at: Option<UnixTime>,
}

impl KeySummary {
    pub fn of(row: &SigningKeyRow) -> Self {
        Self {
            kid: row.kid.clone(),
            algorithm: row.algorithm.clone(),
            phase: row.phase.clone(),
            origin: row.origin.clone(),
            created_at: row.created_at,
            activated_at: row.activated_at,
            retiring_at: row.retiring_at,
            ended_at: row.ended_at,
        }
    }

    /// The phase as one of a closed set, for the metrics.
    pub fn phase_name(&self) -> &'static str {
        const PHASES: [&str; 5] = ["next", "active", "retiring", "retired", "withdrawn"];
        PHASES.into_iter().find(|phase| *phase == self.phase).unwrap_or("other")
    }

    /// The algorithm as one of a closed set, for the metrics.
    pub fn algorithm_name(&self) -> &'static str {
        self.algorithm.parse().map_or("other", |algorithm: Algorithm| algorithm.as_str())
    }
}

/// Checks signatures of one key, for the algorithm that the key is for and no other.
#[derive(Debug)]
pub struct Verifier {
    algorithm: Algorithm,
    verifier: Box<dyn JwsVerifier>,
}

impl Verifier {
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifier.verify(message, signature).is_ok()
    }
}

impl Ring {
    /// Signers and verifiers that are there already are kept: building one parses a key and sets OpenSSL up for it.
    pub(super) fn build(
        rows: Vec<SigningKeyRow>,
        before: &Self,
        encryption: &KeyEncryptionKeys,
        settings: &config::Keys,
    ) -> KeyringResult<Self> {
        let mut ring = Self::default();
        let mut published = Vec::new();
        for row in &rows {
            ring.summaries.push(KeySummary::of(row));
            let (publish, signs, verifies) = match row.phase.as_str() {
                "next" => (true, false, false),
                "active" => (true, true, true),
                "retiring" => (true, false, true),
                _ => continue,
            };
            let jwk: Jwk = serde_json::from_str(&row.public_jwk)
                .map_err(|error| KeyringError::Failed(format!("the public key {}: {error}", row.kid)))?;
            if verifies {
                ring.verifiers.insert(row.kid.clone(), verifier(&jwk, before)?);
            }
            if signs {
                // A key that does not open here must not keep this node from publishing, and from letting go of others.
                match signer(row, jwk.alg, before, encryption) {
                    Ok(signer) => ring.signers.push(signer),
                    Err(error) => tracing::error!(kid = %row.kid, %error, "the active key cannot sign on this node"),
                }
            }
            if publish {
                published.push(jwk);
            }
        }
        ring.signers.sort_by_key(|signer| {
            settings.algorithms.iter().position(|algorithm| *algorithm == signer.algorithm()).unwrap_or(usize::MAX)
        });
        ring.published = Published::render(published)?;
        Ok(ring)
    }

    pub fn published(&self) -> &Published {
        &self.published
    }

    pub fn summaries(&self) -> &[KeySummary] {
        &self.summaries
    }

    pub fn verifier(&self, kid: &str) -> Option<Arc<Verifier>> {
        self.verifiers.get(kid).cloned()
    }

    pub fn can_sign(&self, algorithm: Algorithm) -> bool {
        self.signer(algorithm).is_some()
    }

    /// Whether any key can sign at all.
    pub fn has_signer(&self) -> bool {
        !self.signers.is_empty()
    }

    /// The algorithms that sign, in the order of the settings.
    pub fn algorithms(&self) -> Vec<Algorithm> {
        self.signers.iter().map(|signer| signer.algorithm()).collect()
    }

    pub(super) fn signer(&self, algorithm: Algorithm) -> Option<&Arc<Signer>> {
        self.signers.iter().find(|signer| signer.algorithm() == algorithm)
    }
}

fn signer(
    row: &SigningKeyRow,
    algorithm: Algorithm,
    before: &Ring,
    encryption: &KeyEncryptionKeys,
) -> KeyringResult<Arc<Signer>> {
    if let Some(known) = before.signers.iter().find(|signer| signer.kid() == row.kid) {
        return Ok(Arc::clone(known));
    }
    let sealed = row
        .sealed
        .as_deref()
        .ok_or_else(|| KeyringError::Failed(format!("the active key {} has no private half", row.kid)))?;
    let der = encryption.open(&signing_key_purpose(&row.kid), sealed)?;
    Ok(Arc::new(Signer::new(algorithm, &row.kid, &der, row.covers_until)?))
}

pub(super) fn verifier(jwk: &Jwk, before: &Ring) -> KeyringResult<Arc<Verifier>> {
    if let Some(known) = before.verifiers.get(&jwk.kid) {
        return Ok(Arc::clone(known));
    }
    let verifier: Box<dyn JwsVerifier> = match jwk.alg {
        Algorithm::Rs256 => Box::new(RS256.verifier_from_jwk(&jose(&jwk.key)?).map_err(failed)?),
        Algorithm::Es256 => Box::new(ES256.verifier_from_jwk(&jose(&jwk.key)?).map_err(failed)?),
        Algorithm::EdDsa => Box::new(EdDSA.verifier_from_jwk(&jose(&jwk.key)?).map_err(failed)?),
    };
    Ok(Arc::new(Verifier { algorithm: jwk.alg, verifier }))
}

pub(super) fn jose(key: &PublicKey) -> KeyringResult<JoseJwk> {
    let json = serde_json::to_vec(key).map_err(failed)?;
    JoseJwk::from_bytes(json).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> KeyringError {
    KeyringError::Failed(error.to_string())
}
