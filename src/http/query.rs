//! Parameters of a query as `/api/v1` takes them: each at most once, and with a value that can be meant.

use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use url::form_urlencoded;

use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;

/// Longer than any text that is looked for.
const LONGEST: usize = 256;

/// A parameter of the query as it came.
pub enum Given {
    Not,
    Once(String),
    Again,
}

impl Given {
    pub fn of(request: &Request, name: &str) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let mut values =
            form_urlencoded::parse(query.as_bytes()).filter(|(each, _)| each == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Self::Not,
            (Some(value), None) => Self::Once(value.into_owned()),
            (Some(_), Some(_)) => Self::Again,
        }
    }
}

/// A parameter that is described as a `T`.
pub struct Query<T> {
    name: &'static str,
    given: Given,
    described: std::marker::PhantomData<fn() -> T>,
}

impl<T> Query<T> {
    /// What `read` makes of the text; `None` when the parameter is not there.
    pub fn read<V>(self, read: impl FnOnce(&str) -> Option<V>) -> Outcome<Option<V>> {
        match &self.given {
            Given::Not => Ok(None),
            Given::Once(text) if text.len() <= LONGEST && !text.contains(char::is_control) => match read(text) {
                Some(value) => Ok(Some(value)),
                None => Err(self.refused("is nothing that it can be")),
            },
            Given::Once(_) => Err(self.refused("is too long, or has a control character in it")),
            Given::Again => Err(self.refused("is there more than once")),
        }
    }

    fn refused(&self, why: &str) -> Failure {
        let about = format!("the parameter {} {why}", self.name);
        Refused::new(ErrorCode::InvalidRequest, Reason::Malformed, about).into()
    }
}

impl Query<String> {
    /// The text, whatever it says; one that is empty asks for nothing.
    pub fn text(self) -> Outcome<Option<String>> {
        Ok(self.read(|text| Some(text.to_owned()))?.filter(|text| !text.is_empty()))
    }
}

impl Query<bool> {
    pub fn flag(self) -> Outcome<Option<bool>> {
        self.read(|text| match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        })
    }
}

impl<'a, T: Type> ApiExtractor<'a> for Query<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    type ParamType = ();
    type ParamRawType = ();

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Query)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(T::schema_ref())
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        options: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        let name = options.name;
        Ok(Self { name, given: Given::of(request, name), described: std::marker::PhantomData })
    }
}
