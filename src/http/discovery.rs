//! Discovery — RFC 8414 §3, OpenID Connect Discovery 1.0 §4. The document lists what works and nothing else, and is the same in
//! both places.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use poem::{Request, Response};
use poem_openapi::{Object, OpenApi};
use sha2::{Digest, Sha256};

use super::answer::{Answer, Described};
use super::context::settle;
use super::document::Document;
use super::reply::Manner;
use super::tags::Tag;
use super::{authorization, docs, introspection, jwks, logout, registration, revocation, token, userinfo};
use crate::app::App;
use crate::directory::Scopes;
use crate::failure::{Broken, Failure, Outcome};
use crate::grants;
use crate::protocol::authorization::ResponseMode;
use crate::protocol::client_authentication::AuthMethod;
use crate::protocol::client_keys::ClientAlgorithm;
use crate::protocol::client_metadata::{ResponseType, SubjectType};
use crate::protocol::discovery::Metadata;
use crate::protocol::id_token::CLASSES;
use crate::protocol::jwk::Algorithm;
use crate::protocol::request_object::ObjectAlgorithm;
use crate::protocol::{pkce, userinfo as about_users};

/// How long a client library may keep the document.
const MAX_AGE_SECONDS: u64 = 300;
/// What an ID token may say, besides what it is asked to say of the user.
const CLAIMS: [&str; 12] =
    ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid", "at_hash"];
/// OpenID Connect Core §3.1.2.1; and where people may make accounts, what asks for one.
const PROMPTS: [&str; 4] = ["none", "login", "consent", "select_account"];
const CREATE: &str = "create";

/// RFC 8414 §2.
#[derive(Object)]
#[oai(rename = "AuthorizationServerMetadata")]
struct MetadataBody {
    issuer: String,
    authorization_endpoint: String,
    authorization_response_iss_parameter_supported: bool,
    token_endpoint: String,
    userinfo_endpoint: String,
    end_session_endpoint: String,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    registration_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<String>,
    response_types_supported: Vec<String>,
    response_modes_supported: Vec<String>,
    code_challenge_methods_supported: Vec<String>,
    subject_types_supported: Vec<String>,
    id_token_signing_alg_values_supported: Vec<String>,
    userinfo_signing_alg_values_supported: Vec<String>,
    acr_values_supported: Vec<String>,
    claim_types_supported: Vec<String>,
    claims_supported: Vec<String>,
    prompt_values_supported: Vec<String>,
    display_values_supported: Vec<String>,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    require_request_uri_registration: bool,
    request_object_signing_alg_values_supported: Vec<String>,
    grant_types_supported: Vec<String>,
    token_endpoint_auth_methods_supported: Vec<String>,
    token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<String>,
    revocation_endpoint_auth_signing_alg_values_supported: Vec<String>,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<String>,
    introspection_endpoint_auth_signing_alg_values_supported: Vec<String>,
    service_documentation: String,
}

struct ServerMetadata;
impl Described for ServerMetadata {
    type Body = MetadataBody;
    const SUCCESS: &'static str = "What this server can do, and where";
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] = &[];
    const HEADERS: &'static [(&'static str, &'static str)] =
        &[("Cache-Control", "How long the document may be kept"), ("ETag", "Names this version of it")];
    const OTHERS: &'static [(u16, &'static str)] = &[(304, "Not changed since the version in If-None-Match")];
}

pub struct DiscoveryApi {
    app: Arc<App>,
    rendered: ArcSwapOption<Rendered>,
}

/// The document, and what it was made of.
struct Rendered {
    scopes: Arc<Scopes>,
    algorithms: Vec<Algorithm>,
    document: Document,
}

impl DiscoveryApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app, rendered: ArcSwapOption::empty() }
    }

    /// While the store is away the last document goes on, without waiting: who verifies tokens must not feel it.
    async fn answer(&self, request: &Request) -> Outcome<Response> {
        let rendered = self.rendered.load();
        let scopes = match (self.app.directory.scopes_last_read(), rendered.as_deref()) {
            (Some(scopes), _) => scopes,
            (None, rendered) => match (self.app.directory.scopes().await, rendered) {
                (Ok(scopes), _) => scopes,
                (Err(_), Some(rendered)) => return Ok(rendered.document.answer(request)),
                (Err(error), None) => return Err(error.into()),
            },
        };
        let algorithms = self.app.keyring.ring().algorithms();
        if let Some(rendered) = rendered.as_deref()
            && Arc::ptr_eq(&rendered.scopes, &scopes)
            && rendered.algorithms == algorithms
        {
            return Ok(rendered.document.answer(request));
        }
        let document = self.render(&scopes, &algorithms)?;
        let response = document.answer(request);
        self.rendered.store(Some(Arc::new(Rendered { scopes, algorithms, document })));
        Ok(response)
    }

    fn render(&self, scopes: &Scopes, algorithms: &[Algorithm]) -> Outcome<Document> {
        let broken = |source: String| Failure::Broken(Broken { what: "http", source, passing: false });
        let body =
            serde_json::to_vec(&metadata(&self.app, scopes, algorithms)).map_err(|error| broken(error.to_string()))?;
        let etag = format!("\"{}\"", BASE64URL.encode(&Sha256::digest(&body)[..12]));
        Document::new(body.into(), ServerMetadata::CONTENT_TYPE, &etag, MAX_AGE_SECONDS)
            .ok_or_else(|| broken("the document has no tag".to_owned()))
    }
}

fn metadata(app: &App, scopes: &Scopes, algorithms: &[Algorithm]) -> Metadata {
    let issuer = &app.config.issuer;
    let create = app.config.accounts.registration.then_some(CREATE);
    let prompts = PROMPTS.into_iter().chain(create).collect();
    Metadata {
        issuer: issuer.as_str().to_owned(),
        authorization_endpoint: Some(issuer.endpoint(authorization::PATH)),
        authorization_response_iss_parameter_supported: true,
        response_types_supported: ResponseType::ALL.to_vec(),
        response_modes_supported: ResponseMode::ALL.to_vec(),
        code_challenge_methods_supported: vec![pkce::METHOD],
        subject_types_supported: SubjectType::ALL.to_vec(),
        id_token_signing_alg_values_supported: algorithms.to_vec(),
        userinfo_endpoint: Some(issuer.endpoint(userinfo::PATH)),
        end_session_endpoint: Some(issuer.endpoint(logout::PATH)),
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        userinfo_signing_alg_values_supported: algorithms.to_vec(),
        // Whether or not it is open: whoever has an initial access token can use it.
        registration_endpoint: Some(issuer.endpoint(registration::PATH)),
        acr_values_supported: CLASSES.to_vec(),
        claim_types_supported: vec!["normal"],
        claims_supported: CLAIMS.into_iter().chain(about_users::names()).collect(),
        prompt_values_supported: prompts,
        display_values_supported: vec!["page"],
        claims_parameter_supported: true,
        request_parameter_supported: true,
        request_uri_parameter_supported: true,
        require_request_uri_registration: true,
        request_object_signing_alg_values_supported: ObjectAlgorithm::all().collect(),
        token_endpoint: issuer.endpoint(token::PATH),
        jwks_uri: issuer.endpoint(jwks::PATH),
        scopes_supported: scopes.known.iter().map(ToString::to_string).collect(),
        grant_types_supported: grants::SERVED.to_vec(),
        token_endpoint_auth_methods_supported: AuthMethod::ALL.to_vec(),
        token_endpoint_auth_signing_alg_values_supported: ClientAlgorithm::ALL.to_vec(),
        revocation_endpoint: Some(issuer.endpoint(revocation::PATH)),
        revocation_endpoint_auth_methods_supported: AuthMethod::ALL.to_vec(),
        revocation_endpoint_auth_signing_alg_values_supported: ClientAlgorithm::ALL.to_vec(),
        introspection_endpoint: Some(issuer.endpoint(introspection::PATH)),
        introspection_endpoint_auth_methods_supported: AuthMethod::confidential().collect(),
        introspection_endpoint_auth_signing_alg_values_supported: ClientAlgorithm::ALL.to_vec(),
        service_documentation: Some(issuer.endpoint(docs::PATH)),
    }
}

#[OpenApi(tag = "Tag::Documents")]
impl DiscoveryApi {
    /// What this server can do
    ///
    /// RFC 8414: the metadata by which client libraries configure themselves.
    #[oai(path = "/.well-known/oauth-authorization-server", method = "get", operation_id = "metadata")]
    async fn metadata(&self, request: &Request) -> Answer<ServerMetadata> {
        settle(self.answer(request).await, Manner::Problem, request, &self.app).into()
    }

    /// What this server can do, for OpenID Connect
    ///
    /// The same, where OpenID Connect Discovery 1.0 looks for it.
    #[oai(path = "/.well-known/openid-configuration", method = "get", operation_id = "openidConfiguration")]
    async fn openid_configuration(&self, request: &Request) -> Answer<ServerMetadata> {
        settle(self.answer(request).await, Manner::Problem, request, &self.app).into()
    }
}
