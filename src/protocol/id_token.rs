//! ID tokens (OpenID Connect Core §2, §3.1.3.6): what a client is told about the sign-in.

use serde::{Deserialize, Serialize};

use super::claims::Audience;
use crate::time::UnixTime;

/// The `typ` of the header. It is the one that JOSE libraries expect, and not that of an access token.
pub const TYP: &str = "JWT";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdToken {
    pub iss: String,
    pub sub: String,
    pub aud: Audience,
    pub exp: UnixTime,
    pub iat: UnixTime,
    /// When the user signed in.
    pub auth_time: UnixTime,
    /// As the client sent it: the token belongs to that request. A refreshed one has none (§12.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// How (RFC 8176).
    pub amr: Vec<String>,
    pub at_hash: String,
}
