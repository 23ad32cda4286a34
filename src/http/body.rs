//! Bodies of requests, bounded in size and in time.

use std::io;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use poem::{Body, Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use zeroize::Zeroizing;

use crate::config::Server;
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;

/// The longest body that an endpoint reads, unless it says otherwise.
pub const LONGEST: usize = 64 * 1024;

/// A body that has not been read yet.
pub struct Unread {
    body: Body,
    announced: Option<u64>,
    media_type: Option<String>,
}

impl Unread {
    pub fn of(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        let headers = request.headers();
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Self { body: body.take()?, announced, media_type: media_type(headers) })
    }

    /// Whether the one content type of the request is `name`, whatever its parameters are.
    pub fn is(&self, name: &str) -> bool {
        self.media_type.as_deref().is_some_and(|media_type| media_type.eq_ignore_ascii_case(name))
    }

    /// Refuses a body that is said to be longer: nothing of it needs to arrive.
    pub fn check_length(&self, longest: usize) -> Result<(), Refused> {
        if self.announced.is_some_and(|length| length > longest as u64) { Err(too_large()) } else { Ok(()) }
    }

    /// The bytes, in a buffer that is wiped when it is dropped: secrets may be among them.
    pub async fn read(self, settings: &Server, longest: usize) -> Outcome<Zeroizing<Vec<u8>>> {
        self.check_length(longest)?;
        let patience = Duration::from_secs(settings.body_timeout_seconds);
        tokio::time::timeout(patience, self.bytes(longest)).await.unwrap_or_else(|_| Err(too_slow().into()))
    }

    /// The bytes as they arrive, none of them later than `patience` after the one before.
    pub fn pieces(self, patience: Duration, longest: u64) -> Outcome<Pieces> {
        if self.announced.is_some_and(|length| length > longest) {
            return Err(too_large().into());
        }
        Ok(Pieces { chunks: self.body.into_bytes_stream().boxed(), left: longest, patience })
    }

    /// A buffer that grows leaves copies behind, so it has its size from the beginning.
    async fn bytes(self, longest: usize) -> Outcome<Zeroizing<Vec<u8>>> {
        let size = self.announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(longest);
        let mut bytes = Zeroizing::new(Vec::with_capacity(size.min(longest)));
        let mut chunks = self.body.into_bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| malformed("the request's body cannot be read"))?;
            if bytes.len() + chunk.len() > longest {
                return Err(too_large().into());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// What a body may be written in.
pub trait Kind {
    const CONTENT_TYPES: &'static [&'static str];
    const REQUIRED: bool = true;
}

/// A body of some kind that has not been read yet. `D` only describes it in the OpenAPI document.
pub struct Typed<D, K> {
    pub(super) body: Unread,
    described: PhantomData<fn() -> (D, K)>,
}

impl<'a, D: Type, K: Kind> ApiExtractor<'a> for Typed<D, K> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        D::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let media = |kind: &&'static str| MetaMediaType { content_type: kind, schema: D::schema_ref() };
        let content = K::CONTENT_TYPES.iter().map(media).collect();
        Some(MetaRequest { description: None, content, required: K::REQUIRED })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        Ok(Self { body: Unread::of(request, body)?, described: PhantomData })
    }
}

/// A body of which not all is ever held.
pub struct Pieces {
    chunks: BoxStream<'static, io::Result<Bytes>>,
    left: u64,
    patience: Duration,
}

impl Pieces {
    pub async fn next(&mut self) -> Outcome<Option<Bytes>> {
        let chunk = tokio::time::timeout(self.patience, self.chunks.next()).await.map_err(|_| too_slow())?;
        let Some(chunk) = chunk else { return Ok(None) };
        let chunk = chunk.map_err(|_| malformed("the request's body cannot be read"))?;
        self.left = self.left.checked_sub(chunk.len() as u64).ok_or_else(too_large)?;
        Ok(Some(chunk))
    }
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let only = types.next().filter(|_| types.next().is_none());
    Some(only?.to_str().ok()?.split(';').next()?.trim().to_owned())
}

fn too_large() -> Refused {
    Refused::new(ErrorCode::InvalidRequest, Reason::BodyTooLarge, "the request's body is too large")
}

fn too_slow() -> Refused {
    let about = "the request's body did not arrive in time";
    Refused::new(ErrorCode::InvalidRequest, Reason::BodyTooSlow, about)
}

pub fn malformed(about: &'static str) -> Failure {
    Refused::new(ErrorCode::InvalidRequest, Reason::Malformed, about).into()
}
