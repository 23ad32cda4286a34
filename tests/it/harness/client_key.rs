//! Keys of clients, and what clients sign with them to prove themselves (RFC 7523).

use countersign::secret::random_id;
use countersign::time::UnixTime;
use josekit::jwk::{Ed25519, Jwk};
use josekit::jws::{ES256, ES384, EdDSA, HS256, JwsSigner, PS256, PS384, PS512, RS256, RS384, RS512};
use serde_json::{Value, json};

use super::forge::Parts;
use super::{Answer, Node, World};

/// The one type of assertion (RFC 7523 §2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client signs with.
pub struct ClientKey {
    pub header: Value,
    /// As the client registers it; null for a secret.
    pub public: Value,
    /// As the client keeps it.
    pub private: Value,
    signer: Box<dyn JwsSigner>,
}

impl ClientKey {
    pub fn new(algorithm: &str, kid: &str) -> Self {
        let pair = match &algorithm[..2] {
            "ES" if algorithm == "ES384" => ES384.generate_key_pair().expect("a key").to_jwk_key_pair(),
            "ES" => ES256.generate_key_pair().expect("a key").to_jwk_key_pair(),
            "Ed" => EdDSA.generate_key_pair(Ed25519).expect("a key").to_jwk_key_pair(),
            _ => RS256.generate_key_pair(2048).expect("a key").to_jwk_key_pair(),
        };
        let mut private: Value = serde_json::from_str(&pair.to_string()).expect("JSON");
        let members = private.as_object_mut().expect("an object");
        members.remove("alg");
        let signer = signer(algorithm, &Jwk::from_bytes(Value::Object(members.clone()).to_string()).expect("a key"));
        members.insert("kid".to_owned(), kid.into());
        let whole = Value::Object(members.clone());
        for name in ["d", "p", "q", "dp", "dq", "qi", "key_ops"] {
            members.remove(name);
        }
        members.insert("use".to_owned(), "sig".into());
        Self { header: json!({"alg": algorithm, "kid": kid}), public: private, private: whole, signer }
    }

    /// The secret of a client, or anything else that somebody takes for one.
    pub fn of_secret(secret: impl AsRef<[u8]>) -> Self {
        let signer = Box::new(HS256.signer_from_bytes(secret).expect("long enough"));
        Self { header: json!({"alg": "HS256"}), public: Value::Null, private: Value::Null, signer }
    }

    pub fn set(keys: &[&Self]) -> Value {
        json!({"keys": keys.iter().map(|key| key.public.clone()).collect::<Vec<_>>()})
    }

    pub fn signs(&self, claims: &Value) -> String {
        self.signs_under(&self.header, claims)
    }

    /// With a header of the story's own.
    pub fn signs_under(&self, header: &Value, claims: &Value) -> String {
        let parts = Parts { header: header.clone(), claims: claims.clone(), signature: Vec::new() };
        parts.with_signature_of(&*self.signer).put_together()
    }

    /// A good assertion of a client.
    pub fn asserts(&self, world: &World, client_id: &str) -> String {
        self.signs(&assertion(world.issuer(), client_id, world.clock.now()))
    }
}

fn signer(algorithm: &str, key: &Jwk) -> Box<dyn JwsSigner> {
    match algorithm {
        "RS256" => Box::new(RS256.signer_from_jwk(key).expect("a key")),
        "RS384" => Box::new(RS384.signer_from_jwk(key).expect("a key")),
        "RS512" => Box::new(RS512.signer_from_jwk(key).expect("a key")),
        "PS256" => Box::new(PS256.signer_from_jwk(key).expect("a key")),
        "PS384" => Box::new(PS384.signer_from_jwk(key).expect("a key")),
        "PS512" => Box::new(PS512.signer_from_jwk(key).expect("a key")),
        "ES256" => Box::new(ES256.signer_from_jwk(key).expect("a key")),
        "ES384" => Box::new(ES384.signer_from_jwk(key).expect("a key")),
        "EdDSA" => Box::new(EdDSA.signer_from_jwk(key).expect("a key")),
        other => panic!("another algorithm: {other}"),
    }
}

/// What a good assertion says.
pub fn assertion(audience: &str, client_id: &str, now: UnixTime) -> Value {
    json!({
        "iss": client_id, "sub": client_id, "aud": audience, "iat": now, "exp": now.plus(60), "jti": random_id(),
    })
}

/// Sends an assertion to an endpoint, in the form that belongs there.
pub async fn asserted(node: &Node, path: &str, text: &str, form: &[(&str, &str)]) -> Answer {
    let proof = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", text)];
    let answer = node.post(path, &[&proof, form].concat()).await;
    answer.never_says(&[text]);
    answer
}
