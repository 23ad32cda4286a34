//! Discovery — RFC 8414 §3. The document lists what works and nothing else. OpenID Connect's own document comes when people
//! can sign in: without an authorization endpoint it would not be one.

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
use super::{docs, jwks};
use crate::app::App;
use crate::directory::Scopes;
use crate::failure::{Broken, Failure, Outcome};
use crate::grants;
use crate::protocol::client_authentication::AuthMethod;
use crate::protocol::discovery::Metadata;

/// How long a client library may keep the document.
const MAX_AGE_SECONDS: u64 = 300;

/// RFC 8414 §2.
#[derive(Object)]
#[oai(rename = "AuthorizationServerMetadata")]
struct MetadataBody {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<String>,
    response_types_supported: Vec<String>,
    grant_types_supported: Vec<String>,
    token_endpoint_auth_methods_supported: Vec<String>,
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<String>,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<String>,
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
    rendered: ArcSwapOption<(Arc<Scopes>, Document)>,
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
                (Err(_), Some((_, document))) => return Ok(document.answer(request)),
                (Err(error), None) => return Err(error.into()),
            },
        };
        if let Some((of, document)) = rendered.as_deref()
            && Arc::ptr_eq(of, &scopes)
        {
            return Ok(document.answer(request));
        }
        let document = self.render(&scopes)?;
        let response = document.answer(request);
        self.rendered.store(Some(Arc::new((scopes, document))));
        Ok(response)
    }

    fn render(&self, scopes: &Scopes) -> Outcome<Document> {
        let broken = |source: String| Failure::Broken(Broken { what: "http", source, passing: false });
        let body = serde_json::to_vec(&metadata(&self.app, scopes)).map_err(|error| broken(error.to_string()))?;
        let etag = format!("\"{}\"", BASE64URL.encode(&Sha256::digest(&body)[..12]));
        Document::new(body.into(), ServerMetadata::CONTENT_TYPE, &etag, MAX_AGE_SECONDS)
            .ok_or_else(|| broken("the document has no tag".to_owned()))
    }
}

fn metadata(app: &App, scopes: &Scopes) -> Metadata {
    let issuer = &app.config.issuer;
    let with_secret = vec![AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];
    Metadata {
        issuer: issuer.as_str().to_owned(),
        token_endpoint: issuer.endpoint("/oauth2/token"),
        jwks_uri: issuer.endpoint(jwks::PATH),
        scopes_supported: scopes.known.difference(&scopes.identity).iter().map(ToString::to_string).collect(),
        grant_types_supported: grants::SERVED.to_vec(),
        token_endpoint_auth_methods_supported: with_secret.clone(),
        revocation_endpoint: Some(issuer.endpoint("/oauth2/revoke")),
        revocation_endpoint_auth_methods_supported: AuthMethod::SERVED.to_vec(),
        introspection_endpoint: Some(issuer.endpoint("/oauth2/introspect")),
        introspection_endpoint_auth_methods_supported: with_secret,
        service_documentation: Some(issuer.endpoint(docs::PATH)),
        ..Metadata::default()
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
}
