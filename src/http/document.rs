//! Documents that are rendered once and read often: an entity tag, a constant max-age, and 304 for who has it already.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use http::{HeaderValue, StatusCode};
use poem::{Request, Response};

use super::etag::ETag;

/// A document with its headers, ready to be sent.
#[derive(Clone, Debug)]
pub struct Document {
    body: Bytes,
    content_type: HeaderValue,
    etag: ETag,
    cache_control: HeaderValue,
}

impl Document {
    /// `None` when the tag is no header value, which no tag made here is.
    pub fn new(body: Bytes, content_type: &'static str, etag: &str, max_age_seconds: u64) -> Option<Self> {
        Some(Self {
            body,
            content_type: HeaderValue::from_static(content_type),
            etag: ETag::from_text(etag)?,
            cache_control: HeaderValue::from_str(&format!("public, max-age={max_age_seconds}")).ok()?,
        })
    }

    /// RFC 9110 §13.1.2.
    pub fn answer(&self, request: &Request) -> Response {
        let unchanged = self.etag.is_held(request.headers());
        let mut response = Response::default();
        let headers = response.headers_mut();
        headers.insert(ETAG, self.etag.header());
        headers.insert(CACHE_CONTROL, self.cache_control.clone());
        if unchanged {
            response.set_status(StatusCode::NOT_MODIFIED);
        } else {
            headers.insert(CONTENT_TYPE, self.content_type.clone());
            response.set_body(self.body.clone());
        }
        response
    }
}
