//! The documentation: `/openapi.json`, and a page at `/docs` that shows it. Everything is inside the binary; the page's
//! policy lets it load from and talk to this server alone.

use std::io::{Read, Write};
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY,
};
use http::{HeaderMap, HeaderValue};
use poem::{Endpoint, Request, Response, Result};
use sha2::{Digest, Sha256};

pub const PATH: &str = "/docs";
pub const SPECIFICATION_PATH: &str = "/openapi.json";

/// The page as it came from the UI's crate, made on the first visit: until then nobody pays for it.
pub type Render = Box<dyn Fn() -> String + Send + Sync>;

/// A page that is kept compressed.
pub struct DocsPage {
    render: Render,
    page: OnceLock<Page>,
}

struct Page {
    text: Text,
    policy: HeaderValue,
}

/// A document that is kept compressed, and plain once somebody has asked for it so: answers share these bytes, so that a
/// reader who is slow costs nothing.
struct Text {
    compressed: Bytes,
    plain: OnceLock<Bytes>,
}

impl DocsPage {
    pub fn new(render: Render) -> Self {
        Self { render, page: OnceLock::new() }
    }
}

impl Endpoint for DocsPage {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let page = self.page.get_or_init(|| Page::of(&(self.render)()));
        let mut response = page.text.answer(request.headers(), "text/html; charset=utf-8");
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, page.policy.clone());
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        Ok(response)
    }
}

impl Page {
    fn of(html: &str) -> Self {
        // The crate's template has neither a doctype nor a language, which browsers and screen readers miss.
        let html = html.replacen("<html charset=\"UTF-8\">", "<!doctype html>\n<html lang=\"en\">", 1).replacen(
            "<title>Swagger UI</title>",
            "<title>Countersign: API</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
            1,
        );
        let policy = policy(&script_hashes(&html));
        Self { text: Text::of(html.trim_start()), policy }
    }
}

/// The page's scripts are inline: each is allowed by its hash, and no other runs.
fn policy(scripts: &[String]) -> HeaderValue {
    let scripts: String = scripts.iter().map(|hash| format!(" 'sha256-{hash}'")).collect();
    let policy = format!(
        "default-src 'none'; script-src{scripts}; style-src 'unsafe-inline'; img-src data:; font-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

fn script_hashes(html: &str) -> Vec<String> {
    let mut hashes = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find("<script") {
        let Some(open) = rest[start..].find('>') else { break };
        let body = &rest[start + open + 1..];
        let Some(end) = body.find("</script>") else { break };
        hashes.push(BASE64.encode(Sha256::digest(&body.as_bytes()[..end])));
        rest = &body[end..];
    }
    hashes
}

/// `/openapi.json`.
pub struct Specification(Text);

impl Specification {
    pub fn new(json: &str) -> Arc<Self> {
        Arc::new(Self(Text::of(json)))
    }
}

impl Endpoint for Specification {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        Ok(self.0.answer(request.headers(), "application/json"))
    }
}

impl Text {
    fn of(text: &str) -> Self {
        Self { compressed: compress(text.as_bytes()), plain: OnceLock::new() }
    }

    fn answer(&self, asked: &HeaderMap, content_type: &'static str) -> Response {
        let mut response = Response::builder()
            .header(CONTENT_TYPE, content_type)
            .header(CACHE_CONTROL, "public, max-age=300")
            .header(VARY, ACCEPT_ENCODING);
        let body = if takes_gzip(asked) {
            response = response.header(CONTENT_ENCODING, "gzip");
            self.compressed.clone()
        } else {
            self.plain.get_or_init(|| decompress(&self.compressed)).clone()
        };
        response.body(body)
    }
}

/// RFC 9110 §12.5.3, as far as it is about gzip: named, and not with a weight of nothing.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let values = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        is_gzip && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// Writing to memory does not fail; what could not be written would be an empty page.
fn compress(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default().into()
}

fn decompress(bytes: &[u8]) -> Bytes {
    let mut plain = Vec::new();
    match GzDecoder::new(bytes).read_to_end(&mut plain) {
        Ok(_) => plain.into(),
        Err(_) => Bytes::new(),
    }
}
