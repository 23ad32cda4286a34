//! Signing (RFC 7515 §5.1, compact). OpenSSL signs through josekit; its signer is built once per key.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use josekit::jws::{ES256, EdDSA, JwsSigner, RS256};
use serde::Serialize;

use super::{Keyring, KeyringError, KeyringResult};
use crate::protocol::jwk::Algorithm;
use crate::protocol::{access_token, id_token};
use crate::store::StoreError;
use crate::store::signing_keys::Step;
use crate::time::UnixTime;

/// How far beyond the token at hand a promise reaches, so that one is made once an hour and not once a token.
const PROMISE_AHEAD_SECONDS: i64 = 3600;

/// Who waited for the same promise hears of its failure; who asks later asks anew.
const FAILED_FOR: Duration = Duration::from_millis(250);

/// Held by the one request that asks for a promise.
#[derive(Default)]
pub struct Promising {
    failed: Option<(Instant, StoreError)>,
}

/// What a signature is for: a token of one kind is never mistaken for one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// RFC 9068.
    AccessToken,
    /// OpenID Connect Core §2.
    IdToken,
    /// OpenID Connect Core §5.3.2.
    Userinfo,
    /// No token: a statement about the audit log.
    AuditStatement,
}

impl TokenType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => access_token::TYP,
            Self::IdToken | Self::Userinfo => id_token::TYP,
            Self::AuditStatement => "countersign-audit+jwt",
        }
    }
}

/// The private half of an active key.
pub struct Signer {
    algorithm: Algorithm,
    kid: String,
    signer: Box<dyn JwsSigner>,
    /// The encoded headers, each with the dot behind it.
    access_token_header: String,
    id_token_header: String,
    /// Until when the store knows that this key has to stay published.
    covers_until: AtomicI64,
}

#[derive(Serialize)]
struct Header<'a> {
    typ: &'a str,
    alg: &'a str,
    kid: &'a str,
}

impl Signer {
    pub fn new(algorithm: Algorithm, kid: &str, private_der: &[u8], covers_until: UnixTime) -> KeyringResult<Self> {
        let signer: Box<dyn JwsSigner> = match algorithm {
            Algorithm::Rs256 => Box::new(RS256.signer_from_der(private_der).map_err(failed)?),
            Algorithm::Es256 => Box::new(ES256.signer_from_der(private_der).map_err(failed)?),
            Algorithm::EdDsa => Box::new(EdDSA.signer_from_der(private_der).map_err(failed)?),
        };
        Ok(Self {
            algorithm,
            kid: kid.to_owned(),
            signer,
            access_token_header: header(algorithm, TokenType::AccessToken, kid)?,
            id_token_header: header(algorithm, TokenType::IdToken, kid)?,
            covers_until: AtomicI64::new(covers_until.seconds()),
        })
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn sign(&self, kind: TokenType, claims: &impl Serialize) -> KeyringResult<String> {
        let payload = serde_json::to_vec(claims).map_err(failed)?;
        let header = match kind {
            TokenType::AccessToken => Cow::Borrowed(self.access_token_header.as_str()),
            TokenType::IdToken | TokenType::Userinfo => Cow::Borrowed(self.id_token_header.as_str()),
            TokenType::AuditStatement => Cow::Owned(header(self.algorithm, kind, &self.kid)?),
        };
        let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 700);
        token.push_str(&header);
        BASE64URL.encode_string(&payload, &mut token);
        let signature = self.signer.sign(token.as_bytes()).map_err(failed)?;
        token.push('.');
        BASE64URL.encode_string(&signature, &mut token);
        Ok(token)
    }
}

/// The encoded header, with the dot behind it.
fn header(algorithm: Algorithm, kind: TokenType, kid: &str) -> KeyringResult<String> {
    let header = Header { typ: kind.as_str(), alg: algorithm.as_str(), kid };
    Ok(format!("{}.", BASE64URL.encode(serde_json::to_vec(&header).map_err(failed)?)))
}

impl Keyring {
    /// Signs `claims`, which expire at `expires`, with the active key of `algorithm`.
    ///
    /// It is asked for with `await`: today it answers at once, but one that signs whatever is queued in one batch may
    /// stand behind the same door.
    pub async fn sign(
        &self,
        algorithm: Algorithm,
        kind: TokenType,
        claims: &impl Serialize,
        expires: UnixTime,
    ) -> KeyringResult<String> {
        let signer = self.signer_covering(algorithm, expires).await?;
        signer.sign(kind, claims)
    }

    /// The active key, after the store has noted that it must stay published at least until `expires`: a key that retires
    /// before its last token expired would void that token everywhere.
    async fn signer_covering(&self, algorithm: Algorithm, expires: UnixTime) -> KeyringResult<Arc<Signer>> {
        let signer = self.active(algorithm)?;
        if signer.covers_until.load(Ordering::Acquire) >= expires.seconds() {
            return Ok(signer);
        }
        let mut promising = self.inner.promising.lock().await;
        if let Some((_, error)) = promising.failed.as_ref().filter(|(at, _)| at.elapsed() < FAILED_FOR) {
            return Err(error.clone().into());
        }
        // Whoever waited finds the promise made, or another key in place.
        for _ in 0..3 {
            let signer = self.active(algorithm)?;
            if signer.covers_until.load(Ordering::Acquire) >= expires.seconds() {
                return Ok(signer);
            }
            let until = expires.plus(PROMISE_AHEAD_SECONDS);
            let promised = self.inner.store.cover_until(&signer.kid, until).await;
            if let Some(error) = promised.as_ref().err().filter(|error| error.is_passing()) {
                promising.failed = Some((Instant::now(), error.clone()));
            }
            match promised? {
                Step::Taken => {
                    signer.covers_until.fetch_max(until.seconds(), Ordering::AcqRel);
                    return Ok(signer);
                }
                Step::Overtaken => self.refresh().await?,
            }
        }
        Err(KeyringError::NoSigner(algorithm))
    }

    pub(super) fn active(&self, algorithm: Algorithm) -> KeyringResult<Arc<Signer>> {
        self.inner.ring.load().signer(algorithm).cloned().ok_or(KeyringError::NoSigner(algorithm))
    }
}

fn failed(error: impl std::fmt::Display) -> KeyringError {
    KeyringError::Failed(error.to_string())
}
