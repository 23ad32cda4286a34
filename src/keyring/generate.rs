//! New keys, and what can be said of them in public. A private key is PKCS#8 DER from here on.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::ed::{EdCurve, EdKeyPair};
use josekit::jwk::{Jwk as JoseJwk, KeyPair};
use rsa::RsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey;
use rsa::traits::PublicKeyParts;
use zeroize::Zeroizing;

use super::{KeyringError, KeyringResult};
use crate::protocol::jwk::{Algorithm, PublicKey};

/// A key that is not in the store yet.
pub struct NewKey {
    pub algorithm: Algorithm,
    pub public: PublicKey,
    pub private_der: Zeroizing<Vec<u8>>,
}

impl NewKey {
    /// RFC 7638: the key's name follows from the key.
    pub fn kid(&self) -> String {
        self.public.thumbprint()
    }

    /// Takes from a tenth of a second up to seconds for the longer RSA keys, so it runs beside the workers.
    pub async fn generate(algorithm: Algorithm, rsa_bits: usize) -> KeyringResult<Self> {
        tokio::task::spawn_blocking(move || match algorithm {
            Algorithm::Rs256 => generate_rsa(rsa_bits),
            Algorithm::Es256 => generate_ec(),
            Algorithm::EdDsa => generate_ed(),
        })
        .await
        .map_err(|error| KeyringError::Failed(error.to_string()))?
    }

    pub fn from_rsa(key: &RsaPrivateKey) -> KeyringResult<Self> {
        let der = key.to_pkcs8_der().map_err(failed)?;
        let public =
            PublicKey::Rsa { n: BASE64URL.encode(key.n().to_bytes_be()), e: BASE64URL.encode(key.e().to_bytes_be()) };
        Ok(Self { algorithm: Algorithm::Rs256, public, private_der: der.to_bytes() })
    }
}

/// The rsa crate draws from the operating system itself; it wants the trait of an older rand_core.
fn generate_rsa(bits: usize) -> KeyringResult<NewKey> {
    let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits).map_err(failed)?;
    NewKey::from_rsa(&key)
}

fn generate_ec() -> KeyringResult<NewKey> {
    let pair = EcKeyPair::generate(EcCurve::P256).map_err(failed)?;
    let jwk = pair.to_jwk_public_key();
    let public = PublicKey::Ec { crv: text(&jwk, "crv")?, x: text(&jwk, "x")?, y: text(&jwk, "y")? };
    Ok(NewKey { algorithm: Algorithm::Es256, public, private_der: Zeroizing::new(pair.to_der_private_key()) })
}

fn generate_ed() -> KeyringResult<NewKey> {
    let pair = EdKeyPair::generate(EdCurve::Ed25519).map_err(failed)?;
    let jwk = pair.to_jwk_public_key();
    let public = PublicKey::Okp { crv: text(&jwk, "crv")?, x: text(&jwk, "x")? };
    Ok(NewKey { algorithm: Algorithm::EdDsa, public, private_der: Zeroizing::new(pair.to_der_private_key()) })
}

fn text(jwk: &JoseJwk, member: &str) -> KeyringResult<String> {
    jwk.parameter(member)
        .and_then(|value| value.as_str())
        .map(str::to_owned)
        .ok_or_else(|| KeyringError::Failed(format!("the new key has no {member}")))
}

fn failed(error: impl std::fmt::Display) -> KeyringError {
    KeyringError::Failed(error.to_string())
}
