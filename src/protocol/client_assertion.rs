//! What clients prove themselves with by signing (RFC 7521 §4.2, RFC 7523 §3, OpenID Connect Core §9).

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::claims::{self, Audience};
use super::client_authentication::AuthMethod;
use super::client_keys::ClientAlgorithm;
use super::client_signed::ClientSigned;
use super::error::{ErrorCode, Fault};
use crate::time::UnixTime;

/// The one `client_assertion_type`.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far ahead an assertion may expire, in seconds: so long its name is remembered. Some libraries make them for an hour.
pub const LONGEST_LIFE: i64 = 3_600;
/// How far a client's clock may be wrong.
pub const LEEWAY: i64 = 30;
const LONGEST_NAME: usize = 512;

const TYPES: [&str; 2] = ["jwt", "client-authentication+jwt"];

/// An assertion that was read, and not verified.
#[derive(Clone)]
pub struct ClientAssertion {
    signed: ClientSigned,
    claims: Claims,
}

#[derive(Clone, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    #[serde(deserialize_with = "numeric_date")]
    exp: UnixTime,
    #[serde(default, deserialize_with = "perhaps_numeric_date")]
    nbf: Option<UnixTime>,
    #[serde(default, deserialize_with = "perhaps_numeric_date")]
    iat: Option<UnixTime>,
    jti: String,
}

/// What is wrong with an assertion, as far as it shows without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is about another client than the one that made it.
    Subject,
    /// It is for somebody else.
    Audience,
    /// It has expired, is not good yet, or would be good for too long.
    Time,
}

impl ClientAssertion {
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let (signed, payload) = ClientSigned::parse(text, &TYPES, unreadable)?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| unreadable())?;
        if claims.jti.is_empty() || claims.jti.len() > LONGEST_NAME {
            return Err(unreadable());
        }
        Ok(Self { signed, claims })
    }

    /// Who says to have made it.
    pub fn client_id(&self) -> &str {
        &self.claims.sub
    }

    pub const fn method(&self) -> AuthMethod {
        if self.algorithm().is_with_secret() { AuthMethod::ClientSecretJwt } else { AuthMethod::PrivateKeyJwt }
    }

    pub const fn algorithm(&self) -> ClientAlgorithm {
        self.signed.algorithm()
    }

    pub const fn signed(&self) -> &ClientSigned {
        &self.signed
    }

    /// What its client calls it, and no other assertion.
    pub fn name(&self) -> &str {
        &self.claims.jti
    }

    /// From when on it is good for nothing, on no node.
    pub const fn ends(&self) -> UnixTime {
        self.claims.exp.plus(LEEWAY)
    }

    /// The rules of RFC 7523 §3 that need nothing but the claims; `audiences` are the names by which this server goes.
    pub fn check(&self, audiences: &[&str], now: UnixTime) -> Result<(), Flaw> {
        let Claims { iss, sub, aud, exp, nbf, iat, .. } = &self.claims;
        if iss != sub {
            return Err(Flaw::Subject);
        }
        if !audiences.iter().any(|name| aud.contains(name)) {
            return Err(Flaw::Audience);
        }
        let latest = now.plus(LEEWAY);
        let is_ahead = [nbf, iat].into_iter().flatten().any(|begin| *begin > latest);
        if self.ends() <= now || *exp > latest.plus(LONGEST_LIFE) || is_ahead {
            return Err(Flaw::Time);
        }
        Ok(())
    }
}

impl fmt::Debug for ClientAssertion {
    /// Without the signature, which makes it usable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAssertion").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UnixTime, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    claims::numeric_date(&number).ok_or_else(|| serde::de::Error::custom("no number of seconds"))
}

fn perhaps_numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UnixTime>, D::Error> {
    numeric_date(deserializer).map(Some)
}

fn unreadable() -> Fault {
    Fault::new(ErrorCode::InvalidClient, "client_assertion is not a signed token that this server reads")
}
