//! The keyring: keys that sign what others verify. This folder is the only one that names josekit and rsa: josekit (OpenSSL)
//! signs and verifies, rsa makes keys and reads their public numbers.
//!
//! A key is *next* (published, so that verifiers know it before it signs), *active* (signs), *retiring* (still published:
//! tokens that it signed live), *retired* (forgotten by all), or *withdrawn* (in an emergency: all that it signed is void here).
//! Private halves are sealed before they reach the store, so every node has them and a copy of the database has not.

mod attest;
mod change;
mod clients;
mod data;
mod generate;
mod import;
mod publish;
mod ring;
mod rotate;
mod seal;
mod sign;
mod values;

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::config;
use crate::protocol::jwk::Algorithm;
use crate::secret::MacKey;
use crate::store::signing_keys::SigningKeyRow;
use crate::store::{Store, StoreError};
use crate::time::UnixTime;

pub use attest::{Attestation, Attested, Witness};
pub use change::{KeyChange, Recorder};
pub use clients::client_signed;
pub use import::Imported;
pub use publish::Published;
pub use ring::{KeySummary, Ring, Verifier};
pub use rotate::Rotated;
pub use seal::{KeyEncryptionKeys, open_under, seal_under};
pub use sign::TokenType;

#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It must not be done; the sentence says why and what to do.
    #[error("{0}")]
    Refused(String),
    /// No key of this algorithm is active.
    #[error("no {0} key can sign")]
    NoSigner(Algorithm),
    /// OpenSSL or the rsa crate could not do its part.
    #[error("a key operation failed: {0}")]
    Failed(String),
}

pub type KeyringResult<T> = Result<T, KeyringError>;

/// A handle to the keys; clones share them.
#[derive(Clone)]
pub struct Keyring {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    settings: config::Keys,
    encryption: ArcSwap<KeyEncryptionKeys>,
    ring: ArcSwap<Ring>,
    values: values::Values,
    /// One request at a time asks the store for a longer promise; the others wait for its answer.
    promising: tokio::sync::Mutex<sign::Promising>,
    refreshing: tokio::sync::Mutex<()>,
}

impl Keyring {
    /// Proves that the key-encryption keys open all that is stored, makes what is missing, imports what the settings name.
    pub async fn open(store: &Store, settings: &config::Keys, now: UnixTime) -> KeyringResult<Self> {
        let rows = store.signing_keys().await?;
        let stored_values = store.sealed_values().await?;
        let nothing_sealed = rows.iter().all(|row| row.sealed.is_none()) && stored_values.is_empty();
        let mut encryption = KeyEncryptionKeys::load_or_make(settings, nothing_sealed, now)?;
        encryption.prove(&rows, &stored_values)?;

        let values = values::Values::read_or_make(store, &mut encryption, settings, now).await?;
        let keyring = Self {
            inner: Arc::new(Inner {
                store: store.clone(),
                settings: settings.clone(),
                encryption: ArcSwap::from_pointee(encryption),
                ring: ArcSwap::from_pointee(Ring::default()),
                values,
                promising: tokio::sync::Mutex::default(),
                refreshing: tokio::sync::Mutex::default(),
            }),
        };
        // On a new installation a key signs at once: nobody has fetched the key set yet.
        let is_new = rows.iter().all(|row| row.activated_at.is_none());
        keyring.import_configured(&rows, now).await?;
        keyring.ensure_keys(is_new, now).await?;
        keyring.refresh().await?;
        Ok(keyring)
    }

    /// Reads the keys again: another node, or a command, has changed them. One at a time, because whoever read earlier must
    /// not have the last word.
    pub async fn refresh(&self) -> KeyringResult<()> {
        let _one_at_a_time = self.inner.refreshing.lock().await;
        let rows = self.inner.store.signing_keys().await?;
        if rows.iter().filter_map(|row| row.sealed.as_deref()).any(|sealed| !self.inner.encryption.load().knows(sealed))
        {
            self.reload_encryption_keys()?;
        }
        let before = self.inner.ring.load_full();
        let ring = Ring::build(rows, &before, &self.inner.encryption.load(), &self.inner.settings)?;
        self.inner.ring.store(Arc::new(ring));
        Ok(())
    }

    /// A key-encryption key was put in the folder while this node ran.
    fn reload_encryption_keys(&self) -> KeyringResult<()> {
        self.inner.encryption.store(Arc::new(KeyEncryptionKeys::load(&self.inner.settings)?));
        Ok(())
    }

    /// The keys as they stand.
    pub fn ring(&self) -> arc_swap::Guard<Arc<Ring>> {
        self.inner.ring.load()
    }

    /// The key under which client secrets are hashed.
    pub fn secret_hash_key(&self) -> &MacKey {
        &self.inner.values.secret_hash
    }

    /// The key by which a cached value is known to be ours.
    pub fn cache_key(&self) -> &MacKey {
        &self.inner.values.cache
    }

    /// The key under which users get the names that clients of one sector know them by.
    pub fn subject_key(&self) -> &MacKey {
        &self.inner.values.subject
    }

    /// The algorithm that signs where a client did not choose one: the first of the settings that has an active key.
    pub fn default_algorithm(&self) -> Algorithm {
        let ring = self.inner.ring.load();
        let settings = &self.inner.settings.algorithms;
        settings.iter().copied().find(|algorithm| ring.can_sign(*algorithm)).unwrap_or(Algorithm::Rs256)
    }

    /// All keys that ever were, for people.
    pub async fn list(&self) -> KeyringResult<Vec<KeySummary>> {
        Ok(self.inner.store.signing_keys().await?.iter().map(KeySummary::of).collect())
    }

    async fn rows(&self) -> KeyringResult<Vec<SigningKeyRow>> {
        Ok(self.inner.store.signing_keys().await?)
    }

    /// The verifier of a key that may have signed live tokens. A key that this node does not know yet may have been made
    /// by another one a moment ago, so the store is asked before the answer is no.
    pub async fn verifier(&self, kid: &str) -> KeyringResult<Option<Arc<Verifier>>> {
        if let Some(verifier) = self.inner.ring.load().verifier(kid) {
            return Ok(Some(verifier));
        }
        if !is_thumbprint(kid) || !self.inner.store.signs_or_signed(kid).await? {
            return Ok(None);
        }
        self.refresh().await?;
        Ok(self.inner.ring.load().verifier(kid))
    }

    /// The same, also for a key that has retired since: what it signed has expired and opens nothing, and was still signed
    /// here. Not for one that was withdrawn, because anybody may have it.
    pub async fn verifier_of_the_past(&self, kid: &str) -> KeyringResult<Option<Arc<Verifier>>> {
        if let Some(verifier) = self.verifier(kid).await? {
            return Ok(Some(verifier));
        }
        if !is_thumbprint(kid) {
            return Ok(None);
        }
        let rows = self.inner.store.signing_keys().await?;
        let Some(row) = rows.into_iter().find(|row| row.kid == kid && row.phase == "retired") else { return Ok(None) };
        let jwk = serde_json::from_str(&row.public_jwk)
            .map_err(|error| KeyringError::Failed(format!("the public key {kid}: {error}")))?;
        Ok(Some(ring::verifier(&jwk, &Ring::default())?))
    }
}

/// A name that no key here can have is not worth a question.
fn is_thumbprint(kid: &str) -> bool {
    kid.len() == 43 && kid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Looks at the stored keys without changing anything: whether all of them open, and what they are.
pub async fn examine(store: &Store, settings: &config::Keys) -> KeyringResult<Vec<KeySummary>> {
    let rows = store.signing_keys().await?;
    KeyEncryptionKeys::load(settings)?.prove(&rows, &store.sealed_values().await?)?;
    Ok(rows.iter().map(KeySummary::of).collect())
}
