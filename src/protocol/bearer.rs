//! Bearer tokens in the Authorization header (RFC 6750 §2.1), and the challenge when one is wanted (§3).

use super::error::{ErrorCode, Fault, allowed_description};

/// The token in the value of an `Authorization` header.
///
/// Another scheme is `invalid_token`; a token that breaks the grammar is `invalid_request`, as §3.1 says.
pub fn token(authorization: &[u8]) -> Result<&str, Fault> {
    let (scheme, rest) = match authorization.iter().position(|byte| *byte == b' ') {
        Some(end) => authorization.split_at(end),
        None => (authorization, &b""[..]),
    };
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Err(Fault::new(ErrorCode::InvalidToken, "the request carries no bearer token"));
    }
    let malformed = || Fault::new(ErrorCode::InvalidRequest, "the bearer token is malformed");
    let token = std::str::from_utf8(rest.trim_ascii()).map_err(|_| malformed())?;
    if is_b64token(token) { Ok(token) } else { Err(malformed()) }
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

/// The value of `WWW-Authenticate`. Without an error when the request carried no credentials at all.
pub fn challenge(error: Option<ErrorCode>, scope: Option<&str>) -> String {
    let mut value = String::from("Bearer realm=\"countersign\"");
    for (name, text) in [("error", error.map(ErrorCode::as_str)), ("scope", scope)] {
        if let Some(text) = text {
            value.extend([", ", name, "=\"", &allowed_description(text), "\""]);
        }
    }
    value
}
