//! Secrets as types. What was handed in cannot be printed or stored; what is stored cannot be used to sign in.
//! This is also the only place that draws random numbers.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Fresh bytes from the operating system's generator, for keys and secrets.
///
/// # Panics
/// When the operating system has no randomness to give: nothing that needs a secret can go on from there.
#[expect(clippy::disallowed_methods, reason = "the only place that draws random numbers")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// 128 fresh bits as 22 base64url characters: token ids, request ids. Drawn from a generator in this process that the
/// operating system seeds, because a request must not wait for a system call.
#[expect(clippy::disallowed_methods, reason = "the only place that draws random numbers")]
pub fn random_id() -> String {
    let mut bytes = [0; 16];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut bytes);
    BASE64URL.encode(bytes)
}

/// A family of secrets. The prefix says what a leaked one is, to people and to secret scanners.
pub trait Kind {
    const PREFIX: &'static str;
}

/// What a confidential client proves itself with.
pub enum ClientSecret {}
impl Kind for ClientSecret {
    const PREFIX: &'static str = "cs_client_";
}

/// What a client renews its access with: see `tokens::refresh`.
pub enum RefreshToken {}
impl Kind for RefreshToken {
    const PREFIX: &'static str = "cs_refresh_";
}

/// The password of the first administrator on a developer's machine.
pub enum FirstPassword {}
impl Kind for FirstPassword {
    const PREFIX: &'static str = "";
}

/// What a link in a letter holds.
pub enum OneTimeToken {}
impl Kind for OneTimeToken {
    const PREFIX: &'static str = "cs_once_";
}

/// What a browser's cookie holds while its user is signed in.
pub enum SessionSecret {}
impl Kind for SessionSecret {
    const PREFIX: &'static str = "cs_session_";
}

/// What a browser's cookie holds before anybody is signed in: it binds forms to the browser that they were shown in.
pub enum FormSecret {}
impl Kind for FormSecret {
    const PREFIX: &'static str = "cs_form_";
}

/// What a client exchanges for tokens.
pub enum AuthorizationCode {}
impl Kind for AuthorizationCode {
    const PREFIX: &'static str = "cs_code_";
}

/// What lets somebody register clients.
pub enum InitialToken {}
impl Kind for InitialToken {
    const PREFIX: &'static str = "cs_initial_";
}

/// What a client that registered itself looks after its registration with.
pub enum RegistrationToken {}
impl Kind for RegistrationToken {
    const PREFIX: &'static str = "cs_registration_";
}

/// What a browser that was sent to a provider comes back with, and what then stands for the proof that is awaited of it.
pub enum UpstreamState {}
impl Kind for UpstreamState {
    const PREFIX: &'static str = "cs_state_";
}

/// What this server proves itself with at a provider, which made it up.
pub enum UpstreamSecret {}

/// What a client proves to have asked for a code by (RFC 7636). It draws it by itself.
pub enum CodeVerifier {}

/// What a person signs in with. People choose it, so it has no prefix, and only `passwords` can hash it.
pub enum Password {}

/// A secret in the clear, on its way in or out. It can be revealed and hashed, and nothing else.
pub struct Plain<K>(Zeroizing<String>, PhantomData<fn() -> K>);

impl<K: Kind> Plain<K> {
    /// 256 random bits behind the kind's prefix.
    pub fn generate() -> Self {
        let bytes = Zeroizing::new(random::<32>());
        Self(Zeroizing::new(format!("{}{}", K::PREFIX, BASE64URL.encode(bytes.as_slice()))), PhantomData)
    }

    /// The stored form: HMAC-SHA-256 under the server's hash key, so that a copy of the table is of no use without it.
    pub fn hash(&self, key: &MacKey) -> Hash<K> {
        Hash(BASE64URL.encode(key.mac(&[K::PREFIX.as_bytes(), self.0.as_bytes()])), PhantomData)
    }
}

impl<K> Plain<K> {
    /// What somebody claims is such a secret.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()), PhantomData)
    }

    /// The only way to the text; a reader of the code finds every use by this name.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether its holder has signed the message by HS256 (RFC 7518 §3.2), told in constant time. What is too short for that
    /// has signed nothing.
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let hmac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes());
        self.0.len() >= 32 && hmac.is_ok_and(|hmac| hmac.chain_update(message).verify_slice(signature).is_ok())
    }
}

impl<K> Clone for Plain<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

/// In constant time.
impl<K> PartialEq for Plain<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl<K> Eq for Plain<K> {}

impl<K> fmt::Debug for Plain<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// The stored form of a secret: all that a column accepts.
#[derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct Hash<K>(String, PhantomData<fn() -> K>);

impl<K> Hash<K> {
    /// As it was read from its column.
    pub fn stored(text: String) -> Self {
        Self(text, PhantomData)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl<K> Clone for Hash<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<K> fmt::Debug for Hash<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

/// The stored form of a password: a PHC or modular-crypt string.
#[derive(Clone, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// As it was read from its column.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

/// A key for HMAC-SHA-256.
#[derive(Clone)]
pub struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes a key of any length")))
    }

    /// The MAC of the parts, each behind its length so that no two lists of parts can be confused.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.absorb(parts).finalize().into_bytes().into()
    }

    /// Whether `mac` is the MAC of the parts, in constant time.
    pub fn verifies(&self, parts: &[&[u8]], mac: &[u8]) -> bool {
        self.absorb(parts).verify_slice(mac).is_ok()
    }

    /// Whether the MAC of the parts begins with these bytes, in constant time.
    pub fn begins(&self, parts: &[&[u8]], beginning: &[u8]) -> bool {
        self.absorb(parts).verify_truncated_left(beginning).is_ok()
    }

    fn absorb(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut hmac = self.0.clone();
        for part in parts {
            hmac.update(&(part.len() as u64).to_be_bytes());
            hmac.update(part);
        }
        hmac
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// A secret that the operator set: a password, a key, a URL with a password in it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Setting(Zeroizing<String>);

impl Setting {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "[not set]" } else { "[secret]" })
    }
}
