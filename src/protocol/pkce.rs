//! Proof key for code exchange (RFC 7636 §4), by S256 only: who exchanges a code has asked for it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::error::{ErrorCode, Fault};
use super::params::Params;
use crate::secret::{CodeVerifier, Plain};

pub const METHOD: &str = "S256";

/// A SHA-256 in base64url.
const LENGTH: usize = 43;
const LONGEST_VERIFIER: usize = 128;

checked_text! {
    /// What a client says of its verifier when it asks for a code (§4.2).
    pub struct CodeChallenge(check);
}

fn check(text: &str) -> Result<(), Fault> {
    let is_hash = text.len() == LENGTH && BASE64URL.decode(text).is_ok();
    if is_hash { Ok(()) } else { Err(malformed("code_challenge is not a SHA-256 in base64url")) }
}

impl CodeChallenge {
    /// What a request says; one with another method than S256 is refused (§4.4.1). `None` when it says nothing at all.
    pub fn of(params: &Params) -> Result<Option<Self>, Fault> {
        if params.get("code_challenge").is_none() && params.get("code_challenge_method").is_none() {
            return Ok(None);
        }
        let challenge = params.required("code_challenge")?;
        if params.get("code_challenge_method") != Some(METHOD) {
            return Err(malformed("code_challenge_method is not S256"));
        }
        challenge.parse().map(Some)
    }

    /// §4.2: what belongs to a verifier.
    pub fn of_verifier(verifier: &Plain<CodeVerifier>) -> Self {
        Self(BASE64URL.encode(Sha256::digest(verifier.reveal().as_bytes())))
    }

    /// §4.6.
    pub fn is_met_by(&self, verifier: &Plain<CodeVerifier>) -> bool {
        let verifier = verifier.reveal().as_bytes();
        let is_unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        let is_verifier = (LENGTH..=LONGEST_VERIFIER).contains(&verifier.len()) && verifier.iter().all(is_unreserved);
        let hash = BASE64URL.encode(Sha256::digest(verifier));
        is_verifier && hash.as_bytes().ct_eq(self.as_str().as_bytes()).into()
    }
}

fn malformed(about: &'static str) -> Fault {
    Fault::new(ErrorCode::InvalidRequest, about)
}
