//! Client metadata (RFC 7591 §2; all about ID tokens and userinfo from OpenID Connect Dynamic Client Registration 1.0 §2).

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client_authentication::AuthMethod;
use super::client_keys::{self, ClientAlgorithm, ClientKeys};
use super::error::{ErrorCode, Fault};
use super::jwk::Algorithm;
use super::redirect_uri::{self, RedirectUri};
use super::resource::ResourceUri;
use super::scope::ScopeSet;
use super::token::GrantType;
use super::uri;

const MAX_DOCUMENT: usize = 64 * 1024;
const MAX_REDIRECT_URIS: usize = 64;
const MAX_LIST: usize = 32;
const MAX_TEXT: usize = 256;
/// A day: a key stays published until the last token that it signed has expired.
const LONGEST_LIFETIME: i64 = 86_400;

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

/// A member of any type; a wrong type or an unknown name is a fault that says which member it is, and not its value.
fn member<T: DeserializeOwned>(name: &'static str, value: Option<Value>) -> Result<Option<T>, Fault> {
    let unreadable = |_| invalid(format!("{name} has a value that this server does not accept"));
    value.map(serde_json::from_value).transpose().map_err(unreadable)
}

fn flag(name: &'static str, value: Option<Value>, usual: bool) -> Result<bool, Fault> {
    Ok(member(name, value)?.unwrap_or(usual))
}

/// A list in which a value that is there twice counts once.
fn list<T: DeserializeOwned + PartialEq>(name: &'static str, value: Option<Value>) -> Result<Option<Vec<T>>, Fault> {
    let Some(values) = member::<Vec<T>>(name, value)? else { return Ok(None) };
    if values.len() > MAX_LIST {
        return Err(invalid(format!("{name} has too many values")));
    }
    Ok(Some(unique(values)))
}

fn unique<T: PartialEq>(values: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(values.len());
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

/// A text that people read; empty counts as left out.
fn text(name: &'static str, value: Option<Value>) -> Result<Option<String>, Fault> {
    let Some(text) = member::<String>(name, value)? else { return Ok(None) };
    if text.len() > MAX_TEXT || text.chars().any(char::is_control) {
        return Err(invalid(format!("{name} is too long or has a control character in it")));
    }
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}

fn redirect_uris(name: &'static str, value: Option<Value>) -> Result<Vec<RedirectUri>, Fault> {
    let uris = member::<Vec<String>>(name, value)
        .map_err(|_| invalid_redirect_uri(format!("{name} is not a list of texts")))?
        .unwrap_or_default();
    if uris.len() > MAX_REDIRECT_URIS {
        return Err(invalid_redirect_uri(format!("there are too many {name}")));
    }
    Ok(unique(uris.into_iter().map(RedirectUri::try_from).collect::<Result<_, _>>()?))
}

fn scope(value: Option<Value>) -> Result<Option<ScopeSet>, Fault> {
    let Some(text) = member::<String>("scope", value)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    ScopeSet::parse(&text).map(Some).map_err(|fault| invalid(fault.about))
}

fn contacts(value: Option<Value>) -> Result<Vec<String>, Fault> {
    let contacts = list::<String>("contacts", value)?.unwrap_or_default();
    if contacts.iter().all(|contact| contact.len() <= MAX_TEXT && !contact.chars().any(char::is_control)) {
        Ok(contacts)
    } else {
        Err(invalid("a contact is too long or has a control character in it"))
    }
}

/// An address on the web: https, or http on a loopback host while a client is being developed.
fn page(name: &'static str, value: Option<Value>) -> Result<Option<String>, Fault> {
    let Some(text) = member::<String>(name, value)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let url = uri::with_fragment(&text).map_err(|what| invalid(format!("{name} {what}")))?;
    let secure = url.scheme() == "https" || (url.scheme() == "http" && redirect_uri::is_loopback(&url));
    if secure && url.username().is_empty() && url.password().is_none() {
        Ok(Some(text))
    } else {
        Err(invalid(format!("{name} is not an https URL, or has a password in it")))
    }
}

/// The shape of a JWK Set (RFC 7517 §5) without private members: what should stay with the client is not kept here.
fn public_keys(value: Value) -> Result<Value, Fault> {
    let keys = value.get("keys").and_then(Value::as_array).ok_or_else(|| invalid("jwks is not a JWK Set"))?;
    if keys.len() > MAX_LIST {
        return Err(invalid("jwks has too many keys"));
    }
    for key in keys {
        if key.get("kty").and_then(Value::as_str).is_none() {
            return Err(invalid("jwks has a key without kty"));
        }
        if client_keys::is_private(key) {
            return Err(invalid("jwks has a private key in it"));
        }
    }
    Ok(value)
}

fn lifetime(value: Option<Value>) -> Result<Option<i64>, Fault> {
    match member::<i64>("access_token_lifetime", value)? {
        Some(seconds) if !(1..=LONGEST_LIFETIME).contains(&seconds) => {
            Err(invalid("access_token_lifetime is not a number of seconds from 1 to 86400"))
        }
        seconds => Ok(seconds),
    }
}

fn invalid(about: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(ErrorCode::InvalidClientMetadata, about)
}

fn invalid_redirect_uri(about: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(ErrorCode::InvalidRedirectUri, about)
}
