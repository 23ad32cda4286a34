//! Sealing of rows: AES-256-GCM under a key of this installation that is a value of its own, so that replacing the
//! key-encryption key leaves the rows as they are. What is sealed is bound to its purpose and opens nowhere else.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use zeroize::Zeroizing;

use super::{Keyring, KeyringError, KeyringResult};
use crate::secret;

const VERSION: &str = "d1";
const NONCE: usize = 12;

pub struct DataKey(Aes256Gcm);

impl DataKey {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    fn seal(&self, purpose: &str, plain: &[u8]) -> KeyringResult<String> {
        let nonce = secret::random::<NONCE>();
        let payload = Payload { msg: plain, aad: purpose.as_bytes() };
        let sealed = self
            .0
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| KeyringError::Failed("a value could not be sealed".to_owned()))?;
        Ok(format!("{VERSION}.{}.{}", BASE64URL.encode(nonce), BASE64URL.encode(sealed)))
    }

    fn open(&self, purpose: &str, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.strip_prefix(VERSION)?.strip_prefix('.')?.split_once('.')?;
        let nonce: [u8; NONCE] = BASE64URL.decode(nonce).ok()?.try_into().ok()?;
        let sealed = BASE64URL.decode(sealed).ok()?;
        let payload = Payload { msg: &sealed, aad: purpose.as_bytes() };
        self.0.decrypt(&Nonce::from(nonce), payload).map(Zeroizing::new).ok()
    }
}

impl Keyring {
    /// Seals for one purpose, such as "outbox <id of the row>".
    pub fn seal_for(&self, purpose: &str, plain: &[u8]) -> KeyringResult<String> {
        self.inner.values.data.seal(purpose, plain)
    }

    /// What was sealed for this purpose here; anything else is refused.
    pub fn open_for(&self, purpose: &str, sealed: &str) -> KeyringResult<Zeroizing<Vec<u8>>> {
        self.inner.values.data.open(purpose, sealed).ok_or_else(|| {
            KeyringError::Refused(format!("what is sealed for {purpose} has been changed, or belongs elsewhere"))
        })
    }
}
