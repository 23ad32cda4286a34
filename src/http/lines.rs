//! Bodies of one JSON value a line (NDJSON): read and written piece by piece, so that none is ever in memory as a whole.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use poem::{Body, Response};

use super::body::{Kind, Pieces, Typed};
use crate::config::Server;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;

pub const NDJSON: &str = "application/x-ndjson";

pub struct Ndjson;

impl Kind for Ndjson {
    const CONTENT_TYPES: &'static [&'static str] = &[NDJSON];
}

/// A body of lines, each of which is a `D`.
pub type Lines<D> = Typed<D, Ndjson>;

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
