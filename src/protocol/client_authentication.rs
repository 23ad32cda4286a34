//! How a client says who it is (RFC 6749 §2.3, RFC 7617 §2, RFC 7521 §4.2), and the registered names of the ways (RFC 7591
//! §2).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::client_assertion::{self, ClientAssertion};
use super::error::{ErrorCode, Fault};
use super::params::{Params, decode_component};
use crate::secret::{ClientSecret, Plain};

const MAX_CLIENT_ID_LENGTH: usize = 128;

names! {
    /// The registered methods. A client may use only the one that it registered.
    pub enum AuthMethod {
        ClientSecretBasic = "client_secret_basic",
        ClientSecretPost = "client_secret_post",
        PrivateKeyJwt = "private_key_jwt",
        ClientSecretJwt = "client_secret_jwt",
        None = "none",
    }
}

impl AuthMethod {
    /// Whether its clients have secrets.
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt)
    }

    /// Those by which a client proves that it is who it says.
    pub fn confidential() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|method| *method != Self::None)
    }
}

/// What a request presents. Whether it is right is for others to decide.
#[derive(Clone)]
pub enum Presented {
    Basic { client_id: String, secret: Plain<ClientSecret> },
    Post { client_id: String, secret: Plain<ClientSecret> },
    Public { client_id: String },
    Assertion(Box<ClientAssertion>),
}

impl Presented {
    pub fn client_id(&self) -> &str {
        match self {
            Self::Basic { client_id, .. } | Self::Post { client_id, .. } | Self::Public { client_id } => client_id,
            Self::Assertion(assertion) => assertion.client_id(),
        }
    }

    pub const fn method(&self) -> AuthMethod {
        match self {
            Self::Basic { .. } => AuthMethod::ClientSecretBasic,
            Self::Post { .. } => AuthMethod::ClientSecretPost,
            Self::Public { .. } => AuthMethod::None,
            Self::Assertion(assertion) => assertion.method(),
        }
    }

    pub const fn secret(&self) -> Option<&Plain<ClientSecret>> {
        match self {
            Self::Basic { secret, .. } | Self::Post { secret, .. } => Some(secret),
            Self::Public { .. } | Self::Assertion(_) => None,
        }
    }
}

impl fmt::Debug for Presented {
    /// The id is left out as well: until it is known, it is only what somebody sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Presented").field(&self.method()).finish()
    }
}

/// Reads what a request presents: the value of its one `Authorization` header, if it has one, and its parameters.
pub fn presented(authorization: Option<&[u8]>, params: &Params) -> Result<Presented, Fault> {
    let in_body = params.get("client_secret");
    let has_assertion = params.get("client_assertion").or_else(|| params.get("client_assertion_type")).is_some();
    if let Some(authorization) = authorization {
        let (client_id, secret) = basic(authorization)?;
        if in_body.is_some() || has_assertion {
            return Err(malformed("the client authenticates in more than one way"));
        }
        if params.get("client_id").is_some_and(|other| other != client_id) {
            return Err(malformed("client_id is not the client that the Authorization header names"));
        }
        return Ok(Presented::Basic { client_id, secret });
    }
    if has_assertion {
        if in_body.is_some() {
            return Err(malformed("the client authenticates in more than one way"));
        }
        return asserted(params);
    }
    match (params.get("client_id"), in_body) {
        (Some(id), Some(secret)) => Ok(Presented::Post { client_id: client_id(id)?, secret: Plain::presented(secret) }),
        (Some(id), None) => Ok(Presented::Public { client_id: client_id(id)? }),
        (None, Some(_)) => Err(malformed("client_id is missing")),
        (None, None) => Err(invalid_client("the client does not say who it is")),
    }
}

/// An assertion (RFC 7521 §4.2): who made it stands in it, so that `client_id` can only say the same.
fn asserted(params: &Params) -> Result<Presented, Fault> {
    if params.get("client_assertion_type") != Some(client_assertion::TYPE) {
        return Err(invalid_client("client_assertion_type is not that of a JWT (RFC 7523 section 2.2)"));
    }
    let text = params.get("client_assertion").ok_or_else(|| invalid_client("client_assertion is missing"))?;
    let assertion = ClientAssertion::parse(text)?;
    client_id(assertion.client_id())?;
    if params.get("client_id").is_some_and(|other| other != assertion.client_id()) {
        return Err(invalid_client("client_id is not the client that the assertion names"));
    }
    Ok(Presented::Assertion(Box::new(assertion)))
}

/// HTTP Basic, with the id and the secret each in form encoding, so that a colon can be part of either.
fn basic(authorization: &[u8]) -> Result<(String, Plain<ClientSecret>), Fault> {
    let (scheme, credentials) = match authorization.iter().position(|byte| *byte == b' ') {
        Some(end) => (&authorization[..end], authorization[end..].trim_ascii()),
        None => (authorization, &b""[..]),
    };
    if !scheme.eq_ignore_ascii_case(b"Basic") {
        return Err(invalid_client("the Authorization header has a scheme other than Basic"));
    }
    let unreadable = || invalid_client("the Authorization header cannot be read");
    let mut decoded = Zeroizing::new(Vec::with_capacity(credentials.len()));
    BASE64.decode_vec(credentials, &mut decoded).map_err(|_| unreadable())?;
    let text = std::str::from_utf8(&decoded).map_err(|_| unreadable())?;
    let (id, secret) = text.split_once(':').ok_or_else(unreadable)?;
    let id = decode_component(id).map_err(|_| unreadable())?;
    let secret = decode_component(secret).map_err(|_| unreadable())?;
    Ok((client_id(&id)?, Plain::presented(secret)))
}

/// RFC 6749 appendix A.1: visible characters and space. At least one, and not more than any client here has.
fn client_id(text: &str) -> Result<String, Fault> {
    let visible = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if visible && (1..=MAX_CLIENT_ID_LENGTH).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(invalid_client("client_id is not a possible client id"))
    }
}

fn invalid_client(about: &'static str) -> Fault {
    Fault::new(ErrorCode::InvalidClient, about)
}

fn malformed(about: &'static str) -> Fault {
    Fault::new(ErrorCode::InvalidRequest, about)
}
