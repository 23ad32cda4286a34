//! The simple plans: a resource that stays the same, and a new token each time.

use std::borrow::Cow;
use std::cell::Cell;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::fault::{Fault, Result};
use crate::http::{Answer, Connection, post};
use crate::load::Plan;

/// Asks for one thing again and again; the right answer is the first one, byte for byte.
pub struct Constant {
    request: Vec<u8>,
    body: Vec<u8>,
}

impl Constant {
    pub async fn learn(port: u16, request: Vec<u8>) -> Result<Self> {
        let mut connection = Connection::open(port).await?;
        let answer = connection.exchange(&request).await?;
        if answer.status != 200 {
            return Err(Fault::WrongAnswer(answer.describe()));
        }
        let body = answer.body.to_vec();
        Ok(Self { request, body })
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Plan for Constant {
    type Ticket = ();

    fn next(&self) -> ((), Cow<'_, [u8]>) {
        ((), Cow::Borrowed(&self.request))
    }

    fn check(&self, (): (), answer: &Answer<'_>) -> std::result::Result<(), &'static str> {
        if answer.status == 200 && answer.body == self.body { Ok(()) } else { Err("not what it was before") }
    }
}

/// Asks for an access token by `client_credentials`.
pub struct Tokens {
    request: Vec<u8>,
    last: Cell<u64>,
}

impl Tokens {
    pub fn new(authorization: &str) -> Self {
        let request = post("/oauth2/token", authorization, "grant_type=client_credentials");
        Self { request, last: Cell::new(0) }
    }

    /// Token answers are JSON, and a JWT needs no escapes in it: finding it does not need a parser.
    fn token(body: &[u8]) -> Option<&[u8]> {
        let name: &[u8] = br#""access_token":""#;
        let from = body.windows(name.len()).position(|window| window == name)? + name.len();
        let length = body[from..].iter().position(|byte| *byte == b'"')?;
        Some(&body[from..from + length])
    }

    pub fn token_text(body: &[u8]) -> Option<&str> {
        Self::token(body).and_then(|token| std::str::from_utf8(token).ok())
    }

    pub fn request(&self) -> &[u8] {
        &self.request
    }
}

impl Plan for Tokens {
    type Ticket = ();

    fn next(&self) -> ((), Cow<'_, [u8]>) {
        ((), Cow::Borrowed(&self.request))
    }

    fn check(&self, (): (), answer: &Answer<'_>) -> std::result::Result<(), &'static str> {
        if answer.status != 200 {
            return Err("no token");
        }
        let token = Self::token(answer.body).ok_or("no access_token")?;
        // An RSA-2048 signature alone is 342 characters long.
        if token.len() < 400 || token.split(|byte| *byte == b'.').count() != 3 {
            return Err("not a JWT signed by RS256");
        }
        let mut hasher = DefaultHasher::new();
        token.hash(&mut hasher);
        if self.last.replace(hasher.finish()) == hasher.finish() { Err("the token before once more") } else { Ok(()) }
    }
}

/// The text of a member that needs no escapes.
pub fn member<'b>(body: &'b [u8], name: &str) -> Option<&'b str> {
    let name = format!("\"{name}\":\"");
    let from = body.windows(name.len()).position(|window| window == name.as_bytes())? + name.len();
    let length = body[from..].iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&body[from..from + length]).ok()
}
