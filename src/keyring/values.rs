//! Keys of this installation that sign nothing. They are random values of their own, sealed in the store and not derived
//! from the key-encryption key, so that replacing that one changes no hash and voids no cache.

use zeroize::Zeroizing;

use super::data::DataKey;
use super::seal::{KeyEncryptionKeys, value_purpose};
use super::{KeyringError, KeyringResult};
use crate::config;
use crate::secret::{self, MacKey};
use crate::store::Store;
use crate::store::sealed_values::SealedValue;
use crate::time::UnixTime;

pub struct Values {
    pub secret_hash: MacKey,
    pub cache: MacKey,
    pub data: DataKey,
    pub audit: MacKey,
    pub subject: MacKey,
}

impl Values {
    pub async fn read_or_make(
        store: &Store,
        encryption: &mut KeyEncryptionKeys,
        settings: &config::Keys,
        now: UnixTime,
    ) -> KeyringResult<Self> {
        let secret_hash = read_or_make("secret-hash-key", store, encryption, settings, now).await?;
        let cache = read_or_make("cache-mac-key", store, encryption, settings, now).await?;
        let data = read_or_make("data-key", store, encryption, settings, now).await?;
        let audit = read_or_make("audit-mac-key", store, encryption, settings, now).await?;
        let subject = read_or_make("subject-key", store, encryption, settings, now).await?;
        Ok(Self {
            secret_hash: MacKey::new(&secret_hash),
            cache: MacKey::new(&cache),
            data: DataKey::new(&data),
            audit: MacKey::new(&audit),
            subject: MacKey::new(&subject),
        })
    }
}

async fn read_or_make(
    name: &str,
    store: &Store,
    encryption: &mut KeyEncryptionKeys,
    settings: &config::Keys,
    now: UnixTime,
) -> KeyringResult<Zeroizing<[u8; 32]>> {
    let existing = store.sealed_values().await?.into_iter().find(|value| value.name == name);
    let value = match existing {
        Some(value) => value,
        None => {
            let fresh = Zeroizing::new(secret::random::<32>());
            let sealed = encryption.seal(&value_purpose(name), fresh.as_slice())?;
            // Another node may have been quicker: what is stored counts.
            store.sealed_value_or(SealedValue { name: name.to_owned(), sealed }, now).await?
        }
    };
    if !encryption.knows(&value.sealed) {
        // A node that started at the same moment has put its key-encryption key into the folder that both use.
        *encryption = KeyEncryptionKeys::load(settings)?;
    }
    let plain = encryption.open(&value_purpose(name), &value.sealed)?;
    plain
        .as_slice()
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| KeyringError::Failed(format!("the value {name} does not have 32 bytes")))
}
