//! JWS compact serialization (RFC 7515 §3.1, §4 and §7.1): taken apart, not verified.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::error::{ErrorCode, Fault};

/// The longest token that is read.
pub const MAX_LENGTH: usize = 16 * 1024;
const MAX_KID_LENGTH: usize = 256;
const MAX_HEADER_MEMBERS: usize = 32;

/// What the server reads of the header. Keys inside the token (`jwk`, `jku`, `x5c`, `x5u`) are not read: a token does
/// not say which key it trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub alg: String,
    pub kid: Option<String>,
    pub typ: Option<String>,
}

/// The three parts of a token.
pub struct Compact<'a> {
    header: Header,
    signing_input: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Takes a token apart.
    ///
    /// Refused: more than 16 KiB, padding and other loose base64url, a repeated header member, a missing signature, and
    /// `crit` and `b64`, which ask for extensions that this server does not have.
    pub fn parse(token: &'a str) -> Result<Self, Fault> {
        if token.len() > MAX_LENGTH {
            return Err(invalid("the token is too long"));
        }
        let not_three_parts = || invalid("the token does not have three parts");
        let (signing_input, signature) = token.rsplit_once('.').ok_or_else(not_three_parts)?;
        let (header, payload) = signing_input.split_once('.').ok_or_else(not_three_parts)?;
        if signature.is_empty() {
            return Err(invalid("the token is not signed"));
        }
        Ok(Self { header: read(header)?, signing_input, payload: decoded(payload)?, signature: decoded(signature)? })
    }

    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What the signature is over: the header and the payload as they were sent.
    pub const fn signing_input(&self) -> &'a str {
        self.signing_input
    }

    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

/// The header and the payload of a token that says itself that nobody has signed it (RFC 7518 §3.6), for the few places where
/// that is no harm.
pub fn unsecured(token: &str) -> Result<(Header, Vec<u8>), Fault> {
    if token.len() > MAX_LENGTH {
        return Err(invalid("the token is too long"));
    }
    let parts = token.strip_suffix('.').and_then(|parts| parts.split_once('.'));
    let (header, payload) = parts.ok_or_else(|| invalid("the token does not have three parts"))?;
    let header: Header = read(header)?;
    if header.alg != "none" {
        return Err(invalid("the token is not signed"));
    }
    Ok((header, decoded(payload)?))
}

impl fmt::Debug for Compact<'_> {
    /// Without the signature, which makes the token usable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compact").field("header", &self.header).finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

/// Reads a header by hand, because names must be unique (§4) also where the server does not know them.
struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JOSE header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut seen: Vec<String> = Vec::new();
        let (mut alg, mut kid, mut typ) = (None, None, None);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "crit" | "b64" => return Err(de::Error::custom("an extension that is not understood")),
                _ if seen.contains(&name) => return Err(de::Error::custom("a repeated member")),
                _ if seen.len() == MAX_HEADER_MEMBERS => return Err(de::Error::custom("too many members")),
                "alg" => alg = Some(map.next_value::<String>()?),
                "kid" => kid = Some(map.next_value::<String>()?),
                "typ" => typ = Some(map.next_value::<String>()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            seen.push(name);
        }
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID_LENGTH) {
            return Err(de::Error::custom("a kid that is too long"));
        }
        Ok(Header { alg: alg.ok_or_else(|| de::Error::missing_field("alg"))?, kid, typ })
    }
}

fn read(header: &str) -> Result<Header, Fault> {
    serde_json::from_slice(&decoded(header)?)
        .map_err(|_| invalid("the header of the token is not one that this server accepts"))
}

fn decoded(part: &str) -> Result<Vec<u8>, Fault> {
    BASE64URL.decode(part).map_err(|_| invalid("a part of the token is not base64url without padding"))
}

fn invalid(about: &'static str) -> Fault {
    Fault::new(ErrorCode::InvalidToken, about)
}
