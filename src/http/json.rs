//! JSON bodies as `/api/v1` takes them: bounded in size and time, strict, refused member by member. `D` only describes the
//! body in the OpenAPI document.

use std::marker::PhantomData;

use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use zeroize::Zeroizing;

use super::body::{LONGEST, Unread};
use super::form::FORM;
use crate::config::Server;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::members::Members;

pub const JSON: &str = "application/json";

/// A body that has not been read yet. `FORM_TOO`: whether it may be a form as well.
pub struct Json<D, const FORM_TOO: bool = false> {
    body: Unread,
    described: PhantomData<fn() -> D>,
}

/// The same members as JSON or as a form.
pub type JsonOrForm<D> = Json<D, true>;

impl<D, const FORM_TOO: bool> Json<D, FORM_TOO> {
    pub async fn read(self, settings: &Server) -> Outcome<Members> {
        let is_form = FORM_TOO && self.body.is(FORM);
        let bytes = self.bytes(settings).await?;
        Ok(if is_form { Members::from_form(bytes)? } else { Members::from_json(bytes)? })
    }

    /// The members of a body that may be left out.
    pub async fn read_if_any(self, settings: &Server) -> Outcome<Members> {
        let (is_json, is_form) = (self.body.is(JSON), FORM_TOO && self.body.is(FORM));
        let bytes = self.body.read(settings, LONGEST).await?;
        match bytes.is_empty() {
            true => Ok(Members::none()),
            false if is_form => Ok(Members::from_form(bytes)?),
            false if is_json => Ok(Members::from_json(bytes)?),
            false => Err(wrong_type(FORM_TOO).into()),
        }
    }

    /// The bytes of a document that has a parser of its own.
    pub async fn bytes(self, settings: &Server) -> Outcome<Zeroizing<Vec<u8>>> {
        self.body.check_length(LONGEST)?;
        let is_taken = self.body.is(JSON) || (FORM_TOO && self.body.is(FORM));
        if !is_taken {
            return Err(wrong_type(FORM_TOO).into());
        }
        self.body.read(settings, LONGEST).await
    }
}

fn wrong_type(form_too: bool) -> Refused {
    let about = if form_too {
        "the request's content type is neither application/json nor application/x-www-form-urlencoded"
    } else {
        "the request's content type is not application/json"
    };
    Refused::new(ErrorCode::UnsupportedMediaType, Reason::WrongMediaType, about)
}

impl<'a, D: Type, const FORM_TOO: bool> ApiExtractor<'a> for Json<D, FORM_TOO> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        D::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let kinds: &[&'static str] = if FORM_TOO { &[JSON, FORM] } else { &[JSON] };
        let content = kinds.iter().map(|kind| MetaMediaType { content_type: kind, schema: D::schema_ref() }).collect();
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
