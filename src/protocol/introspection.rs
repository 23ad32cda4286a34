//! Token introspection (RFC 7662 §2.1 and §2.2).

use std::fmt;

use serde::{Serialize, Serializer};

use super::access_token::AccessToken;
use super::claims::Audience;
use super::error::Fault;
use super::params::Params;
use super::scope::ScopeSet;
use super::token::TokenResponse;
use crate::time::UnixTime;

/// What a protected resource asks about.
#[derive(Clone)]
pub struct IntrospectionRequest {
    pub token: String,
}

impl IntrospectionRequest {
    /// `token_type_hint` may be there and is not read: one look at a token tells what it is.
    pub fn parse(params: &Params) -> Result<Self, Fault> {
        Ok(Self { token: params.required("token")?.to_owned() })
    }
}

impl fmt::Debug for IntrospectionRequest {
    /// Without the token, which is a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionRequest").finish_non_exhaustive()
    }
}

/// What it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Introspection {
    /// Nothing more is said: not whether the token ever existed, nor why it is not good.
    Inactive,
    Active(Box<AccessToken>),
    Refresh(Box<RefreshDescription>),
}

/// What a client may know of its own refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshDescription {
    pub iss: String,
    pub sub: String,
    pub client_id: String,
    pub scope: Option<ScopeSet>,
    pub iat: UnixTime,
    /// When it ends if it is not used again.
    pub exp: UnixTime,
}

impl Serialize for Introspection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Inactive => Inactive { active: false }.serialize(serializer),
            Self::Active(token) => Active::from(token.as_ref()).serialize(serializer),
            Self::Refresh(token) => ActiveRefresh::from(token.as_ref()).serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct Inactive {
    active: bool,
}

#[derive(Serialize)]
struct Active<'a> {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a ScopeSet>,
    client_id: &'a str,
    token_type: &'static str,
    exp: UnixTime,
    iat: UnixTime,
    nbf: UnixTime,
    sub: &'a str,
    aud: &'a Audience,
    iss: &'a str,
    jti: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    roles: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    entitlements: &'a [String],
}

/// Without `token_type`: it is nothing that a resource takes.
#[derive(Serialize)]
struct ActiveRefresh<'a> {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a ScopeSet>,
    client_id: &'a str,
    exp: UnixTime,
    iat: UnixTime,
    sub: &'a str,
    iss: &'a str,
}

impl<'a> From<&'a RefreshDescription> for ActiveRefresh<'a> {
    fn from(token: &'a RefreshDescription) -> Self {
        let RefreshDescription { iss, sub, client_id, scope, iat, exp } = token;
        Self { active: true, scope: scope.as_ref(), client_id, exp: *exp, iat: *iat, sub, iss }
    }
}

impl<'a> From<&'a AccessToken> for Active<'a> {
    fn from(token: &'a AccessToken) -> Self {
        Self {
            active: true,
            scope: token.scope.as_ref(),
            client_id: &token.client_id,
            token_type: TokenResponse::TOKEN_TYPE,
            exp: token.exp,
            iat: token.iat,
            nbf: token.nbf,
            sub: &token.sub,
            aud: &token.aud,
            iss: &token.iss,
            jti: &token.jti,
            roles: &token.roles,
            entitlements: &token.entitlements,
        }
    }
}
