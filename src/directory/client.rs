//! A client as it registered itself.

use super::copies::ClientCopy;
use super::{DirectoryError, DirectoryResult};
use crate::protocol::client_authentication::AuthMethod;
use crate::protocol::client_keys::{ClientAlgorithm, ClientKeys};
use crate::protocol::client_metadata::{ApplicationType, ClientMetadata};
use crate::protocol::jwk::Algorithm;
use crate::protocol::redirect_uri::RedirectUri;
use crate::protocol::request_object::ObjectAlgorithm;
use crate::protocol::resource::ResourceUri;
use crate::protocol::scope::ScopeSet;
use crate::protocol::token::GrantType;
use crate::time::UnixTime;

/// The client that this server's own API acts as.
pub const FIRST_PARTY: &str = "first-party";

#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
    pub name: String,
    pub auth_method: AuthMethod,
    metadata: ClientMetadata,
    sector: Option<String>,
    keys: ClientKeys,
    /// Whether it registered itself, and nobody had invited it.
    is_stranger: bool,
    created_at: UnixTime,
    /// Of its redirect URIs.
    origins: Vec<String>,
}

impl Client {
    pub(super) fn read(row: ClientCopy) -> DirectoryResult<Self> {
        let bad = |error: &dyn std::fmt::Display| DirectoryError::Unreadable("client", error.to_string());
        let metadata = ClientMetadata::parse(row.document.as_bytes()).map_err(|fault| bad(&fault))?;
        Ok(Self {
            id: row.id,
            name: row.name,
            auth_method: row.auth_method.parse().map_err(|_| bad(&"its authentication method is unknown"))?,
            sector: metadata.sector(),
            keys: metadata.keys(),
            is_stranger: row.is_stranger,
            created_at: UnixTime::from_seconds(row.created_at),
            origins: metadata.redirect_uris.iter().filter(|uri| !uri.is_private()).map(RedirectUri::place).collect(),
            metadata,
        })
    }

    /// Which of the scopes that exist it may have. This server's own client may have all, unless it names some.
    pub fn scopes(&self, known: &ScopeSet) -> ScopeSet {
        match &self.metadata.scope {
            Some(scopes) => scopes.intersection(known),
            None if self.is_first_party() => known.clone(),
            None => ScopeSet::empty(),
        }
    }

    pub fn is_first_party(&self) -> bool {
        self.id == FIRST_PARTY
    }

    /// Whether it can prove itself.
    pub fn is_confidential(&self) -> bool {
        self.auth_method != AuthMethod::None
    }

    /// The keys that it registered; those that it keeps elsewhere are not among them.
    pub fn keys(&self) -> &ClientKeys {
        &self.keys
    }

    /// Where it keeps them, if not here.
    pub fn jwks_uri(&self) -> Option<&str> {
        self.metadata.jwks_uri.as_deref()
    }

    /// By which algorithm it signs its assertions, when it has named one.
    pub fn assertion_algorithm(&self) -> Option<ClientAlgorithm> {
        self.metadata.token_endpoint_auth_signing_alg
    }

    /// By which algorithm it signs its request objects, when it has named one; no other is taken then.
    pub fn request_object_algorithm(&self) -> Option<ObjectAlgorithm> {
        self.metadata.request_object_signing_alg
    }

    /// Whether this is one of the addresses of its request objects: the very text that it registered.
    pub fn keeps_requests_at(&self, uri: &str) -> bool {
        self.metadata.request_uris.iter().any(|registered| registered == uri)
    }

    pub fn may_use(&self, grant: GrantType) -> bool {
        self.metadata.grant_types.contains(&grant)
    }

    /// Whether it may be answered there.
    pub fn may_redirect_to(&self, uri: &RedirectUri) -> bool {
        let runs_natively = self.metadata.application_type == ApplicationType::Native;
        self.metadata.redirect_uris.iter().any(|registered| registered.is_meant_by(uri.as_str(), runs_natively))
    }

    /// Whether a browser may be sent there after logging out: the very text that it registered.
    pub fn may_return_to(&self, uri: &RedirectUri) -> bool {
        self.metadata.post_logout_redirect_uris.contains(uri)
    }

    /// Where it hears that a session is over, if it wants to.
    pub fn backchannel_logout_uri(&self) -> Option<&str> {
        self.metadata.backchannel_logout_uri.as_deref()
    }

    /// Whether one of its redirect URIs is of this origin.
    pub fn is_answered_at(&self, origin: &str) -> bool {
        self.origins.iter().any(|own| own == origin)
    }

    /// The picture by which people know it. That of a stranger could be anybody's, and is shown to nobody.
    pub fn logo_uri(&self) -> Option<&str> {
        self.metadata.logo_uri.as_deref().filter(|_| !self.is_stranger)
    }

    /// What it says of what it does with what it learns.
    pub fn policy_uri(&self) -> Option<&str> {
        self.metadata.policy_uri.as_deref()
    }

    /// What it says of the terms on which it is used.
    pub fn tos_uri(&self) -> Option<&str> {
        self.metadata.tos_uri.as_deref()
    }

    /// The resources that it may ask tokens for; the first one is meant when it does not say.
    pub fn audiences(&self) -> &[ResourceUri] {
        &self.metadata.audience
    }

    /// Within which its users have one name, if not by the one that is known to all.
    pub fn sector(&self) -> Option<&str> {
        self.sector.as_deref()
    }

    /// Whether it gets no code without a challenge.
    pub fn must_use_pkce(&self) -> bool {
        self.metadata.require_pkce || !self.is_confidential()
    }

    /// Whether it registered itself, and nobody answers for it.
    pub fn is_stranger(&self) -> bool {
        self.is_stranger
    }

    /// When it registered, or was registered.
    pub fn created_at(&self) -> UnixTime {
        self.created_at
    }

    /// How old a sign-in may be for it, in seconds, where a request does not say.
    pub fn default_max_age(&self) -> Option<i64> {
        self.metadata.default_max_age
    }

    /// By which algorithm its ID tokens are signed, when it has a wish of its own.
    pub fn id_token_algorithm(&self) -> Option<Algorithm> {
        self.metadata.id_token_signed_response_alg
    }

    /// By which algorithm the userinfo endpoint signs what it says to this client, if it does.
    pub fn userinfo_algorithm(&self) -> Option<Algorithm> {
        self.metadata.userinfo_signed_response_alg
    }

    /// How long its access tokens live, when it has a wish of its own.
    pub fn access_token_lifetime(&self) -> Option<i64> {
        self.metadata.access_token_lifetime
    }
}
