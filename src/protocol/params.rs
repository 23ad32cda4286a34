//! Parameters of requests (RFC 6749 §3.1, §3.2 and appendix B): `application/x-www-form-urlencoded`, read strictly.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use zeroize::{Zeroize, Zeroizing};

use super::error::{ErrorCode, Fault};

/// More parameters than any request of any profile has.
const MAX_PARAMETERS: usize = 64;

/// RFC 8707 §2 lets a client name several resources, and `audience` is our alias of `resource`.
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// Names that a fault may say aloud: all others came from outside and are not repeated.
const SPEAKABLE: [&str; 32] = [
    "acr_values",
    "claims",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "display",
    "grant_type",
    "id_token_hint",
    "login_hint",
    "logout_hint",
    "max_age",
    "nonce",
    "password",
    "post_logout_redirect_uri",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "token",
    "token_type_hint",
    "ui_locales",
    "username",
];

/// The parameters of one request. They live in one buffer, which is wiped when it is dropped: secrets are among them.
pub struct Params {
    text: Zeroizing<String>,
    pairs: Vec<Pair>,
}

/// Where a name and its value lie in the buffer.
struct Pair {
    name: Range<usize>,
    value: Range<usize>,
}

impl Params {
    /// Reads a form, or the query of a URL.
    ///
    /// Refused: broken percent-encoding, what is not UTF-8, NUL, a parameter without a name, a repeated parameter, too
    /// many parameters. A parameter without a value counts as left out, as the RFC says.
    pub fn parse(body: &[u8]) -> Result<Self, Fault> {
        let params = Self::parse_with_doubles(body)?;
        match params.doubled() {
            Some(fault) => Err(fault),
            None => Ok(params),
        }
    }

    /// The same, where somebody else is told of repeated parameters: `doubled` says whether there are any.
    pub fn parse_with_doubles(body: &[u8]) -> Result<Self, Fault> {
        // What is decoded is never longer than what was sent, so the buffer never grows and leaves no copy behind.
        let mut params = Self { text: Zeroizing::new(String::with_capacity(body.len())), pairs: Vec::with_capacity(8) };
        let pieces = body.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty());
        for (index, piece) in pieces.enumerate() {
            if index == MAX_PARAMETERS {
                return Err(malformed("there are too many parameters"));
            }
            params.read(piece)?;
        }
        Ok(params)
    }

    fn read(&mut self, piece: &[u8]) -> Result<(), Fault> {
        let end = piece.iter().position(|byte| *byte == b'=').unwrap_or(piece.len());
        let name = append_decoded(&mut self.text, &piece[..end])?;
        let value = append_decoded(&mut self.text, piece.get(end + 1..).unwrap_or_default())?;
        if name.is_empty() {
            return Err(malformed("a parameter has no name"));
        }
        if value.is_empty() {
            self.text.truncate(name.start);
            return Ok(());
        }
        self.pairs.push(Pair { name, value });
        Ok(())
    }

    /// What is wrong when a parameter is repeated that may not be.
    pub fn doubled(&self) -> Option<Fault> {
        let mut names = self.iter().map(|(name, _)| name).enumerate();
        let is_before = |end: usize, name: &str| self.iter().take(end).any(|(each, _)| each == name);
        names
            .find(|(index, name)| !REPEATABLE.contains(name) && is_before(*index, name))
            .map(|(_, name)| repeated(name))
    }

    /// The value of a parameter; the first one, where it may be repeated.
    pub fn get(&self, name: &'static str) -> Option<&str> {
        self.all(name).next()
    }

    /// The value of a parameter that the request cannot do without.
    pub fn required(&self, name: &'static str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| malformed(format!("{name} is missing")))
    }

    /// All values of a parameter, in the order in which they were sent.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(each, _)| *each == name).map(|(_, value)| value)
    }

    /// All parameters, in the order in which they were sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|pair| (&self.text[pair.name.clone()], &self.text[pair.value.clone()]))
    }
}

impl fmt::Debug for Params {
    /// Names only: the values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// One component in form encoding, as HTTP Basic carries the client id and the secret (RFC 6749 §2.3.1).
pub fn decode_component(text: &str) -> Result<Cow<'_, str>, Fault> {
    if is_plain(text.as_bytes()) {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = String::with_capacity(text.len());
    match append_decoded(&mut decoded, text.as_bytes()) {
        Ok(_) => Ok(Cow::Owned(decoded)),
        Err(fault) => {
            decoded.zeroize();
            Err(fault)
        }
    }
}

/// Whether the bytes stand for themselves.
fn is_plain(encoded: &[u8]) -> bool {
    !encoded.iter().any(|byte| matches!(byte, b'%' | b'+' | 0))
}

/// Appends the decoded form of `encoded` and says where it lies.
fn append_decoded(text: &mut String, encoded: &[u8]) -> Result<Range<usize>, Fault> {
    let start = text.len();
    if is_plain(encoded) {
        text.push_str(utf8(encoded)?);
    } else {
        let mut decoded = Zeroizing::new(Vec::with_capacity(encoded.len()));
        let mut bytes = encoded.iter();
        while let Some(byte) = bytes.next() {
            decoded.push(match byte {
                b'+' => b' ',
                b'%' => percent_decoded(bytes.next(), bytes.next())?,
                byte => *byte,
            });
        }
        if decoded.contains(&0) {
            return Err(malformed("a parameter has a NUL character in it"));
        }
        text.push_str(utf8(&decoded)?);
    }
    Ok(start..text.len())
}

fn percent_decoded(high: Option<&u8>, low: Option<&u8>) -> Result<u8, Fault> {
    match (hex_digit(high), hex_digit(low)) {
        (Some(high), Some(low)) => Ok(high << 4 | low),
        _ => Err(malformed("a percent sign is not followed by two hexadecimal digits")),
    }
}

const fn hex_digit(byte: Option<&u8>) -> Option<u8> {
    match byte {
        Some(digit @ b'0'..=b'9') => Some(*digit - b'0'),
        Some(digit @ b'a'..=b'f') => Some(*digit - b'a' + 10),
        Some(digit @ b'A'..=b'F') => Some(*digit - b'A' + 10),
        _ => None,
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| malformed("a parameter is not UTF-8"))
}

fn repeated(name: &str) -> Fault {
    match SPEAKABLE.iter().find(|known| **known == name) {
        Some(known) => malformed(format!("{known} is given more than once")),
        None => malformed("a parameter is given more than once"),
    }
}

fn malformed(about: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(ErrorCode::InvalidRequest, about)
}
