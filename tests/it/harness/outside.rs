//! Verifiers that nobody here wrote: the openidconnect crate, and the libraries of tests/verifiers.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{AccessToken, AccessTokenHash, ClientId, IssuerUrl, JsonWebKey, JsonWebKeySetUrl, Nonce};
use serde_json::Value;

use super::forge::Parts;
use super::{Node, given};

/// A service in Rust that has fetched the keys of a server.
pub struct Outside {
    keys: CoreJsonWebKeySet,
}

impl Outside {
    pub async fn fetch(node: &Node) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let url = JsonWebKeySetUrl::new(node.url("/.well-known/jwks.json")).expect("a URL");
        let keys = CoreJsonWebKeySet::fetch_async(&url, &http).await.expect("the key set");
        Self { keys }
    }

    /// Whether a published key verifies the token.
    pub fn verifies(&self, token: &str) -> bool {
        let (input, signature) = token.rsplit_once('.').expect("a token");
        let header = Parts::of(token).header;
        let algorithm = match header["alg"].as_str() {
            Some("RS256") => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            Some("ES256") => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            Some("EdDSA") => CoreJwsSigningAlgorithm::EdDsa,
            other => panic!("another algorithm: {other:?}"),
        };
        let signature = BASE64URL.decode(signature).expect("base64url");
        let key = self.keys.keys().iter().find(|key| key.key_id().is_some_and(|kid| header["kid"] == kid.as_str()));
        key.is_some_and(|key| key.verify_signature(&algorithm, input.as_bytes(), &signature).is_ok())
    }
}

impl Outside {
    /// Whether a client of this id takes the ID token for what it is, and for one that came with the access token.
    pub fn takes_id_token(&self, issuer: &str, client_id: &str, id_token: &str, access_token: &str) -> bool {
        let issuer = IssuerUrl::new(issuer.to_owned()).expect("a URL");
        let client_id = ClientId::new(client_id.to_owned());
        let verifier = CoreIdTokenVerifier::new_public_client(client_id, issuer, self.keys.clone()).allow_any_alg();
        let Ok(token) = id_token.parse::<CoreIdToken>() else { return false };
        let Ok(claims) = token.claims(&verifier, |_: Option<&Nonce>| Ok(())) else { return false };
        let (algorithm, key) = (token.signing_alg().expect("one"), token.signing_key(&verifier).expect("one"));
        let of_token = AccessTokenHash::from_token(&AccessToken::new(access_token.to_owned()), algorithm, key);
        claims.access_token_hash() == Some(&of_token.expect("a hash"))
    }
}

/// The claims, or why the library refuses.
pub async fn verify_in_python(issuer: &str, audience: &str, token: &str) -> Result<Value, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verifiers/python/verify.py");
    run(Command::new(given("COUNTERSIGN_TEST_PYTHON")).arg(script).args([issuer, audience, token])).await
}

/// The claims, or why the library refuses.
pub async fn verify_in_javascript(issuer: &str, audience: &str, token: &str) -> Result<Value, String> {
    let script = Path::new(&given("COUNTERSIGN_TEST_NODE_VERIFIER_DIR")).join("verify.mjs");
    run(Command::new("node").arg(script).args([issuer, audience, token])).await
}

async fn run(command: &mut Command) -> Result<Value, String> {
    let mut child = command
        .env("NO_PROXY", "localhost")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the verifier starts");
    super::within(Duration::from_secs(60), "the verifier ends", async || child.try_wait().expect("a child").is_some())
        .await;
    let Output { status, stdout, stderr } = child.wait_with_output().expect("its output");
    if status.success() {
        Ok(serde_json::from_slice(&stdout).expect("claims"))
    } else {
        Err(String::from_utf8_lossy(&stderr).into_owned())
    }
}
