//! Access tokens as JWTs (RFC 9068 §2 and §4).

use serde::{Deserialize, Serialize};

use super::claims::Audience;
use super::error::{ErrorCode, Fault};
use super::scope::ScopeSet;
use crate::time::UnixTime;

/// The `typ` of the header (§2.1): it keeps an access token from being taken for an ID token, and the other way round.
pub const TYP: &str = "at+jwt";

/// How far the clocks of two nodes may be apart, in seconds: a token may be used elsewhere as soon as it is made.
pub const CLOCK_SKEW: i64 = 5;

/// The claims (§2.2), with the roles and entitlements of §2.2.3.1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    pub iss: String,
    pub sub: String,
    pub aud: Audience,
    pub exp: UnixTime,
    pub iat: UnixTime,
    /// A token without it is good from the beginning.
    #[serde(default = "the_beginning")]
    pub nbf: UnixTime,
    pub jti: String,
    pub client_id: String,
    /// What this token was issued on: when that ends, so does the token. A client's own token stands on the client alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeSet>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entitlements: Vec<String>,
}

const fn the_beginning() -> UnixTime {
    UnixTime::from_seconds(0)
}

impl AccessToken {
    /// The rules of §4 that need nothing but the claims. The header and the signature are judged before; whether the
    /// audience is the right one, and whether the token was revoked, is judged after.
    pub fn check(&self, issuer: &str, now: UnixTime) -> Result<(), Fault> {
        let fault = |about: &'static str| Err(Fault::new(ErrorCode::InvalidToken, about));
        if self.iss != issuer {
            return fault("the access token is from another issuer");
        }
        if self.aud.0.is_empty() {
            return fault("the access token is for nobody");
        }
        if self.exp <= now {
            return fault("the access token has expired");
        }
        if self.nbf > now.plus(CLOCK_SKEW) {
            return fault("the access token is not good yet");
        }
        Ok(())
    }
}
