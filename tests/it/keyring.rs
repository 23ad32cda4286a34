//! The keyring: how keys are made, sealed, brought along, published, replaced and withdrawn.

mod bootstrap;
mod encryption;
mod import;
mod reseal;
mod rotation;
mod signing;

use std::fs;
use std::path::{Path, PathBuf};

use countersign::config::{self, Config};
use countersign::keyring::{Keyring, KeyringResult, TokenType};
use countersign::protocol::jwk::{Algorithm, JwkSet};
use countersign::protocol::jws::Compact;
use countersign::store::Store;
use countersign::time::UnixTime;
use serde_json::json;

use crate::contract::NOW;
use crate::contract::database::Fresh;

pub const DAY: i64 = 86_400;

/// How long a next key is published before it signs, by default.
pub const RIPE: i64 = 360;

/// The settings of a node with its keys beside the database. Elliptic keys, where a test does not care: they are quick.
fn settings(fresh: &Fresh) -> config::Keys {
    let mut settings = Config::default().keys;
    settings.directory = fresh.folder().join("keys");
    settings.algorithms = vec![Algorithm::Es256];
    settings
}

/// A store and a keyring on it.
async fn opened(fresh: &Fresh) -> (Store, Keyring) {
    let store = fresh.store().await;
    let keyring = Keyring::open(&store, &settings(fresh), NOW).await.unwrap();
    (store, keyring)
}

/// The sentence with which a start, or a command, is refused.
fn refusal<T>(result: KeyringResult<T>) -> String {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(countersign::keyring::KeyringError::Refused(why)) => why,
        Err(error) => panic!("broken, not refused: {error}"),
    }
}

/// The files that hold key-encryption keys, the oldest first.
fn encryption_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Every signing key as "algorithm phase", sorted.
async fn standing(keyring: &Keyring) -> Vec<String> {
    let keys = keyring.list().await.unwrap();
    let mut standing: Vec<_> = keys.iter().map(|key| format!("{} {}", key.algorithm, key.phase)).collect();
    standing.sort();
    standing
}

/// The one key in a phase.
async fn kid(keyring: &Keyring, phase: &str) -> String {
    let keys = keyring.list().await.unwrap();
    let kids: Vec<_> = keys.into_iter().filter(|key| key.phase == phase).map(|key| key.kid).collect();
    let [kid] = kids.as_slice() else { panic!("{} keys are {phase}", kids.len()) };
    kid.clone()
}

/// The names of the keys that this node publishes.
fn published(keyring: &Keyring) -> Vec<String> {
    let ring = keyring.ring();
    let set: JwkSet = serde_json::from_slice(&ring.published().body).unwrap();
    set.keys.into_iter().map(|key| key.kid).collect()
}

async fn signed(keyring: &Keyring, algorithm: Algorithm, expires: UnixTime) -> KeyringResult<String> {
    keyring.sign(algorithm, TokenType::AccessToken, &json!({"sub": "somebody"}), expires).await
}

/// Whether a node takes the token for one of its own installation's.
async fn verifies(keyring: &Keyring, token: &str) -> bool {
    let compact = Compact::parse(token).unwrap();
    let kid = compact.header().kid.clone().unwrap();
    let Some(verifier) = keyring.verifier(&kid).await.unwrap() else { return false };
    assert_eq!(verifier.algorithm().as_str(), compact.header().alg);
    verifier.verifies(compact.signing_input().as_bytes(), compact.signature())
}

/// The key that signed a token.
fn signer(token: &str) -> String {
    Compact::parse(token).unwrap().header().kid.clone().unwrap()
}
