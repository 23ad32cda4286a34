//! What requests and answers about clients hold.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;

use crate::http::answer::{
    Empty, FAILS_TO_CHANGE, FAILS_TO_FIND, FAILS_TO_MAKE, FAILS_TO_READ, FAILS_TO_REMOVE, HELD, PAGED, TAGGED, answer,
};

/// The members of the metadata, as a fault may name them.
pub const MEMBERS: [&str; 29] = [
    "client_name",
    "redirect_uris",
    "post_logout_redirect_uris",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "grant_types",
    "response_types",
    "scope",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "contacts",
    "client_uri",
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "jwks_uri",
    "jwks",
    "request_uris",
    "request_object_signing_alg",
    "application_type",
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "subject_type",
    "sector_identifier_uri",
    "default_max_age",
    "require_auth_time",
    "require_pkce",
    "audience",
    "access_token_lifetime",
];

/// RFC 7591 §2, and two members of this server.
#[derive(Object)]
#[oai(rename = "ClientMetadata")]
pub struct Metadata {
    client_name: Option<String>,
    redirect_uris: Option<Vec<String>>,
    /// Where a browser may be sent after logging out.
    post_logout_redirect_uris: Option<Vec<String>>,
    /// Where the client hears that a session is over.
    backchannel_logout_uri: Option<String>,
    /// `sid` is in every logout token anyway.
    backchannel_logout_session_required: Option<bool>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    /// Names with a space between them.
    scope: Option<String>,
    /// `client_secret_basic` (the default), `client_secret_post`, `client_secret_jwt`, `private_key_jwt` or `none`.
    token_endpoint_auth_method: Option<String>,
    /// By which algorithm it signs its assertions; without it, by any that fits its keys.
    token_endpoint_auth_signing_alg: Option<String>,
    contacts: Option<Vec<String>>,
    client_uri: Option<String>,
    logo_uri: Option<String>,
    policy_uri: Option<String>,
    tos_uri: Option<String>,
    jwks_uri: Option<String>,
    jwks: Option<Any<Value>>,
    /// Where it keeps requests that it has written down; others are not fetched.
    request_uris: Option<Vec<String>>,
    /// By which algorithm those are signed, or `none`; without it, by any that fits its keys, or not at all.
    request_object_signing_alg: Option<String>,
    application_type: Option<String>,
    id_token_signed_response_alg: Option<String>,
    /// Without it the userinfo endpoint answers in plain JSON.
    userinfo_signed_response_alg: Option<String>,
    /// `public` (the default), or `pairwise`: no client of another sector knows a user by the same `sub`.
    subject_type: Option<String>,
    /// Its host is the sector; without it, the one host of the redirect URIs.
    sector_identifier_uri: Option<String>,
    /// How old a sign-in may be, in seconds, where a request does not say.
    default_max_age: Option<u32>,
    /// `auth_time` is in every ID token anyway.
    require_auth_time: Option<bool>,
    /// Whether codes are bound to a challenge (RFC 7636): true, unless a client with a secret cannot do it.
    require_pkce: Option<bool>,
    /// The APIs that the client may ask tokens for.
    audience: Option<Vec<String>>,
    /// Seconds.
    access_token_lifetime: Option<i64>,
}

/// A client: what it registered, and what became of it.
#[derive(Object)]
#[oai(rename = "Client")]
pub struct ClientBody {
    client_id: String,
    client_name: String,
    /// Seconds since 1970.
    created_at: i64,
    updated_at: i64,
    disabled_at: Option<i64>,
    #[oai(flatten)]
    metadata: Registered,
}

/// What is always there of the metadata; the rest is as it was registered.
#[derive(Object)]
pub struct Registered {
    grant_types: Vec<String>,
    response_types: Vec<String>,
    token_endpoint_auth_method: String,
    token_endpoint_auth_signing_alg: Option<String>,
    application_type: String,
    id_token_signed_response_alg: Option<String>,
    userinfo_signed_response_alg: Option<String>,
    subject_type: Option<String>,
    sector_identifier_uri: Option<String>,
    default_max_age: Option<u32>,
    require_auth_time: Option<bool>,
    require_pkce: Option<bool>,
    redirect_uris: Option<Vec<String>>,
    /// Where a browser may be sent after logging out.
    post_logout_redirect_uris: Option<Vec<String>>,
    /// Where the client hears that a session is over.
    backchannel_logout_uri: Option<String>,
    /// `sid` is in every logout token anyway.
    backchannel_logout_session_required: Option<bool>,
    scope: Option<String>,
    contacts: Option<Vec<String>>,
    client_uri: Option<String>,
    logo_uri: Option<String>,
    policy_uri: Option<String>,
    tos_uri: Option<String>,
    jwks_uri: Option<String>,
    jwks: Option<Any<Value>>,
    request_uris: Option<Vec<String>>,
    request_object_signing_alg: Option<String>,
    audience: Option<Vec<String>>,
    access_token_lifetime: Option<i64>,
}

/// A client that was just made (RFC 7591 §3.2.1).
#[derive(Object)]
#[oai(rename = "NewClient")]
pub struct CreatedBody {
    client_id: String,
    /// Shown this once. A public client has none.
    client_secret: Option<String>,
    /// 0 is never.
    client_secret_expires_at: Option<i64>,
    client_name: Option<String>,
    #[oai(flatten)]
    metadata: Registered,
}

/// Clients in the order in which they were made.
#[derive(Object)]
#[oai(rename = "ClientPage")]
pub struct PageBody {
    items: Vec<ClientBody>,
    /// The cursor of the next page.
    next: Option<String>,
}

/// How long secrets live.
#[derive(Object)]
pub struct NewSecret {
    /// Seconds; without it the secret does not expire.
    expires_in: Option<i64>,
    /// Seconds after which all other secrets of the client end; without it they go on.
    others_expire_in: Option<i64>,
}

/// A secret that was just made.
#[derive(Object)]
#[oai(rename = "NewClientSecret")]
pub struct SecretCreatedBody {
    client_id: String,
    secret_id: String,
    /// Shown this once.
    client_secret: String,
    /// 0 is never.
    client_secret_expires_at: i64,
}

/// A secret, without its text.
#[derive(Object)]
#[oai(rename = "ClientSecret")]
pub struct SecretBody {
    secret_id: String,
    created_at: i64,
    expires_at: Option<i64>,
}

/// The secrets of a client.
#[derive(Object)]
#[oai(rename = "ClientSecrets")]
pub struct SecretsBody {
    items: Vec<SecretBody>,
}

answer!(Listed, PageBody, 200, "A page of clients", FAILS_TO_READ, PAGED);
answer!(Created, CreatedBody, 201, "The new client", FAILS_TO_MAKE, &[("Location", "Where it is")]);
answer!(Found, ClientBody, 200, "The client", FAILS_TO_FIND, TAGGED, HELD);
answer!(Changed, ClientBody, 200, "The client as it is now", FAILS_TO_CHANGE, TAGGED);
answer!(Removed, Empty, 204, "It is gone", FAILS_TO_REMOVE);
answer!(SecretsListed, SecretsBody, 200, "The secrets", FAILS_TO_FIND);
answer!(SecretCreated, SecretCreatedBody, 201, "The new secret", FAILS_TO_MAKE);
