//! The token endpoint (RFC 6749 §4.4.2 and §5.1): what is asked, and what is answered.

use std::fmt;

use serde::Serialize;

use super::error::{ErrorCode, Fault};
use super::params::Params;
use super::resource::{self, ResourceUri};
use super::scope::ScopeSet;

names! {
    /// Grant types that a client can be registered for. `TokenRequest` says which of them are served.
    pub enum GrantType {
        ClientCredentials = "client_credentials",
        AuthorizationCode = "authorization_code",
        RefreshToken = "refresh_token",
        Password = "password",
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
        JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer",
    }
}

/// A request in the words of its grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenRequest {
    ClientCredentials(ClientCredentialsRequest),
}

/// RFC 6749 §4.4.2, with the resources of RFC 8707 §2.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCredentialsRequest {
    pub scope: Option<ScopeSet>,
    pub resources: Vec<ResourceUri>,
}

impl TokenRequest {
    /// Reads everything but the client's authentication.
    pub fn parse(params: &Params) -> Result<Self, Fault> {
        match params.required("grant_type")?.parse() {
            Ok(GrantType::ClientCredentials) => Ok(Self::ClientCredentials(ClientCredentialsRequest {
                scope: params.get("scope").map(ScopeSet::parse).transpose()?,
                resources: resource::requested(params)?,
            })),
            _ => Err(Fault::new(ErrorCode::UnsupportedGrantType, "this grant type is not served")),
        }
    }

    pub const fn grant_type(&self) -> GrantType {
        match self {
            Self::ClientCredentials(_) => GrantType::ClientCredentials,
        }
    }
}

/// The answer to a good request.
#[derive(Clone, Serialize)]
pub struct TokenResponse {
    pub access_token: String,
    pub token_type: &'static str,
    pub expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeSet>,
}

impl TokenResponse {
    pub const TOKEN_TYPE: &'static str = "Bearer";

    pub const fn bearer(access_token: String, expires_in: i64, scope: Option<ScopeSet>) -> Self {
        Self { access_token, token_type: Self::TOKEN_TYPE, expires_in, scope }
    }
}

impl fmt::Debug for TokenResponse {
    /// Without the token, which is a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
