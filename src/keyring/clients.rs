//! Signatures of clients (RFC 7515 §5.2): verified by keys that are theirs.

use josekit::JoseError;
use josekit::jws::{ES256, ES384, EdDSA, JwsVerifier, PS256, PS384, PS512, RS256, RS384, RS512};

use super::ring::jose;
use crate::protocol::client_keys::ClientAlgorithm;
use crate::protocol::jwk::PublicKey;

/// Whether the owner of this key has signed the message, by this algorithm. By one with a shared secret nobody has.
pub fn client_signed(key: &PublicKey, algorithm: ClientAlgorithm, message: &[u8], signature: &[u8]) -> bool {
    let Ok(jwk) = jose(key) else { return false };
    let verifier = match algorithm {
        ClientAlgorithm::Rs256 => boxed(RS256.verifier_from_jwk(&jwk)),
        ClientAlgorithm::Rs384 => boxed(RS384.verifier_from_jwk(&jwk)),
        ClientAlgorithm::Rs512 => boxed(RS512.verifier_from_jwk(&jwk)),
        ClientAlgorithm::Ps256 => boxed(PS256.verifier_from_jwk(&jwk)),
        ClientAlgorithm::Ps384 => boxed(PS384.verifier_from_jwk(&jwk)),
        ClientAlgorithm::Ps512 => boxed(PS512.verifier_from_jwk(&jwk)),
        ClientAlgorithm::Es256 => boxed(ES256.verifier_from_jwk(&jwk)),
        ClientAlgorithm::Es384 => boxed(ES384.verifier_from_jwk(&jwk)),
        ClientAlgorithm::EdDsa => boxed(EdDSA.verifier_from_jwk(&jwk)),
        ClientAlgorithm::Hs256 => None,
    };
    verifier.is_some_and(|verifier| verifier.verify(message, signature).is_ok())
}

fn boxed<V: JwsVerifier + 'static>(verifier: Result<V, JoseError>) -> Option<Box<dyn JwsVerifier>> {
    verifier.ok().map(|verifier| Box::new(verifier) as Box<dyn JwsVerifier>)
}
