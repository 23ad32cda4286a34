//! Forms as OAuth endpoints take them (RFC 6749 §3.2, appendix B): bounded in size and time, strict, and refused in the
//! RFC's own words. `D` only describes the form in the OpenAPI document.

use std::marker::PhantomData;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method};
use poem::error::ReadBodyError;
use poem::{Body, Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::config::Server;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::params::Params;

pub const FORM: &str = "application/x-www-form-urlencoded";
/// The longest body that an OAuth endpoint reads.
pub const LONGEST: usize = 64 * 1024;

/// A form that has not been read yet.
pub struct Form<D> {
    body: Body,
    is_form: bool,
    announced: Option<u64>,
    described: PhantomData<fn() -> D>,
}

impl<D> Form<D> {
    pub async fn read(self, settings: &Server) -> Outcome<Params> {
        let malformed = |about: &'static str| Refused::new(ErrorCode::InvalidRequest, Reason::Malformed, about);
        let too_large = || {
            let about = "the request's body is too large";
            Refused::new(ErrorCode::InvalidRequest, Reason::BodyTooLarge, about)
        };
        if self.announced.is_some_and(|length| length > LONGEST as u64) {
            return Err(too_large().into());
        }
        if !self.is_form {
            return Err(malformed("the request's content type is not application/x-www-form-urlencoded").into());
        }
        let patience = Duration::from_secs(settings.body_timeout_seconds);
        let read = tokio::time::timeout(patience, self.body.into_bytes_limit(LONGEST)).await;
        let bytes = match read {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(ReadBodyError::PayloadTooLarge)) => return Err(too_large().into()),
            Ok(Err(_)) => return Err(malformed("the request's body cannot be read").into()),
            Err(_) => {
                let about = "the request's body did not arrive in time";
                return Err(Refused::new(ErrorCode::InvalidRequest, Reason::BodyTooSlow, about).into());
            }
        };
        Ok(Params::parse(&bytes)?)
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let only = types.next().filter(|_| types.next().is_none());
    only.and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM))
}

impl<'a, D: Type> ApiExtractor<'a> for Form<D> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        D::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: FORM, schema: D::schema_ref() }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        debug_assert_eq!(request.method(), Method::POST, "forms are posted");
        let headers = request.headers();
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Self { body: body.take()?, is_form: is_form(headers), announced, described: PhantomData })
    }
}
