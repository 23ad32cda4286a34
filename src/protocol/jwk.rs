//! Public keys as JSON (RFC 7517 §4 and §5, RFC 7518 §6, RFC 8037 §2) and their thumbprints (RFC 7638 §3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

names! {
    /// The signature algorithms of this server (RFC 7518 §3.1, RFC 8037 §3.1).
    pub enum Algorithm {
        Rs256 = "RS256",
        Es256 = "ES256",
        EdDsa = "EdDSA",
    }
}

names! {
    /// What a key is for (RFC 7517 §4.2). The keys of this server sign.
    pub enum KeyUse {
        Sig = "sig",
    }
}

/// A public key; the members are base64url as the RFCs write them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kty")]
pub enum PublicKey {
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    #[serde(rename = "EC")]
    Ec { crv: String, x: String, y: String },
    #[serde(rename = "OKP")]
    Okp { crv: String, x: String },
}

impl PublicKey {
    /// The name of the key that anyone can compute: SHA-256 over the required members in the order of their names.
    pub fn thumbprint(&self) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        let canonical = match self {
            Self::Rsa { n, e } => format!(r#"{{"e":{},"kty":"RSA","n":{}}}"#, quoted(e), quoted(n)),
            Self::Ec { crv, x, y } => {
                format!(r#"{{"crv":{},"kty":"EC","x":{},"y":{}}}"#, quoted(crv), quoted(x), quoted(y))
            }
            Self::Okp { crv, x } => format!(r#"{{"crv":{},"kty":"OKP","x":{}}}"#, quoted(crv), quoted(x)),
        };
        BASE64URL.encode(Sha256::digest(canonical))
    }

    /// Whether the key is well formed and can be used with the algorithm.
    pub fn fits(&self, alg: Algorithm) -> bool {
        match (self, alg) {
            (Self::Rsa { n, e }, Algorithm::Rs256) => {
                length(n).is_some_and(|n| (256..=2048).contains(&n)) && length(e).is_some_and(|e| (1..=8).contains(&e))
            }
            (Self::Ec { crv, x, y }, Algorithm::Es256) => {
                crv == "P-256" && length(x) == Some(32) && length(y) == Some(32)
            }
            (Self::Okp { crv, x }, Algorithm::EdDsa) => crv == "Ed25519" && length(x) == Some(32),
            _ => false,
        }
    }
}

/// How many bytes a base64url member holds.
fn length(text: &str) -> Option<usize> {
    BASE64URL.decode(text).ok().map(|bytes| bytes.len())
}

/// A key as the JWKS lists it. Only public members exist in the type, so no private one can be printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedJwk")]
pub struct Jwk {
    #[serde(flatten)]
    pub key: PublicKey,
    pub kid: String,
    pub alg: Algorithm,
    #[serde(rename = "use")]
    pub key_use: KeyUse,
}

impl Jwk {
    /// A signing key, named by its thumbprint.
    pub fn signing(key: PublicKey, alg: Algorithm) -> Self {
        Self { kid: key.thumbprint(), key, alg, key_use: KeyUse::Sig }
    }
}

#[derive(Deserialize)]
struct UncheckedJwk {
    #[serde(flatten)]
    key: PublicKey,
    kid: String,
    alg: Algorithm,
    #[serde(rename = "use")]
    key_use: KeyUse,
}

impl TryFrom<UncheckedJwk> for Jwk {
    type Error = &'static str;

    fn try_from(jwk: UncheckedJwk) -> Result<Self, Self::Error> {
        let UncheckedJwk { key, kid, alg, key_use } = jwk;
        if key.fits(alg) { Ok(Self { key, kid, alg, key_use }) } else { Err("the key does not fit its algorithm") }
    }
}

/// Keys that verify (§5). Those of other kinds are left out when a set is read, as §5 says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    #[serde(deserialize_with = "usable_keys")]
    pub keys: Vec<Jwk>,
}

fn usable_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Jwk>, D::Error> {
    let keys = Vec::<Value>::deserialize(deserializer)?;
    Ok(keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
}
