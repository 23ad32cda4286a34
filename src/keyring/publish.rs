//! The key set as it goes over the wire: rendered once per change, named by its content.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{KeyringError, KeyringResult};
use crate::protocol::jwk::{Jwk, JwkSet};

/// The published key set.
#[derive(Clone, Debug, Default)]
pub struct Published {
    pub body: Bytes,
    /// A strong entity tag, quoted.
    pub etag: String,
}

impl Published {
    pub fn render(keys: Vec<Jwk>) -> KeyringResult<Self> {
        let body = serde_json::to_vec(&JwkSet { keys }).map_err(|error| KeyringError::Failed(error.to_string()))?;
        let etag = format!("\"{}\"", BASE64URL.encode(&Sha256::digest(&body)[..12]));
        Ok(Self { body: body.into(), etag })
    }
}
