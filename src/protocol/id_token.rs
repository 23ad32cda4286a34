//! ID tokens (OpenID Connect Core §2, §3.1.3.6): what a client is told about the sign-in.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::claims::Audience;
use crate::time::UnixTime;

/// The `typ` of the header. It is the one that JOSE libraries expect, and not that of an access token.
pub const TYP: &str = "JWT";

/// The class of a sign-in by a password and nothing else.
pub const PASSWORD_ACR: &str = "urn:countersign:acr:pwd";
/// Its method (RFC 8176 §2).
pub const PASSWORD_AMR: &str = "pwd";
/// The class of a sign-in with a provider, whose business it is how; and what stands for the method.
pub const UPSTREAM_ACR: &str = "urn:countersign:acr:fed";
pub const UPSTREAM_AMR: &str = "fed";
/// All classes that there are.
pub const CLASSES: [&str; 2] = [PASSWORD_ACR, UPSTREAM_ACR];

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
    /// How: the class of it, and the methods (RFC 8176).
    pub acr: String,
    pub amr: Vec<String>,
    /// The client, which is the only one that the token is for.
    pub azp: String,
    /// The browser session, where there is one (OpenID Connect Back-Channel Logout §2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// There is no `c_hash`: that is for codes that come beside a token (§3.3.2.11), and here a token comes for a code.
    pub at_hash: String,
    /// What the client asked to be told of the user here (§5.5).
    #[serde(flatten)]
    pub user: Map<String, Value>,
}

/// What is read of one that comes back (§3.1.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Presented {
    pub iss: String,
    pub sub: String,
    pub aud: Audience,
    /// What no other JWT of this server about a user has that says `JWT` of itself, as userinfo does.
    pub auth_time: i64,
    /// The browser session that it told of.
    #[serde(default)]
    pub sid: Option<String>,
}
