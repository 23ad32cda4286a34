//! Signatures that were verified already. A signature stays what it is; whether the token is alive is asked every time.

use std::sync::Arc;

use quick_cache::sync::Cache as Bounded;
use sha2::{Digest, Sha256};

use crate::protocol::access_token::AccessToken;

/// How many tokens are remembered; an ordinary one takes about half a kilobyte.
const KEPT: usize = 16_384;
/// A longer one is verified each time: a few clients with long ones must not fill the memory.
const LONGEST: usize = 2048;

/// An access token whose signature is right.
#[derive(Debug)]
pub struct Verified {
    pub kid: String,
    pub claims: AccessToken,
}

/// By digest: two tokens with one digest would be a broken SHA-256.
#[derive(Clone)]
pub struct Remembered(Arc<Bounded<[u8; 32], Arc<Verified>>>);

impl Default for Remembered {
    fn default() -> Self {
        Self(Arc::new(Bounded::new(KEPT)))
    }
}

impl Remembered {
    pub fn digest(token: &str) -> [u8; 32] {
        Sha256::digest(token.as_bytes()).into()
    }

    pub fn get(&self, digest: &[u8; 32]) -> Option<Arc<Verified>> {
        self.0.get(digest)
    }

    pub fn put(&self, token: &str, digest: [u8; 32], verified: Arc<Verified>) {
        if token.len() <= LONGEST {
            self.0.insert(digest, verified);
        }
    }
}
