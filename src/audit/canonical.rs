//! Fields as a hash takes them in: each behind its length, so that no two rows read the same.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use sha2::{Digest, Sha256};

pub struct Canonical(Sha256);

impl Canonical {
    /// `purpose` keeps apart what is hashed for different ends.
    pub fn new(purpose: &str) -> Self {
        let mut canonical = Self(Sha256::new());
        canonical.text(purpose);
        canonical
    }

    pub fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
    }

    pub fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    /// What is absent differs from what is empty.
    pub fn maybe(&mut self, text: Option<&str>) {
        self.0.update([u8::from(text.is_some())]);
        if let Some(text) = text {
            self.text(text);
        }
    }

    /// In base64url, as columns hold hashes.
    pub fn finish(self) -> String {
        BASE64URL.encode(self.0.finalize())
    }
}
