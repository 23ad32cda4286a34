//! Bodies of one JSON value a line (NDJSON): read and written piece by piece, so that none is ever in memory as a whole.

use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use poem::{Body, Request, RequestBody, Response};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::body::{Pieces, Unread};
use crate::config::Server;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;

pub const NDJSON: &str = "application/x-ndjson";

/// A body of lines, each of which is a `D`, that has not been read yet.
pub struct Lines<D> {
    body: Unread,
    described: PhantomData<fn() -> D>,
}

impl<D> Lines<D> {
    /// What arrives of it, up to `longest` bytes.
    pub fn pieces(self, settings: &Server, longest: u64) -> Outcome<Pieces> {
        if !self.body.is(NDJSON) {
            let about = "the request's content type is not application/x-ndjson";
            return Err(Refused::new(ErrorCode::UnsupportedMediaType, Reason::WrongMediaType, about).into());
        }
        self.body.pieces(Duration::from_secs(settings.body_timeout_seconds), longest)
    }
}

/// An answer of lines, written as they come. A failure cuts it off, so that nobody takes a part for the whole.
pub fn answer<S>(lines: S) -> Response
where
    S: Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static,
{
    Response::builder()
        .header(CONTENT_TYPE, const { HeaderValue::from_static(NDJSON) })
        .body(Body::from_bytes_stream(lines.boxed()))
}

impl<'a, D: Type> ApiExtractor<'a> for Lines<D> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        D::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: NDJSON, schema: D::schema_ref() }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        Ok(Self { body: Unread::of(request, body)?, described: PhantomData })
    }
}
