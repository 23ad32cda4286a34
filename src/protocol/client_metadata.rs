//! Client metadata (RFC 7591 §2; all about ID tokens and userinfo from OpenID Connect Dynamic Client Registration 1.0 §2).

mod values;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client_authentication::AuthMethod;
use super::client_keys::{ClientAlgorithm, ClientKeys};
use super::error::Fault;
use super::jwk::Algorithm;
use super::redirect_uri::RedirectUri;
use super::request_object::ObjectAlgorithm;
use super::resource::ResourceUri;
use super::scope::ScopeSet;
use super::token::GrantType;
use super::uri;
use values::{
    contacts, flag, invalid, invalid_redirect_uri, lifetime, list, member, page, pages, public_keys, redirect_uris,
    scope, text,
};

const MAX_DOCUMENT: usize = 64 * 1024;

names! {
    /// What an authorization answers with. Only codes: tokens in a URL are what RFC 9700 §2.1.2 warns of.
    pub enum ResponseType {
        Code = "code",
    }
}

names! {
    /// Where a client runs.
    pub enum ApplicationType {
        Web = "web",
        Native = "native",
    }
}

names! {
    /// By which names a client knows users (OpenID Connect Core §8).
    pub enum SubjectType {
        Public = "public",
        Pairwise = "pairwise",
    }
}

/// What a client says about itself, checked, with the defaults of the RFC where they matter.
///
/// Left out of it, and ignored when sent, as §2 allows: translations (`client_name#fr`), `software_id`,
/// `software_version`, `software_statement`, and every member that this server does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<RedirectUri>,
    /// Where a browser may be sent after logging out (OpenID Connect RP-Initiated Logout §3.1).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where the client hears that a session is over (OpenID Connect Back-Channel Logout §2.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Whether it wants to know which session, which it is always told.
    #[serde(skip_serializing_if = "is_false")]
    pub backchannel_logout_session_required: bool,
    pub grant_types: Vec<GrantType>,
    pub response_types: Vec<ResponseType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeSet>,
    /// `None` where the document says nothing: the default depends on whether the client can keep a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<AuthMethod>,
    /// By which algorithm it signs its assertions; without a word, by any that fits its keys or its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<ClientAlgorithm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// As the client wrote it: an object with a list of public keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Where it keeps requests that it has written down (OpenID Connect Core §6.2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<String>,
    /// By which algorithm those are signed, wherever they are; without a word, by any that fits, or not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<ObjectAlgorithm>,
    pub application_type: ApplicationType,
    /// By which algorithm ID tokens are signed for it; without a word, by the one that signs here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<Algorithm>,
    /// By which algorithm answers of the userinfo endpoint are signed for it; without a word, they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<Algorithm>,
    #[serde(skip_serializing_if = "is_public")]
    pub subject_type: SubjectType,
    /// Its host is the sector within which users have one name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    /// How old a sign-in may be, in seconds, where a request does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<i64>,
    /// Whether it wants `auth_time`, which is always there.
    #[serde(skip_serializing_if = "is_false")]
    pub require_auth_time: bool,
    /// Ours: whether its codes are bound to a challenge (RFC 7636). Only for a client with a secret it may be otherwise.
    #[serde(skip_serializing_if = "is_true")]
    pub require_pkce: bool,
    /// Ours: the APIs that the client may ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<ResourceUri>,
    /// Ours: seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<i64>,
}

/// The document before its values are judged. Serde sees to it that no member is there twice; `null` is left out.
#[derive(Deserialize)]
struct Document {
    client_name: Option<Value>,
    redirect_uris: Option<Value>,
    post_logout_redirect_uris: Option<Value>,
    backchannel_logout_uri: Option<Value>,
    backchannel_logout_session_required: Option<Value>,
    grant_types: Option<Value>,
    response_types: Option<Value>,
    scope: Option<Value>,
    token_endpoint_auth_method: Option<Value>,
    token_endpoint_auth_signing_alg: Option<Value>,
    contacts: Option<Value>,
    client_uri: Option<Value>,
    logo_uri: Option<Value>,
    policy_uri: Option<Value>,
    tos_uri: Option<Value>,
    jwks_uri: Option<Value>,
    jwks: Option<Value>,
    request_uris: Option<Value>,
    request_object_signing_alg: Option<Value>,
    application_type: Option<Value>,
    id_token_signed_response_alg: Option<Value>,
    userinfo_signed_response_alg: Option<Value>,
    subject_type: Option<Value>,
    sector_identifier_uri: Option<Value>,
    default_max_age: Option<Value>,
    require_auth_time: Option<Value>,
    require_pkce: Option<Value>,
    audience: Option<Value>,
    access_token_lifetime: Option<Value>,
}

impl ClientMetadata {
    pub fn parse(json: &[u8]) -> Result<Self, Fault> {
        if json.len() > MAX_DOCUMENT {
            return Err(invalid("the metadata is too long"));
        }
        if json.trim_ascii_start().first() != Some(&b'{') {
            return Err(invalid("the metadata is not a JSON object"));
        }
        let document: Document = serde_json::from_slice(json)
            .map_err(|_| invalid("the metadata is not a JSON object in which each member occurs once"))?;
        let metadata = Self::from_document(document)?;
        metadata.check_consistency()?;
        Ok(metadata)
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        let grant_types: Vec<GrantType> =
            list("grant_types", document.grant_types)?.unwrap_or_else(|| vec![GrantType::AuthorizationCode]);
        let default_response_types =
            if grant_types.contains(&GrantType::AuthorizationCode) { vec![ResponseType::Code] } else { Vec::new() };
        Ok(Self {
            client_name: text("client_name", document.client_name)?,
            redirect_uris: redirect_uris("redirect_uris", document.redirect_uris)?,
            post_logout_redirect_uris: redirect_uris("post_logout_redirect_uris", document.post_logout_redirect_uris)?,
            backchannel_logout_uri: page("backchannel_logout_uri", document.backchannel_logout_uri)?,
            backchannel_logout_session_required: flag(
                "backchannel_logout_session_required",
                document.backchannel_logout_session_required,
                false,
            )?,
            response_types: list("response_types", document.response_types)?.unwrap_or(default_response_types),
            grant_types,
            scope: scope(document.scope)?,
            token_endpoint_auth_method: member("token_endpoint_auth_method", document.token_endpoint_auth_method)?,
            token_endpoint_auth_signing_alg: member(
                "token_endpoint_auth_signing_alg",
                document.token_endpoint_auth_signing_alg,
            )?,
            contacts: contacts(document.contacts)?,
            client_uri: page("client_uri", document.client_uri)?,
            logo_uri: page("logo_uri", document.logo_uri)?,
            policy_uri: page("policy_uri", document.policy_uri)?,
            tos_uri: page("tos_uri", document.tos_uri)?,
            jwks_uri: page("jwks_uri", document.jwks_uri)?,
            jwks: document.jwks.map(public_keys).transpose()?,
            request_uris: pages("request_uris", document.request_uris)?,
            request_object_signing_alg: member("request_object_signing_alg", document.request_object_signing_alg)?,
            application_type: member("application_type", document.application_type)?.unwrap_or(ApplicationType::Web),
            id_token_signed_response_alg: member(
                "id_token_signed_response_alg",
                document.id_token_signed_response_alg,
            )?,
            userinfo_signed_response_alg: member(
                "userinfo_signed_response_alg",
                document.userinfo_signed_response_alg,
            )?,
            subject_type: member("subject_type", document.subject_type)?.unwrap_or(SubjectType::Public),
            sector_identifier_uri: page("sector_identifier_uri", document.sector_identifier_uri)?,
            default_max_age: member::<u32>("default_max_age", document.default_max_age)?.map(i64::from),
            require_auth_time: flag("require_auth_time", document.require_auth_time, false)?,
            require_pkce: flag("require_pkce", document.require_pkce, true)?,
            audience: list("audience", document.audience)?.unwrap_or_default(),
            access_token_lifetime: lifetime(document.access_token_lifetime)?,
        })
    }

    /// The rules between members: §2 on `jwks` and `redirect_uris`, and the table of §2.1.
    fn check_consistency(&self) -> Result<(), Fault> {
        if self.jwks.is_some() && self.jwks_uri.is_some() {
            return Err(invalid("jwks and jwks_uri are both given"));
        }
        let by_code = self.grant_types.contains(&GrantType::AuthorizationCode);
        if by_code != self.response_types.contains(&ResponseType::Code) {
            return Err(invalid("grant_types and response_types contradict: authorization_code goes with code"));
        }
        if self.backchannel_logout_uri.as_ref().is_some_and(|uri| uri.contains('#')) {
            return Err(invalid("backchannel_logout_uri has a fragment"));
        }
        if by_code && self.redirect_uris.is_empty() {
            return Err(invalid_redirect_uri("a client with the grant authorization_code needs redirect_uris"));
        }
        if !self.require_pkce && self.token_endpoint_auth_method == Some(AuthMethod::None) {
            return Err(invalid("require_pkce is false, which is for clients with a secret"));
        }
        if self.subject_type == SubjectType::Pairwise && self.sector().is_none() {
            return Err(invalid(
                "subject_type pairwise needs an https sector_identifier_uri, or https redirect_uris of one host",
            ));
        }
        Ok(())
    }

    /// The keys in it that sign.
    pub fn keys(&self) -> ClientKeys {
        self.jwks.as_ref().map(ClientKeys::found).unwrap_or_default()
    }

    /// Within which users have one name; `None` for a client that knows them by the name that is known to all (OpenID Connect
    /// Core §8.1).
    pub fn sector(&self) -> Option<String> {
        if self.subject_type == SubjectType::Public {
            return None;
        }
        let host = |uri: &str| {
            let url = uri::with_fragment(uri).ok().filter(|url| url.scheme() == "https")?;
            url.host_str().map(str::to_owned)
        };
        if let Some(uri) = &self.sector_identifier_uri {
            return host(uri);
        }
        let mut hosts = self.redirect_uris.iter().map(|uri| host(uri.as_str()));
        let first = hosts.next()??;
        hosts.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_public(subject_type: &SubjectType) -> bool {
    *subject_type == SubjectType::Public
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_true(flag: &bool) -> bool {
    *flag
}
