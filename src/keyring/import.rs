//! RSA keys that the operator brings, by setting or by command. One is imported once, by its thumbprint.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use zeroize::Zeroizing;

use super::change::{KeyChange, Recorder};
use super::generate::NewKey;
use super::{Keyring, KeyringError, KeyringResult};
use crate::store::signing_keys::{SigningKeyRow, Step};
use crate::time::UnixTime;

const FEWEST_BITS: usize = 2048;
const MOST_BITS: usize = 8192;

/// What became of a key that was to be imported.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Imported {
    pub kid: String,
    pub phase: String,
    /// `false` when the key was there already.
    pub imported: bool,
}

impl Keyring {
    /// The key of RSA_PRIVATE_KEY_PATH or RSA_PRIVATE_KEY_CONTENT, if there is one.
    pub(super) async fn import_configured(&self, rows: &[SigningKeyRow], now: UnixTime) -> KeyringResult<()> {
        let settings = &self.inner.settings;
        let mut keys = Vec::new();
        if let Some(path) = &settings.rsa_private_key_path {
            let pem = fs::read_to_string(path)
                .map_err(|error| KeyringError::Refused(format!("RSA_PRIVATE_KEY_PATH: {}: {error}", path.display())))?;
            keys.push(read_rsa("RSA_PRIVATE_KEY_PATH", &Zeroizing::new(pem))?);
        }
        if let Some(content) = &settings.rsa_private_key_content {
            keys.push(read_rsa("RSA_PRIVATE_KEY_CONTENT", content.reveal())?);
        }
        if let [one, other] = keys.as_slice()
            && one.kid() != other.kid()
        {
            return Err(KeyringError::Refused(
                "RSA_PRIVATE_KEY_PATH and RSA_PRIVATE_KEY_CONTENT are two different keys: set one of them".to_owned(),
            ));
        }
        match keys.first() {
            Some(key) if !rows.iter().any(|row| row.kid == key.kid()) => {
                self.import_key(key, now, &|change| change.by_system(now)).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Imports a PEM (PKCS#8 or PKCS#1, or base64 of it) on an operator's word.
    pub async fn import(&self, pem: &str, now: UnixTime, recorder: Recorder<'_>) -> KeyringResult<Imported> {
        let key = read_rsa("the key", pem)?;
        let kid = key.kid();
        if let Some(row) = self.rows().await?.into_iter().find(|row| row.kid == kid) {
            return Ok(Imported { kid, phase: row.phase, imported: false });
        }
        let phase = self.import_key(&key, now, recorder).await?;
        self.refresh().await?;
        Ok(Imported { kid, phase, imported: true })
    }

    /// Active where no key is; otherwise it takes the place of the next key, and waits like any other.
    async fn import_key(&self, key: &NewKey, now: UnixTime, recorder: Recorder<'_>) -> KeyringResult<String> {
        let rows = self.rows().await?;
        let store = &self.inner.store;
        let recorded = || recorder(&KeyChange::Imported { kid: key.kid() });
        if rows.is_empty()
            && store.add_signing_key(self.row_for(key, "active", "imported", now)?, Some(recorded())).await?
                == Step::Taken
        {
            tracing::info!(kid = key.kid(), "an RSA key was imported and signs from now on");
            return Ok("active".to_owned());
        }
        // The leader may put a next key of its own there at the same moment; it has signed nothing either.
        for _ in 0..3 {
            let row = self.row_for(key, "next", "imported", now)?;
            if store.replace_next_key(row, now, recorded()).await? == Step::Taken {
                tracing::info!(kid = key.kid(), "an RSA key was imported and is the next one to sign");
                return Ok("next".to_owned());
            }
            // Or another node has just imported the same key.
            if let Some(row) = self.rows().await?.into_iter().find(|row| row.kid == key.kid()) {
                return Ok(row.phase);
            }
        }
        Err(KeyringError::Refused("the keys are being changed by somebody else: import the key again".to_owned()))
    }
}

/// Never says more of a key than where it came from.
fn read_rsa(source: &str, text: &str) -> KeyringResult<NewKey> {
    let refused = |why: &str| KeyringError::Refused(format!("{source}: {why}"));
    let text = text.trim();
    let decoded;
    let pem = if text.starts_with("-----BEGIN") {
        text
    } else {
        let compact: Zeroizing<String> = Zeroizing::new(text.split_whitespace().collect());
        let bytes = BASE64.decode(compact.as_bytes()).map_err(|_| refused("it is neither PEM nor base64 of PEM"))?;
        decoded = Zeroizing::new(String::from_utf8(bytes).map_err(|_| refused("it is base64, but not of PEM"))?);
        decoded.trim()
    };
    let key = RsaPrivateKey::from_pkcs8_pem(pem)
        .or_else(|_| RsaPrivateKey::from_pkcs1_pem(pem))
        .map_err(|_| refused("it is not an unencrypted RSA private key in PKCS#8 or PKCS#1"))?;
    let bits = key.n().bits();
    if !(FEWEST_BITS..=MOST_BITS).contains(&bits) {
        return Err(refused(&format!(
            "an RSA key of {bits} bits is refused: it must have {FEWEST_BITS} to {MOST_BITS}"
        )));
    }
    key.validate().map_err(|_| refused("its numbers do not fit together"))?;
    NewKey::from_rsa(&key)
}
