//! Keys of clients (RFC 7517 §4 and §5, RFC 7518 §3.1 and §6, RFC 8037 §2): what they sign with to prove themselves.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::jwk::PublicKey;

/// More keys of one client than are ever tried on one signature.
const MOST_TRIED: usize = 4;
/// Members of keys that nobody but their owner should have (RFC 7518 §6.2.2, §6.3.2 and §6.4.1).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/// In bytes: 2048 bits, and as many as can be verified without a thought of what it costs.
const RSA_MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;
const RSA_LONGEST_EXPONENT: usize = 4;

names! {
    /// By which algorithms clients may sign.
    pub enum ClientAlgorithm {
        Rs256 = "RS256",
        Rs384 = "RS384",
        Rs512 = "RS512",
        Ps256 = "PS256",
        Ps384 = "PS384",
        Ps512 = "PS512",
        Es256 = "ES256",
        Es384 = "ES384",
        EdDsa = "EdDSA",
        /// With a secret that both sides know, and so never with a key.
        Hs256 = "HS256",
    }
}

impl ClientAlgorithm {
    /// Whether both sides have the same key.
    pub const fn is_with_secret(self) -> bool {
        matches!(self, Self::Hs256)
    }
}

/// A public key that signs, and is good enough for that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientKey {
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    /// The only algorithm that it is for, if it says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<ClientAlgorithm>,
    #[serde(flatten)]
    key: PublicKey,
}

impl ClientKey {
    /// `None` for what is none of these keys: of another kind, for another use. What would be one and is not good is a fault.
    fn read(json: &Value) -> Result<Option<Self>, &'static str> {
        if is_private(json) {
            return Err("has a private key in it");
        }
        let text = |name: &str| json.get(name).and_then(Value::as_str);
        let signs = text("use").is_none_or(|purpose| purpose == "sig")
            && json.get("key_ops").and_then(Value::as_array).is_none_or(|all| all.iter().any(|each| each == "verify"));
        let is_known = match text("kty") {
            Some("RSA") => true,
            Some("EC") => matches!(text("crv"), Some("P-256" | "P-384")),
            Some("OKP") => text("crv") == Some("Ed25519"),
            _ => false,
        };
        let alg = text("alg").map(str::parse::<ClientAlgorithm>);
        if !signs || !is_known || matches!(alg, Some(Err(_))) {
            return Ok(None);
        }
        let key: PublicKey = serde_json::from_value(json.clone()).map_err(|_| "has a key that lacks a member")?;
        if !is_good(&key) {
            return Err("has a key that is too short, too long, or not written as RFC 7518 says");
        }
        let alg = alg.and_then(Result::ok);
        if alg.is_some_and(|alg| !fits(&key, alg)) {
            return Err("has a key that does not fit its algorithm");
        }
        Ok(Some(Self { kid: text("kid").map(str::to_owned), alg, key }))
    }

    fn signs_by(&self, algorithm: ClientAlgorithm) -> bool {
        self.alg.is_none_or(|own| own == algorithm) && fits(&self.key, algorithm)
    }
}

/// Whether a key in JSON has what only its owner should have.
pub fn is_private(key: &Value) -> bool {
    PRIVATE.iter().any(|name| key.get(name).is_some())
}

/// The keys of one client by which it may prove itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientKeys(Vec<ClientKey>);

impl ClientKeys {
    /// Out of a JWK Set that is registered: a key that could be used if it were better is told of.
    pub fn registered(set: &Value) -> Result<Self, &'static str> {
        let mut keys = Vec::new();
        for key in listed(set) {
            keys.extend(ClientKey::read(key)?);
        }
        Ok(Self(keys))
    }

    /// Out of a JWK Set as it is found: what is not good is left out.
    pub fn found(set: &Value) -> Self {
        Self(listed(set).filter_map(|key| ClientKey::read(key).ok().flatten()).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them signs so.
    pub fn sign_by(&self, algorithm: ClientAlgorithm) -> bool {
        self.0.iter().any(|key| key.signs_by(algorithm))
    }

    /// Those that may have made a signature: by the name of the key, where both sides say one.
    pub fn candidates(&self, algorithm: ClientAlgorithm, kid: Option<&str>) -> impl Iterator<Item = &PublicKey> {
        let is_meant = move |key: &&ClientKey| match (kid, key.kid.as_deref()) {
            (Some(meant), Some(own)) => meant == own,
            _ => true,
        };
        self.0.iter().filter(is_meant).filter(move |key| key.signs_by(algorithm)).map(|key| &key.key).take(MOST_TRIED)
    }
}

fn listed(set: &Value) -> impl Iterator<Item = &Value> {
    set.get("keys").and_then(Value::as_array).into_iter().flatten()
}

fn is_good(key: &PublicKey) -> bool {
    let bytes = |text: &str| BASE64URL.decode(text).unwrap_or_default();
    match key {
        PublicKey::Rsa { n, e } => {
            let (n, e) = (bytes(n), bytes(e));
            // A zero in front would make a number look longer than it is (§2 of RFC 7518 forbids it).
            let begins = |number: &[u8]| number.first().is_some_and(|first| *first != 0);
            let is_odd = e.last().is_some_and(|last| last % 2 == 1) && e != [1];
            RSA_MODULUS.contains(&n.len()) && begins(&n) && e.len() <= RSA_LONGEST_EXPONENT && begins(&e) && is_odd
        }
        PublicKey::Ec { crv, x, y } => {
            let length = if crv == "P-256" { 32 } else { 48 };
            bytes(x).len() == length && bytes(y).len() == length
        }
        PublicKey::Okp { x, .. } => bytes(x).len() == 32,
    }
}

fn fits(key: &PublicKey, algorithm: ClientAlgorithm) -> bool {
    use ClientAlgorithm::{EdDsa, Es256, Es384, Hs256, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    match (key, algorithm) {
        (_, Hs256) => false,
        (PublicKey::Rsa { .. }, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512) | (PublicKey::Okp { .. }, EdDsa) => true,
        (PublicKey::Ec { crv, .. }, Es256) => crv == "P-256",
        (PublicKey::Ec { crv, .. }, Es384) => crv == "P-384",
        _ => false,
    }
}
