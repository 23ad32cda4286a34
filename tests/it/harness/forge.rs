//! Tokens taken apart and made up: by whoever knows a key, or knows none.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use josekit::jws::{JwsSigner, RS256};
use serde_json::Value;

use super::{SIGNING_KEY, secrets};

/// A token by its parts.
#[derive(Clone, Debug)]
pub struct Parts {
    pub header: Value,
    pub claims: Value,
    pub signature: Vec<u8>,
}

impl Parts {
    pub fn of(token: &str) -> Self {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else { panic!("three parts") };
        let decode = |part: &str| BASE64URL.decode(part).expect("base64url");
        let json = |part: &str| serde_json::from_slice(&decode(part)).expect("JSON");
        Self { header: json(header), claims: json(claims), signature: decode(signature) }
    }

    fn signing_input(&self) -> String {
        let encode = |part: &Value| BASE64URL.encode(part.to_string());
        format!("{}.{}", encode(&self.header), encode(&self.claims))
    }

    /// The token with whatever signature it has.
    pub fn put_together(&self) -> String {
        let token = self.public();
        secrets::note(&token);
        token
    }

    /// The same, of what is no token and may be read by everybody.
    pub fn public(&self) -> String {
        format!("{}.{}", self.signing_input(), BASE64URL.encode(&self.signature))
    }

    /// The token signed anew, with the key that signs in every world.
    pub fn signed(&self) -> String {
        self.resigned().put_together()
    }

    /// With a signature of the key that signs in every world.
    pub fn resigned(&self) -> Self {
        self.with_signature_of(&RS256.signer_from_pem(SIGNING_KEY).expect("a key"))
    }

    /// The token signed by a key that no server knows.
    pub fn signed_by_a_stranger(&self) -> String {
        let key = RS256.generate_key_pair(2048).expect("a key");
        let signer = RS256.signer_from_der(key.to_der_private_key()).expect("a key");
        self.with_signature_of(&signer).put_together()
    }

    /// With a signature of the story's own.
    pub fn with_signature_of(&self, signer: &dyn JwsSigner) -> Self {
        let signature = signer.sign(self.signing_input().as_bytes()).expect("a signature");
        Self { signature, ..self.clone() }
    }
}
