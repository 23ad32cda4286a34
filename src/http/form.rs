//! Forms as OAuth endpoints take them (RFC 6749 §3.2, appendix B): bounded in size and time, strict, and refused in the
//! RFC's own words. `D` only describes the form in the OpenAPI document.

use std::marker::PhantomData;

use http::Method;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::body::{LONGEST, Unread, malformed};
use crate::config::Server;
use crate::failure::Outcome;
use crate::protocol::params::Params;

pub const FORM: &str = "application/x-www-form-urlencoded";

/// A form that has not been read yet.
pub struct Form<D> {
    body: Unread,
    described: PhantomData<fn() -> D>,
}

impl<D> Form<D> {
    pub async fn read(self, settings: &Server) -> Outcome<Params> {
        self.body.check_length(LONGEST)?;
        if !self.body.is(FORM) {
            return Err(malformed("the request's content type is not application/x-www-form-urlencoded"));
        }
        Ok(Params::parse(&self.body.read(settings, LONGEST).await?)?)
    }
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
        Ok(Self { body: Unread::of(request, body)?, described: PhantomData })
    }
}
