//! Error codes and the error answer (RFC 6749 §5.2; codes also of RFC 6749 §4.1.2.1, RFC 6750, 7009, 7591, 8707 and OpenID Connect Core §3.1.2.6 and its Unmet Authentication Requirements).

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

names! {
    /// Every error code that this server answers with.
    pub enum ErrorCode {
        InvalidRequest = "invalid_request",
        InvalidClient = "invalid_client",
        InvalidGrant = "invalid_grant",
        UnauthorizedClient = "unauthorized_client",
        UnsupportedGrantType = "unsupported_grant_type",
        InvalidScope = "invalid_scope",
        InvalidTarget = "invalid_target",
        AccessDenied = "access_denied",
        UnsupportedResponseType = "unsupported_response_type",
        LoginRequired = "login_required",
        ConsentRequired = "consent_required",
        UnmetAuthenticationRequirements = "unmet_authentication_requirements",
        InvalidRequestObject = "invalid_request_object",
        InvalidRequestUri = "invalid_request_uri",
        InvalidToken = "invalid_token",
        InsufficientScope = "insufficient_scope",
        InvalidClientMetadata = "invalid_client_metadata",
        InvalidRedirectUri = "invalid_redirect_uri",
        InvalidFields = "invalid_fields",
        InvalidCredentials = "invalid_credentials",
        Forbidden = "forbidden",
        NotFound = "not_found",
        Conflict = "conflict",
        PreconditionFailed = "precondition_failed",
        UnsupportedMediaType = "unsupported_media_type",
        IdempotencyKeyReused = "idempotency_key_reused",
        TooManyRequests = "too_many_requests",
        ServerError = "server_error",
        TemporarilyUnavailable = "temporarily_unavailable",
    }
}

impl ErrorCode {
    /// What the code tells the developer of a client.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::InvalidRequest => {
                "The request is malformed: a parameter is missing, repeated or unreadable, or two contradict."
            }
            Self::InvalidClient => {
                "The client is unknown or disabled, or did not prove itself in the way that it registered."
            }
            Self::InvalidGrant => {
                "The code, refresh token or other grant is wrong, expired, spent, revoked or another client's."
            }
            Self::UnauthorizedClient => "The client is known, but it may not use this grant type.",
            Self::UnsupportedGrantType => "This server does not serve the grant type that was asked for.",
            Self::InvalidScope => {
                "A scope is malformed or unknown, or it is more than the client, or the original grant, may ask for."
            }
            Self::InvalidTarget => "A resource is malformed or unknown, or the client may not ask for tokens for it.",
            Self::AccessDenied => "The user refused what the client asked for.",
            Self::UnsupportedResponseType => "Only the response type `code` is served.",
            Self::LoginRequired => "The user would have to sign in, and the client says `prompt=none`.",
            Self::ConsentRequired => "The user would have to consent, and the client says `prompt=none`.",
            Self::UnmetAuthenticationRequirements => "The client insists on a class of sign-in that is not had here.",
            Self::InvalidRequestObject => "The request object is not good, or not this client's for this server.",
            Self::InvalidRequestUri => "Nothing can be read at the `request_uri`, or the client did not register it.",
            Self::InvalidToken => {
                "The access token is malformed, expired or revoked, or it was not made for this service."
            }
            Self::InsufficientScope => {
                "The access token is good, but it does not hold the scope that this request needs."
            }
            Self::InvalidClientMetadata => {
                "A member of the client metadata has a value that this server does not accept."
            }
            Self::InvalidRedirectUri => "A redirect URI is missing, or it has a form that this server does not accept.",
            Self::InvalidFields => {
                "Members of the body are missing, unknown, or have values that are not accepted; `errors` lists each."
            }
            Self::InvalidCredentials => {
                "The name, the password or the refresh token is wrong, or not good any more; which of them, nobody is told."
            }
            Self::Forbidden => "The caller is known, and may not do this.",
            Self::NotFound => "What the request is about does not exist.",
            Self::Conflict => "The request contradicts what is there already, or a change that is under way.",
            Self::PreconditionFailed => {
                "What the request would change has changed since its If-Match was read: read it again."
            }
            Self::UnsupportedMediaType => "The body is of a content type that the operation does not take.",
            Self::IdempotencyKeyReused => {
                "The Idempotency-Key was used for another request: use a new key for each, and the same only to repeat it."
            }
            Self::TooManyRequests => {
                "This was tried more often than a limit lets through; try again after the time in Retry-After."
            }
            Self::ServerError => "Something in this server failed; the request id finds the reason in its log.",
            Self::TemporarilyUnavailable => {
                "The server cannot answer at this moment; send the same request again after the time in Retry-After."
            }
        }
    }
}

/// What a parser refuses with: a code, and a public sentence. The sentence never repeats a value that was sent; it may
/// name a parameter that the server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub code: ErrorCode,
    pub about: Cow<'static, str>,
}

impl Fault {
    pub fn new(code: ErrorCode, about: impl Into<Cow<'static, str>>) -> Self {
        Self { code, about: about.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.about)
    }
}

impl std::error::Error for Fault {}

/// The body of a refusal. The description is held to the characters that the RFC allows when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OAuthError<'a> {
    pub error: ErrorCode,
    #[serde(serialize_with = "only_allowed_characters")]
    pub error_description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
}

impl<'a> OAuthError<'a> {
    pub const fn new(error: ErrorCode, error_description: &'a str, request_id: Option<&'a str>) -> Self {
        Self { error, error_description, request_id }
    }
}

fn only_allowed_characters<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&allowed_description(text))
}

/// The text in the characters of an `error_description`: %x20-21 / %x23-5B / %x5D-7E. Quotes become apostrophes, and
/// whatever else is not allowed becomes `?`, so that the text is also safe inside a quoted header value.
pub fn allowed_description(text: &str) -> Cow<'_, str> {
    let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
    if text.chars().all(allowed) {
        return Cow::Borrowed(text);
    }
    text.chars()
        .map(|c| match c {
            c if allowed(c) => c,
            '"' => '\'',
            _ => '?',
        })
        .collect::<String>()
        .into()
}
