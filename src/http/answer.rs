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
    /// What a success answers.
    const STATUS: u16 = 200;
    /// How its errors look, and which of them it has besides 503.
    const MANNER: Manner;
    const FAILURES: &'static [(u16, &'static str)];
    const HEADERS: &'static [(&'static str, &'static str)] = &[];
    /// Further answers without a body.
    const OTHERS: &'static [(u16, &'static str)] = &[];
}

/// How reading at `/api/v1` may fail.
pub const FAILS_TO_READ: &[(u16, &str)] = &[BAD_REQUEST, NO_TOKEN, NO_SCOPE, TOO_MANY];
/// How reading one thing may fail.
pub const FAILS_TO_FIND: &[(u16, &str)] = &[BAD_REQUEST, NO_TOKEN, NO_SCOPE, NOT_FOUND, TOO_MANY];
/// How making something, or starting an act, may fail.
pub const FAILS_TO_MAKE: &[(u16, &str)] =
    &[BAD_REQUEST, NO_TOKEN, NO_SCOPE, NOT_FOUND, CONFLICT, TOO_SLOW, TOO_LARGE, WRONG_TYPE, BAD_FIELDS, TOO_MANY];
/// How changing something may fail.
pub const FAILS_TO_CHANGE: &[(u16, &str)] = &[
    BAD_REQUEST,
    NO_TOKEN,
    NO_SCOPE,
    NOT_FOUND,
    CONFLICT,
    CHANGED,
    TOO_SLOW,
    TOO_LARGE,
    WRONG_TYPE,
    BAD_FIELDS,
    TOO_MANY,
];
/// How removing something may fail.
pub const FAILS_TO_REMOVE: &[(u16, &str)] = &[BAD_REQUEST, NO_TOKEN, NO_SCOPE, NOT_FOUND, CONFLICT, CHANGED, TOO_MANY];

const BAD_REQUEST: (u16, &str) = (400, "The request is malformed");
const NO_TOKEN: (u16, &str) = (401, "There is no good access token");
const NO_SCOPE: (u16, &str) = (403, "The access token lacks the scope");
const NOT_FOUND: (u16, &str) = (404, "There is no such thing");
const TOO_SLOW: (u16, &str) = (408, "The body did not arrive in time");
const CONFLICT: (u16, &str) = (409, "It contradicts what is there, or is under way");
const CHANGED: (u16, &str) = (412, "It has changed since the version in If-Match");
const TOO_LARGE: (u16, &str) = (413, "The body is too large");
const WRONG_TYPE: (u16, &str) = (415, "The body's content type is not taken");
const BAD_FIELDS: (u16, &str) =
    (422, "Members of the body are not acceptable, or the Idempotency-Key was for another one");
const TOO_MANY: (u16, &str) = (429, "Too many calls; wait");

/// What has versions says which one it is.
pub const TAGGED: &[(&str, &str)] = &[("ETag", "Names this version of it")];
/// What was made says where it is, too.
pub const PLACED: &[(&str, &str)] = &[("ETag", "Names this version of it"), ("Location", "Where it is")];
/// A list of pages.
pub const PAGED: &[(&str, &str)] = &[("Link", "The next page")];
/// What is there already need not be sent again.
pub const HELD: &[(u16, &str)] = &[(304, "Not changed since the version in If-None-Match")];

/// `answer!(Name, Body, status, "success", failures[, headers[, others]])`: a `Described` in the manner of `/api/v1`.
macro_rules! answer {
    ($Name:ident, $Body:ty, $status:literal, $success:literal, $failures:expr) => {
        $crate::http::answer::answer!($Name, $Body, $status, $success, $failures, &[], &[]);
    };
    ($Name:ident, $Body:ty, $status:literal, $success:literal, $failures:expr, $headers:expr) => {
        $crate::http::answer::answer!($Name, $Body, $status, $success, $failures, $headers, &[]);
    };
    ($Name:ident, $Body:ty, $status:literal, $success:literal, $failures:expr, $headers:expr, $others:expr) => {
        pub struct $Name;
        impl $crate::http::answer::Described for $Name {
            type Body = $Body;
            const SUCCESS: &'static str = $success;
            const STATUS: u16 = $status;
            const MANNER: $crate::http::reply::Manner = $crate::http::reply::Manner::Problem;
            const FAILURES: &'static [(u16, &'static str)] = $failures;
            const HEADERS: &'static [(&'static str, &'static str)] = $headers;
            const OTHERS: &'static [(u16, &'static str)] = $others;
        }
    };
}
pub(super) use answer;

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
    /// What is wrong with single members of the body.
    errors: Option<Vec<FieldFaultBody>>,
}

/// What is wrong with one member of the body.
#[derive(Object)]
#[oai(rename = "FieldFault")]
struct FieldFaultBody {
    /// The member's name.
    field: String,
    /// What is wrong with it.
    detail: String,
}

impl<D: Described> ApiResponse for Answer<D> {
    fn meta() -> MetaResponses {
        let success = D::Body::schema().map(|schema| MetaMediaType { content_type: D::CONTENT_TYPE, schema });
        let headers = D::HEADERS.iter().map(|(name, about)| header(name, about)).collect();
        let mut responses = vec![response(D::STATUS, D::SUCCESS, success.into_iter().collect(), headers)];
        responses.extend(D::OTHERS.iter().map(|(status, about)| response(*status, about, Vec::new(), Vec::new())));
        for (status, about) in D::FAILURES.iter().chain(&[(503, "Something that the server needs is away; try again")])
        {
            let headers = match status {
                401 => vec![header("WWW-Authenticate", "What would let the caller in")],
                429 | 503 => vec![header("Retry-After", "Seconds to wait")],
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
            Manner::Page => {}
        }
    }
}

fn error_body(manner: Manner) -> MetaMediaType {
    match manner {
        Manner::OAuth => MetaMediaType { content_type: "application/json", schema: OAuthErrorBody::schema_ref() },
        Manner::Problem => {
            MetaMediaType { content_type: "application/problem+json", schema: ProblemBody::schema_ref() }
        }
        Manner::Page => MetaMediaType { content_type: "text/html", schema: String::schema_ref() },
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
