//! The key set — RFC 7517 §5: rendered once per change of the keys.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use poem::{Request, Response};
use poem_openapi::{Object, OpenApi};

use super::answer::{Answer, Described};
use super::context::settle;
use super::document::Document;
use super::reply::Manner;
use super::tags::Tag;
use crate::app::App;
use crate::failure::{Broken, Failure, Outcome};

pub const PATH: &str = "/.well-known/jwks.json";

/// RFC 7517 §5.
#[derive(Object)]
#[oai(rename = "JwkSet")]
struct JwkSetBody {
    /// Public keys, each with `kid`, `kty`, `alg` and `use`.
    keys: Vec<poem_openapi::types::Any<serde_json::Value>>,
}

struct KeySet;
impl Described for KeySet {
    type Body = JwkSetBody;
    const CONTENT_TYPE: &'static str = "application/jwk-set+json";
    const SUCCESS: &'static str = "The public keys";
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] = &[];
    const HEADERS: &'static [(&'static str, &'static str)] =
        &[("Cache-Control", "How long the keys may be kept"), ("ETag", "Names this version of the key set")];
    const OTHERS: &'static [(u16, &'static str)] = &[(304, "Not changed since the version in If-None-Match")];
}

pub struct JwksApi {
    app: Arc<App>,
    rendered: ArcSwapOption<(String, Document)>,
}

impl JwksApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app, rendered: ArcSwapOption::empty() }
    }

    fn answer(&self, request: &Request) -> Outcome<Response> {
        let ring = self.app.keyring.ring();
        let published = ring.published();
        if let Some(rendered) = self.rendered.load().as_deref()
            && rendered.0 == published.etag
        {
            return Ok(rendered.1.answer(request));
        }
        let max_age = self.app.config.keys.jwks_max_age_seconds;
        let document = Document::new(published.body.clone(), KeySet::CONTENT_TYPE, &published.etag, max_age)
            .ok_or_else(|| {
                Failure::Broken(Broken { what: "http", source: "the key set has no tag".into(), passing: false })
            })?;
        let response = document.answer(request);
        self.rendered.store(Some(Arc::new((published.etag.clone(), document))));
        Ok(response)
    }
}

#[OpenApi(tag = "Tag::Documents")]
impl JwksApi {
    /// The public keys
    ///
    /// RFC 7517. Keep them for as long as Cache-Control says; on an unknown `kid` fetch them once more, at most every few
    /// seconds.
    #[oai(path = "/.well-known/jwks.json", method = "get", operation_id = "jwks")]
    async fn jwks(&self, request: &Request) -> Answer<KeySet> {
        settle(self.answer(request), Manner::Problem, request, &self.app).into()
    }
}
