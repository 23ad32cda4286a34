//! Sealing: AES-256-GCM under a key-encryption key. A sealed value names the key that sealed it and is bound to its purpose,
//! so that it opens nowhere else. The first key seals, all open: that is how one is replaced while nodes run.

use std::fs;
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{KeyringError, KeyringResult};
use crate::config;
use crate::private_files;
use crate::secret;
use crate::store::sealed_values::SealedValue;
use crate::store::signing_keys::SigningKeyRow;
use crate::time::UnixTime;

/// How a key-encryption key's file ends. Their names begin with the time they were made: the newest seals.
const FILE_ENDING: &str = "kek";
const VERSION: &str = "v1";

pub struct KeyEncryptionKeys {
    keys: Vec<KeyEncryptionKey>,
}

struct KeyEncryptionKey {
    id: String,
    cipher: Aes256Gcm,
}

impl KeyEncryptionKey {
    fn new(key: &[u8; 32]) -> Self {
        let digest = Sha256::digest(key);
        Self { id: BASE64URL.encode(&digest[..9]), cipher: Aes256Gcm::new(key.into()) }
    }
}

impl KeyEncryptionKeys {
    /// From the settings; otherwise from the files in the keys' folder.
    pub fn load(settings: &config::Keys) -> KeyringResult<Self> {
        let keys = if settings.encryption_keys.is_empty() {
            files(&settings.directory)?.iter().map(|path| read_file(path)).collect::<KeyringResult<_>>()?
        } else {
            let decode = |key: &secret::Setting| {
                decode(key.reveal())
                    .ok_or_else(|| refused("a key-encryption key in the settings is not base64 of 32 bytes"))
            };
            settings.encryption_keys.iter().map(decode).collect::<KeyringResult<_>>()?
        };
        Ok(Self { keys })
    }

    /// As `load`; where there is none and nothing was ever sealed, one is made.
    pub fn load_or_make(settings: &config::Keys, nothing_sealed: bool, now: UnixTime) -> KeyringResult<Self> {
        let loaded = Self::load(settings)?;
        if !loaded.keys.is_empty() {
            return Ok(loaded);
        }
        if !nothing_sealed {
            return Err(refused(format!(
                "the database holds sealed keys, but {} holds no key-encryption key (*.{FILE_ENDING}) and \
                 COUNTERSIGN_KEYS__ENCRYPTION_KEYS is not set: give this node the key that the other nodes have",
                settings.directory.display()
            )));
        }
        make_file(&settings.directory, now)?;
        Self::load(settings)
    }

    /// Makes a new key in the folder and reads all of them again: the new one seals from now on, on every node that has its
    /// file.
    pub fn make_another(settings: &config::Keys, now: UnixTime) -> KeyringResult<Self> {
        if !settings.encryption_keys.is_empty() {
            return Err(refused(
                "the key-encryption keys are set by COUNTERSIGN_KEYS__ENCRYPTION_KEYS: put a new one first there",
            ));
        }
        // Names that were made here begin with a time; another one would sort before them all and go on sealing.
        let newest = files(&settings.directory)?.into_iter().next();
        if let Some(foreign) = newest.filter(|path| time_of(path).is_none()) {
            return Err(refused(format!(
                "{} does not begin with the time it was made, and would seal before a new key: give it such a name first \
                 (000000000000-NAME.{FILE_ENDING}), on every node",
                foreign.display()
            )));
        }
        make_file(&settings.directory, now)?;
        Self::load(settings)
    }

    /// Seals for one purpose, such as "signing key <kid>".
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> KeyringResult<String> {
        let key = self.keys.first().ok_or_else(|| refused("there is no key-encryption key"))?;
        let nonce = secret::random::<12>();
        let payload = Payload { msg: plain, aad: purpose.as_bytes() };
        let sealed = key
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| KeyringError::Failed("a value could not be sealed".to_owned()))?;
        Ok(format!("{VERSION}.{}.{}.{}", key.id, BASE64URL.encode(nonce), BASE64URL.encode(sealed)))
    }

    pub fn open(&self, purpose: &str, sealed: &str) -> KeyringResult<Zeroizing<Vec<u8>>> {
        let bad = || refused(format!("the sealed {purpose} has been changed, or belongs elsewhere"));
        let parts = Parts::of(sealed).ok_or_else(bad)?;
        let key = self.keys.iter().find(|key| key.id == parts.key).ok_or_else(|| {
            refused(format!(
                "the {purpose} is sealed under the key-encryption key {}, which this node does not have",
                parts.key
            ))
        })?;
        let nonce: [u8; 12] = BASE64URL.decode(parts.nonce).ok().and_then(|n| n.try_into().ok()).ok_or_else(bad)?;
        let sealed = BASE64URL.decode(parts.sealed).map_err(|_| bad())?;
        let payload = Payload { msg: &sealed, aad: purpose.as_bytes() };
        key.cipher.decrypt(&Nonce::from(nonce), payload).map(Zeroizing::new).map_err(|_| bad())
    }

    /// Whether this node has the key that sealed a value.
    pub fn knows(&self, sealed: &str) -> bool {
        Parts::of(sealed).is_some_and(|parts| self.keys.iter().any(|key| key.id == parts.key))
    }

    /// Whether a value is sealed under the key that seals now.
    pub fn is_current(&self, sealed: &str) -> bool {
        Parts::of(sealed).is_some_and(|parts| self.keys.first().is_some_and(|key| key.id == parts.key))
    }

    /// Opens everything that is stored, and lists whatever does not open.
    pub fn prove(&self, rows: &[SigningKeyRow], values: &[SealedValue]) -> KeyringResult<()> {
        let signing = rows.iter().filter_map(|row| Some((signing_key_purpose(&row.kid), row.sealed.as_deref()?)));
        let others = values.iter().map(|value| (value_purpose(&value.name), value.sealed.as_str()));
        let faults: Vec<String> = signing
            .chain(others)
            .filter_map(|(purpose, sealed)| self.open(&purpose, sealed).err())
            .map(|error| error.to_string())
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(refused(faults.join("; "))) }
    }
}

pub fn signing_key_purpose(kid: &str) -> String {
    format!("signing key {kid}")
}

pub fn value_purpose(name: &str) -> String {
    format!("value {name}")
}

struct Parts<'a> {
    key: &'a str,
    nonce: &'a str,
    sealed: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.split('.');
        if parts.next() != Some(VERSION) {
            return None;
        }
        let found = Self { key: parts.next()?, nonce: parts.next()?, sealed: parts.next()? };
        parts.next().is_none().then_some(found)
    }
}

/// Seals under a key that nobody stores: whoever has it opens it, and nobody else.
pub fn seal_under(key: &[u8; 32], purpose: &str, plain: &[u8]) -> KeyringResult<String> {
    let nonce = secret::random::<12>();
    let sealed = Aes256Gcm::new(key.into())
        .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: purpose.as_bytes() })
        .map_err(|_| KeyringError::Failed("a value could not be sealed".to_owned()))?;
    Ok(format!("{}.{}", BASE64URL.encode(nonce), BASE64URL.encode(sealed)))
}

pub fn open_under(key: &[u8; 32], purpose: &str, sealed: &str) -> KeyringResult<Zeroizing<Vec<u8>>> {
    let bad = || KeyringError::Failed(format!("the sealed {purpose} does not open"));
    let (nonce, sealed) = sealed.split_once('.').ok_or_else(bad)?;
    let nonce: [u8; 12] = BASE64URL.decode(nonce).ok().and_then(|nonce| nonce.try_into().ok()).ok_or_else(bad)?;
    let sealed = BASE64URL.decode(sealed).map_err(|_| bad())?;
    let payload = Payload { msg: &sealed, aad: purpose.as_bytes() };
    Aes256Gcm::new(key.into()).decrypt(&Nonce::from(nonce), payload).map(Zeroizing::new).map_err(|_| bad())
}

/// The key files of a folder, the newest first. A folder that is not there holds none.
fn files(folder: &Path) -> KeyringResult<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unusable(folder, &error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unusable(folder, &error))?.path();
        if path.extension().is_some_and(|ending| ending == FILE_ENDING) {
            found.push(path);
        }
    }
    found.sort();
    found.reverse();
    Ok(found)
}

fn read_file(path: &Path) -> KeyringResult<KeyEncryptionKey> {
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| unusable(path, &error))?);
    decode(text.trim()).ok_or_else(|| refused(format!("{} does not hold base64 of 32 bytes", path.display())))
}

fn decode(text: &str) -> Option<KeyEncryptionKey> {
    let bytes = Zeroizing::new(BASE64.decode(text).or_else(|_| BASE64URL.decode(text)).ok()?);
    let key: Zeroizing<[u8; 32]> = Zeroizing::new(bytes.as_slice().try_into().ok()?);
    Some(KeyEncryptionKey::new(&key))
}

fn make_file(folder: &Path, now: UnixTime) -> KeyringResult<()> {
    let key = Zeroizing::new(secret::random::<32>());
    let id = KeyEncryptionKey::new(&key).id;
    let path = folder.join(format!("{:012}-{id}.{FILE_ENDING}", time_of_next(folder, now)?));
    let text = Zeroizing::new(format!("{}\n", BASE64.encode(key.as_slice())));
    private_files::make_folder(folder).map_err(|error| unusable(folder, &error))?;
    // The embedded default's folder comes with the source, and is nobody else's; another one's mode is its owner's choice.
    if folder == config::Keys::default().directory {
        private_files::close_folder(folder).map_err(|error| unusable(folder, &error))?;
    }
    private_files::write_new(&path, text.as_bytes()).map_err(|error| unusable(&path, &error))
}

/// Now, or later than every key that is there: two may be made within a second, and clocks are set back.
fn time_of_next(folder: &Path, now: UnixTime) -> KeyringResult<i64> {
    let made = files(folder)?.first().and_then(|newest| time_of(newest));
    Ok(made.map_or(now.seconds(), |made| now.seconds().max(made.saturating_add(1))))
}

/// The time that a key file's name begins with.
fn time_of(path: &Path) -> Option<i64> {
    let (time, _) = path.file_name()?.to_str()?.split_once('-')?;
    (time.len() == 12 && time.bytes().all(|byte| byte.is_ascii_digit())).then(|| time.parse().ok())?
}

fn refused(why: impl Into<String>) -> KeyringError {
    KeyringError::Refused(why.into())
}

fn unusable(path: &Path, error: &std::io::Error) -> KeyringError {
    refused(format!("{}: {error}", path.display()))
}
