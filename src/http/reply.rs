//! The only table from failures to HTTP. What a program calls at an OAuth endpoint answers as RFC 6749 §5.2 says, the rest as
//! RFC 9457. The public code and sentence go out with the request id; the private reason goes to the log under the same id.

use std::borrow::Cow;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use poem::Response;
use serde::Serialize;

use crate::failure::{Broken, Failure, Outcome, Quota, Reason, Refused};
use crate::observe::{Counters, RequestId};
use crate::protocol::bearer;
use crate::protocol::error::{ErrorCode, OAuthError};
use crate::protocol::members::FieldFault;

/// How long a caller should wait when something is away for the moment.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("2");

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Where an answer is given.
pub struct At<'a> {
    pub path: &'a str,
    pub request_id: &'a RequestId,
    pub allow: Option<&'a HeaderValue>,
    pub counters: &'a Counters,
}

/// How errors look to those who call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// RFC 6749 §5.2.
    OAuth,
    /// RFC 9457.
    Problem,
    /// A page for people, which the folder of pages writes.
    Page,
}

impl Manner {
    fn of(path: &str) -> Self {
        if path.starts_with("/oauth2/") { Self::OAuth } else { Self::Problem }
    }
}

/// Answers a failure, counts it and logs what is behind it.
pub fn failure(failure: Failure, manner: Manner, request_id: &RequestId, counters: &Counters) -> Response {
    failure_in_words(failure, &|told, status| body(told, status, manner, request_id), request_id, counters)
}

/// The same in the words of somebody else, such as those of a page.
pub fn failure_in_words(failure: Failure, write: Writer<'_>, request_id: &RequestId, counters: &Counters) -> Response {
    match failure {
        Failure::Refused(refused) => {
            counters.refused(refused.code.as_str(), refused.reason.as_str());
            refusal(&refused, status(&refused), write, request_id)
        }
        Failure::Broken(broken) => {
            counters.broken(broken.what);
            breakage(&broken, write, request_id)
        }
    }
}

/// What is said of a failure that is told in another place than an answer of its own: in a redirect, or beside a form. It is
/// counted and logged as any other.
pub fn told(
    failure: Failure,
    status: StatusCode,
    request_id: &RequestId,
    counters: &Counters,
) -> (ErrorCode, Cow<'static, str>) {
    match failure {
        Failure::Refused(refused) => {
            counters.refused(refused.code.as_str(), refused.reason.as_str());
            log_refused(&refused, status, request_id);
            (refused.code, refused.about)
        }
        Failure::Broken(broken) => {
            counters.broken(broken.what);
            log_broken(&broken, request_id);
            let (code, about) = told_of(&broken);
            (code, Cow::Borrowed(about))
        }
    }
}

/// What no handler took: no such path, no such method.
pub fn leftover(error: poem::Error, at: &At<'_>) -> Response {
    let manner = Manner::of(at.path);
    let refused = match error.status() {
        StatusCode::NOT_FOUND => Refused::new(ErrorCode::InvalidRequest, Reason::NoSuchPath, "nothing is served here"),
        StatusCode::METHOD_NOT_ALLOWED => {
            Refused::new(ErrorCode::InvalidRequest, Reason::WrongMethod, "the path does not have this method")
        }
        status if status.is_client_error() => {
            Refused::new(ErrorCode::InvalidRequest, Reason::Malformed, "the request cannot be read")
        }
        _ => {
            let broken = Broken { what: "http", source: error.to_string(), passing: false };
            at.counters.broken(broken.what);
            return breakage(&broken, &|told, status| body(told, status, manner, at.request_id), at.request_id);
        }
    };
    at.counters.refused(refused.code.as_str(), refused.reason.as_str());
    let status = if refused.reason == Reason::Malformed { error.status() } else { status(&refused) };
    refusal(&refused, status, &|told, status| body(told, status, manner, at.request_id), at.request_id)
}

/// The status of a refusal.
pub fn status(refused: &Refused) -> StatusCode {
    match (refused.reason, refused.code) {
        (Reason::BodyTooLarge, _) => StatusCode::PAYLOAD_TOO_LARGE,
        (Reason::BodyTooSlow, _) => StatusCode::REQUEST_TIMEOUT,
        (Reason::NoSuchPath, _) => StatusCode::NOT_FOUND,
        (Reason::WrongMethod, _) => StatusCode::METHOD_NOT_ALLOWED,
        (Reason::ClientKeysAway, _) => StatusCode::SERVICE_UNAVAILABLE,
        (_, ErrorCode::InvalidClient | ErrorCode::InvalidToken | ErrorCode::InvalidCredentials) => {
            StatusCode::UNAUTHORIZED
        }
        (_, ErrorCode::InsufficientScope) => StatusCode::FORBIDDEN,
        (_, ErrorCode::Forbidden) => StatusCode::FORBIDDEN,
        (_, ErrorCode::NotFound) => StatusCode::NOT_FOUND,
        (_, ErrorCode::Conflict) => StatusCode::CONFLICT,
        (_, ErrorCode::PreconditionFailed) => StatusCode::PRECONDITION_FAILED,
        (_, ErrorCode::UnsupportedMediaType) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        (_, ErrorCode::InvalidFields | ErrorCode::IdempotencyKeyReused) => StatusCode::UNPROCESSABLE_ENTITY,
        (_, ErrorCode::TooManyRequests) => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn log_refused(refused: &Refused, status: StatusCode, request_id: &RequestId) {
    tracing::info!(
        %request_id,
        error = refused.code.as_str(),
        reason = refused.reason.as_str(),
        about = %refused.about,
        status = status.as_u16(),
        "refused"
    );
}

fn refusal(refused: &Refused, status: StatusCode, write: Writer<'_>, request_id: &RequestId) -> Response {
    log_refused(refused, status, request_id);
    let told =
        Told { code: refused.code, reason: Some(refused.reason), about: &refused.about, fields: &refused.fields };
    let mut response = write(&told, status);
    if let Some(seconds) = refused.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    if let Some(challenge) = challenge(refused) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    if let Some(quota) = refused.quota.as_deref() {
        tell_quota(response.headers_mut(), *quota);
    }
    response
}

/// RFC 6585 §4, and draft-ietf-httpapi-ratelimit-headers: how much there is in which time, and when there is some again.
fn tell_quota(headers: &mut HeaderMap, quota: Quota) {
    let Quota { policy, limit, window_seconds, reset_seconds } = quota;
    let told = [
        (RATE_LIMIT_POLICY, format!("\"{policy}\";q={limit};w={window_seconds}")),
        (RATE_LIMIT, format!("\"{policy}\";r=0;t={reset_seconds}")),
    ];
    headers.insert(RETRY_AFTER, reset_seconds.into());
    for (name, value) in told {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// RFC 6749 §5.2 and RFC 6750 §3: what would let the caller in.
fn challenge(refused: &Refused) -> Option<HeaderValue> {
    match refused.code {
        ErrorCode::InvalidClient => {
            Some(const { HeaderValue::from_static("Basic realm=\"countersign\", charset=\"UTF-8\"") })
        }
        // RFC 9110 §15.5.2 wants a challenge with every 401; what was wrong was no token.
        ErrorCode::InvalidCredentials => HeaderValue::from_str(&bearer::challenge(None, None)).ok(),
        ErrorCode::InvalidToken | ErrorCode::InsufficientScope => {
            let error = (!matches!(refused.reason, Reason::NoToken | Reason::NotFromHere)).then_some(refused.code);
            HeaderValue::from_str(&bearer::challenge(error, refused.scope.as_deref())).ok()
        }
        _ => None,
    }
}

fn log_broken(broken: &Broken, request_id: &RequestId) {
    tracing::error!(%request_id, what = broken.what, source = %broken.source, passing = broken.passing, "broken");
}

const fn told_of(broken: &Broken) -> (ErrorCode, &'static str) {
    if broken.passing {
        (ErrorCode::TemporarilyUnavailable, "something that the server needs is away for the moment; try again")
    } else {
        (ErrorCode::ServerError, "the server failed; its log says more under this request id")
    }
}

fn breakage(broken: &Broken, write: Writer<'_>, request_id: &RequestId) -> Response {
    log_broken(broken, request_id);
    let (code, about) = told_of(broken);
    let told = Told { code, reason: None, about, fields: &[] };
    if !broken.passing {
        return write(&told, StatusCode::INTERNAL_SERVER_ERROR);
    }
    let mut response = write(&told, StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    response
}

/// RFC 9457 §3.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: Cow<'a, str>,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[FieldFault]>::is_empty")]
    errors: &'a [FieldFault],
}

/// What the caller learns of a failure.
pub struct Told<'a> {
    pub code: ErrorCode,
    /// Why, when it was refused: for a choice of words that tells no more than the code.
    pub reason: Option<Reason>,
    pub about: &'a str,
    pub fields: &'a [FieldFault],
}

/// Makes an answer of what is told.
pub type Writer<'w> = &'w dyn Fn(&Told<'_>, StatusCode) -> Response;

fn body(told: &Told<'_>, status: StatusCode, manner: Manner, request_id: &RequestId) -> Response {
    let Told { code, about, fields, .. } = *told;
    let (content_type, json) = match manner {
        Manner::OAuth => {
            ("application/json", serde_json::to_vec(&OAuthError::new(code, about, Some(request_id.as_str()))))
        }
        Manner::Problem | Manner::Page => {
            let problem = Problem {
                r#type: Cow::Borrowed("about:blank"),
                title: status.canonical_reason().unwrap_or("Error"),
                status: status.as_u16(),
                detail: about,
                code: code.as_str(),
                request_id: request_id.as_str(),
                errors: fields,
            };
            ("application/problem+json", serde_json::to_vec(&problem))
        }
    };
    let mut response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, content_type)
        .body(json.unwrap_or_else(|_| br#"{"error":"server_error"}"#.to_vec()));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, const { HeaderValue::from_static("no-store") });
    headers.insert(PRAGMA, const { HeaderValue::from_static("no-cache") });
    response
}

/// A JSON answer.
pub fn json(value: &impl Serialize) -> Outcome<Response> {
    json_as(StatusCode::OK, value)
}

/// A JSON answer that tells of something made, or of something that will be done.
pub fn json_as(status: StatusCode, value: &impl Serialize) -> Outcome<Response> {
    let response = Response::builder().status(status);
    Ok(response.header(CONTENT_TYPE, const { HeaderValue::from_static("application/json") }).body(bytes(value)?))
}

/// A value as JSON.
pub fn bytes(value: &impl Serialize) -> Outcome<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| {
        Failure::Broken(Broken {
            what: "http",
            source: format!("an answer could not be written: {error}"),
            passing: false,
        })
    })
}

/// Done, and nothing to say.
pub fn done() -> Response {
    StatusCode::NO_CONTENT.into()
}
