//! The token endpoint (RFC 6749 §4.1.3, §4.3.2, §4.4.2, §5.1 and §6; RFC 7636 §4.5): what is asked, and what is answered.

use std::fmt;

use serde::Serialize;

use super::error::{ErrorCode, Fault};
use super::params::Params;
use super::resource::{self, ResourceUri};
use super::scope::ScopeSet;
use crate::secret::{AuthorizationCode, CodeVerifier, Password, Plain, RefreshToken};

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
    AuthorizationCode(CodeRequest),
    ClientCredentials(ClientCredentialsRequest),
    Password(PasswordRequest),
    RefreshToken(RefreshRequest),
}

/// RFC 6749 §4.1.3, RFC 7636 §4.5. Which resources the code was for, it says itself; some of them may be named (RFC 8707 §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRequest {
    pub code: Plain<AuthorizationCode>,
    pub redirect_uri: String,
    pub code_verifier: Option<Plain<CodeVerifier>>,
    pub resources: Vec<ResourceUri>,
}

/// RFC 6749 §4.4.2, with the resources of RFC 8707 §2.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCredentialsRequest {
    pub scope: Option<ScopeSet>,
    pub resources: Vec<ResourceUri>,
}

/// RFC 6749 §4.3.2, with the resources of RFC 8707 §2.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordRequest {
    pub username: String,
    pub password: Plain<Password>,
    pub scope: Option<ScopeSet>,
    pub resources: Vec<ResourceUri>,
}

/// RFC 6749 §6, with the resources of RFC 8707 §2.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshRequest {
    pub refresh_token: Plain<RefreshToken>,
    pub scope: Option<ScopeSet>,
    pub resources: Vec<ResourceUri>,
}

impl TokenRequest {
    /// Reads everything but the client's authentication.
    pub fn parse(params: &Params) -> Result<Self, Fault> {
        let grant = params.required("grant_type")?.parse();
        let scope = || params.get("scope").map(ScopeSet::parse).transpose();
        match grant {
            Ok(GrantType::ClientCredentials) => Ok(Self::ClientCredentials(ClientCredentialsRequest {
                scope: scope()?,
                resources: resource::requested(params)?,
            })),
            Ok(GrantType::AuthorizationCode) => Ok(Self::AuthorizationCode(CodeRequest {
                code: Plain::presented(params.required("code")?),
                redirect_uri: params.required("redirect_uri")?.to_owned(),
                code_verifier: params.get("code_verifier").map(Plain::presented),
                resources: resource::requested(params)?,
            })),
            Ok(GrantType::Password) => Ok(Self::Password(PasswordRequest {
                username: params.required("username")?.to_owned(),
                password: Plain::presented(params.required("password")?),
                scope: scope()?,
                resources: resource::requested(params)?,
            })),
            Ok(GrantType::RefreshToken) => Ok(Self::RefreshToken(RefreshRequest {
                refresh_token: Plain::presented(params.required("refresh_token")?),
                scope: scope()?,
                resources: resource::requested(params)?,
            })),
            _ => Err(Fault::new(ErrorCode::UnsupportedGrantType, "this grant type is not served")),
        }
    }

    pub const fn grant_type(&self) -> GrantType {
        match self {
            Self::AuthorizationCode(_) => GrantType::AuthorizationCode,
            Self::ClientCredentials(_) => GrantType::ClientCredentials,
            Self::Password(_) => GrantType::Password,
            Self::RefreshToken(_) => GrantType::RefreshToken,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// OpenID Connect Core §3.1.3.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

impl TokenResponse {
    pub const TOKEN_TYPE: &'static str = "Bearer";

    pub const fn bearer(access_token: String, expires_in: i64, scope: Option<ScopeSet>) -> Self {
        Self { access_token, token_type: Self::TOKEN_TYPE, expires_in, scope, refresh_token: None, id_token: None }
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
