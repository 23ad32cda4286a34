//! Logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4): what a client is told of the end of a session.

use serde::{Deserialize, Serialize};

use super::claims::Audience;
use crate::time::UnixTime;

/// The `typ` of the header: never taken for an ID token.
pub const TYP: &str = "logout+jwt";
/// How long a client may take it for fresh.
pub const LIFETIME_SECONDS: i64 = 120;

/// There is no `nonce`, so that it is no ID token either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutToken {
    pub iss: String,
    pub sub: String,
    pub aud: Audience,
    pub iat: UnixTime,
    pub exp: UnixTime,
    pub jti: String,
    pub sid: String,
    pub events: Events,
}

/// What happened (RFC 8417 §2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    pub logout: Nothing,
}

/// An object with nothing in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}
