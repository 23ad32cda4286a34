//! The settings of the keyring.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::read::rule::{Choice, List, Optional, path, secret, whole};
use super::read::section;
use crate::protocol::jwk::Algorithm;
use crate::secret::Setting;

section! {
    /// How keys are made, sealed, published and replaced.
    "keys" => Keys {
        /// Where the key-encryption keys are kept when none is set.
        directory: PathBuf = PathBuf::from("keys"), path();
        /// The keys that seal what is stored, separated by commas: the first seals, all of them open. Without them:
        /// the files in the directory.
        encryption_keys: Vec<Setting> = Vec::new(),
            List(secret("base64 of 32 bytes, as `openssl rand -base64 32` prints", is_encryption_key));
        /// The algorithms for which keys are kept; the first one signs. RS256 must be among them.
        algorithms: Vec<Algorithm> = vec![Algorithm::Rs256], List(ALGORITHM);
        /// The size of new RSA keys.
        rsa_bits: usize = 2_048, Choice(&[("2048", 2_048), ("3072", 3_072), ("4096", 4_096)]);
        /// After how many days the next key takes over; 0 is never.
        rotate_days: u64 = 90, whole(0..=3_650);
        /// How long others may keep the published keys: the longest time for which a withdrawn key is trusted.
        jwks_max_age_seconds: u64 = 300, whole(1..=86_400);
        /// How much longer than that a key is published before it signs.
        publish_margin_seconds: u64 = 60, whole(10..=86_400);
        /// A PEM file with an RSA private key to import once.
        rsa_private_key_path: Option<PathBuf> = None, Optional(path()), "RSA_PRIVATE_KEY_PATH";
        /// An RSA private key to import once: PEM, or base64 of PEM.
        rsa_private_key_content: Option<Setting> = None,
            Optional(secret("a private key in PEM, or base64 of it", |text| !text.trim().is_empty())),
            "RSA_PRIVATE_KEY_CONTENT";
    }
}

const ALGORITHM: Choice<Algorithm> =
    Choice(&[("RS256", Algorithm::Rs256), ("ES256", Algorithm::Es256), ("EdDSA", Algorithm::EdDsa)]);

impl Keys {
    /// The key that is wrong by itself though each of its items is right, and why.
    pub(super) fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        let repeats = |(index, algorithm): (usize, &Algorithm)| self.algorithms[..index].contains(algorithm);
        if !self.algorithms.contains(&Algorithm::Rs256) {
            Some(("keys.algorithms", "must have RS256 among them, which every verifier knows"))
        } else if self.algorithms.iter().enumerate().any(repeats) {
            Some(("keys.algorithms", "must name each algorithm once"))
        } else {
            None
        }
    }
}

/// In either alphabet of base64; what decodes it for use is the keyring.
fn is_encryption_key(text: &str) -> bool {
    let bytes = STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).map(Zeroizing::new);
    bytes.is_ok_and(|bytes| bytes.len() == 32)
}
