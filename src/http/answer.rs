//! Answers with their place in the OpenAPI document. The handler makes the response; `D` says what may be in it.

use std::marker::PhantomData;

use poem::{IntoResponse, Response};
use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, Object};

use super::reply::Manner;

/// What an endpoint may answer.
pub trait Described {
    /// What a success holds; `Empty` when it has no body.
    type Body: Body;
    const CONTENT_TYPE: &'static str = "application/json";
    const SUCCESS: &'static str;
    /// How its errors look, and which of them it has besides 503.
    const MANNER: Manner;
    const FAILURES: &'static [(u16, &'static str)];
    const HEADERS: &'static [(&'static str, &'static str)] = &[];
    /// Further answers without a body.
    const OTHERS: &'static [(u16, &'static str)] = &[];
}

/// No body at all.
pub struct Empty;

/// A body that the document can describe.
pub trait Body {
    fn schema() -> Option<MetaSchemaRef>;
    fn register(registry: &mut Registry);
}

impl Body for Empty {
    fn schema() -> Option<MetaSchemaRef> {
        None
    }
    fn register(_: &mut Registry) {}
}

impl<T: Type> Body for T {
    fn schema() -> Option<MetaSchemaRef> {
        Some(T::schema_ref())
    }
    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// A response to what `D` describes.
pub struct Answer<D>(Response, PhantomData<fn() -> D>);

impl<D> From<Response> for Answer<D> {
    fn from(response: Response) -> Self {
        Self(response, PhantomData)
    }
}

impl<D: Send> IntoResponse for Answer<D> {
    fn into_response(self) -> Response {
        self.0
    }
}

/// RFC 6749 §5.2.
#[derive(Object)]
#[oai(rename = "OAuthError")]
struct OAuthErrorBody {
    /// The code; docs/errors.md explains each.
    error: String,
    /// A sentence for developers.
    error_description: String,
    /// The id under which the server's log says more.
    request_id: Option<String>,
}

/// RFC 9457.
#[derive(Object)]
#[oai(rename = "Problem")]
struct ProblemBody {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    /// The code; docs/errors.md explains each.
    code: String,
    /// The id under which the server's log says more.
    request_id: String,
}

impl<D: Described> ApiResponse for Answer<D> {
    fn meta() -> MetaResponses {
        let success = D::Body::schema().map(|schema| MetaMediaType { content_type: D::CONTENT_TYPE, schema });
        let headers = D::HEADERS.iter().map(|(name, about)| header(name, about)).collect();
        let mut responses = vec![response(200, D::SUCCESS, success.into_iter().collect(), headers)];
        responses.extend(D::OTHERS.iter().map(|(status, about)| response(*status, about, Vec::new(), Vec::new())));
        for (status, about) in D::FAILURES.iter().chain(&[(503, "Something that the server needs is away; try again")])
        {
            let headers = match status {
                401 => vec![header("WWW-Authenticate", "What would let the caller in")],
                503 => vec![header("Retry-After", "Seconds to wait")],
                _ => Vec::new(),
            };
            responses.push(response(*status, about, vec![error_body(D::MANNER)], headers));
        }
        MetaResponses { responses }
    }

    fn register(registry: &mut Registry) {
        D::Body::register(registry);
        match D::MANNER {
            Manner::OAuth => <OAuthErrorBody as Type>::register(registry),
            Manner::Problem => <ProblemBody as Type>::register(registry),
        }
    }
}

fn error_body(manner: Manner) -> MetaMediaType {
    match manner {
        Manner::OAuth => MetaMediaType { content_type: "application/json", schema: OAuthErrorBody::schema_ref() },
        Manner::Problem => {
            MetaMediaType { content_type: "application/problem+json", schema: ProblemBody::schema_ref() }
        }
    }
}

fn response(status: u16, about: &'static str, content: Vec<MetaMediaType>, headers: Vec<MetaHeader>) -> MetaResponse {
    MetaResponse { description: about, status: Some(status), status_range: None, content, headers }
}

fn header(name: &str, about: &str) -> MetaHeader {
    MetaHeader {
        name: name.to_owned(),
        description: Some(about.to_owned()),
        required: false,
        deprecated: false,
        schema: String::schema_ref(),
    }
}
