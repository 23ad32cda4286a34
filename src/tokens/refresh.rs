//! Refresh tokens: opaque, 256 random bits, and only their hash is stored. The text also holds the id of its grant, and a
//! mark by which this server knows its own: who merely knows the id of a grant can make nothing that counts as its token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use zeroize::Zeroizing;

use crate::app::App;
use crate::failure::Outcome;
use crate::keyring;
use crate::protocol::resource::ResourceUri;
use crate::protocol::scope::ScopeSet;
use crate::secret::{self, Hash, Kind, MacKey, Plain, RefreshToken};

const RANDOM: usize = 32;
const MARK: usize = 16;
const ID: usize = 16;
const PURPOSE: &str = "refresh token after another";

/// A token of this server, whatever became of it since.
pub struct Presented {
    pub grant_id: String,
    pub hash: Hash<RefreshToken>,
    token: Plain<RefreshToken>,
}

/// A new token of a grant.
pub fn make(app: &App, grant_id: &str) -> (Plain<RefreshToken>, Hash<RefreshToken>) {
    let key = app.keyring.secret_hash_key();
    let mut bytes = Zeroizing::new(Vec::with_capacity(ID + RANDOM + MARK));
    bytes.extend_from_slice(uuid::Uuid::parse_str(grant_id).unwrap_or_default().as_bytes());
    bytes.extend_from_slice(Zeroizing::new(secret::random::<RANDOM>()).as_slice());
    let mark = mark(key, &bytes);
    bytes.extend_from_slice(&mark);
    let encoded = Zeroizing::new(BASE64URL.encode(bytes.as_slice()));
    let token = Plain::presented(format!("{}{}", RefreshToken::PREFIX, encoded.as_str()));
    let hash = token.hash(key);
    (token, hash)
}

/// `None` for what this server never made.
pub fn read(app: &App, token: &Plain<RefreshToken>) -> Option<Presented> {
    let key = app.keyring.secret_hash_key();
    let encoded = token.reveal().strip_prefix(RefreshToken::PREFIX)?;
    let bytes = Zeroizing::new(BASE64URL.decode(encoded).ok()?);
    if bytes.len() != ID + RANDOM + MARK
        || !key.begins(&[b"refresh token", &bytes[..ID + RANDOM]], &bytes[ID + RANDOM..])
    {
        return None;
    }
    let grant_id = uuid::Uuid::from_slice(&bytes[..ID]).ok()?.to_string();
    Some(Presented { grant_id, hash: token.hash(key), token: token.clone() })
}

impl Presented {
    /// The token that takes this one's place, so that only who presents this one again can read it.
    pub fn seal(&self, app: &App, next: &Plain<RefreshToken>) -> Outcome<String> {
        Ok(keyring::seal_under(&self.key(app), PURPOSE, next.reveal().as_bytes())?)
    }

    pub fn open(&self, app: &App, sealed: &str) -> Outcome<Plain<RefreshToken>> {
        let plain = keyring::open_under(&self.key(app), PURPOSE, sealed)?;
        Ok(Plain::presented(String::from_utf8_lossy(&plain)))
    }

    fn key(&self, app: &App) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(app.keyring.secret_hash_key().mac(&[b"refresh successor", self.token.reveal().as_bytes()]))
    }
}

/// What was asked with a token, in one short text: a retry asks the same.
pub fn request(app: &App, scope: Option<&ScopeSet>, resources: &[ResourceUri]) -> String {
    let scope = scope.map(sorted).unwrap_or_default();
    let mut parts: Vec<&[u8]> = vec![b"refresh request", scope.as_bytes()];
    parts.extend(resources.iter().map(|resource| resource.as_str().as_bytes()));
    BASE64URL.encode(app.keyring.secret_hash_key().mac(&parts))
}

fn sorted(scope: &ScopeSet) -> String {
    let mut names: Vec<&str> = scope.iter().map(AsRef::as_ref).collect();
    names.sort_unstable();
    names.join(" ")
}

fn mark(key: &MacKey, bytes: &[u8]) -> [u8; MARK] {
    let mac = key.mac(&[b"refresh token", bytes]);
    std::array::from_fn(|index| mac[index])
}
