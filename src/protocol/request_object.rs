//! Request objects (OpenID Connect Core §6, RFC 9101 §4): an authorization request, or a part of it, that a client wrote down as a
//! JWT.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use url::form_urlencoded::Serializer as Form;

use super::UnknownName;
use super::authorization;
use super::claims;
use super::client_keys::ClientAlgorithm;
use super::client_signed::{ClientSigned, is_typed};
use super::error::{ErrorCode, Fault};
use super::jws;
use super::members;
use super::params::Params;
use crate::time::UnixTime;

/// How far a client's clock may be wrong.
const LEEWAY: i64 = 30;
const TYPES: [&str; 2] = ["jwt", "oauth-authz-req+jwt"];
const NOT_SIGNED: &str = "none";
/// What may stand in an object more than once, as a list (RFC 8707 §2).
const LISTS: [&str; 2] = ["resource", "audience"];
/// What has to say the same in the object and beside it.
const SAME: [&str; 2] = ["client_id", "response_type"];

/// How a client may sign its objects; not at all, too, which says no less than a query does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectAlgorithm {
    None,
    By(ClientAlgorithm),
}

impl ObjectAlgorithm {
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::None).chain(ClientAlgorithm::ALL.iter().copied().map(Self::By))
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::None => NOT_SIGNED,
            Self::By(algorithm) => algorithm.as_str(),
        }
    }
}

impl FromStr for ObjectAlgorithm {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == NOT_SIGNED { Ok(Self::None) } else { text.parse().map(Self::By) }
    }
}

impl Serialize for ObjectAlgorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ObjectAlgorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An object that was read, and not verified.
pub struct RequestObject {
    /// `None` where it says itself that it is not signed.
    signed: Option<ClientSigned>,
    members: Vec<(String, Value)>,
}

impl RequestObject {
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim_ascii();
        let (signed, payload) = if text.ends_with('.') {
            let (header, payload) = jws::unsecured(text).map_err(|_| unreadable())?;
            (None, Some(payload).filter(|_| is_typed(&header, &TYPES)).ok_or_else(unreadable)?)
        } else {
            let (signed, payload) = ClientSigned::parse(text, &TYPES, unreadable)?;
            (Some(signed), payload)
        };
        let members = members::object(&payload).ok_or_else(unreadable)?;
        Ok(Self { signed, members })
    }

    pub const fn signed(&self) -> Option<&ClientSigned> {
        self.signed.as_ref()
    }

    pub fn algorithm(&self) -> ObjectAlgorithm {
        self.signed.as_ref().map_or(ObjectAlgorithm::None, |signed| ObjectAlgorithm::By(signed.algorithm()))
    }

    /// Whether it is a request of this client to this server, as far as it says (RFC 9101 §4 and §10.8).
    pub fn check(&self, client_id: &str, issuer: &str) -> Result<(), Fault> {
        let text = |name| self.get(name).map(|value| value.as_str().unwrap_or_default());
        if text("iss").is_some_and(|maker| maker != client_id) {
            return Err(wrong("iss of the request object is not the client"));
        }
        // What a client signs to prove itself is about itself, and is no request.
        if text("sub").is_some_and(|subject| subject == client_id) {
            return Err(wrong("sub of the request object is the client"));
        }
        let names_us = |audience: &Value| match audience {
            Value::String(name) => name == issuer,
            Value::Array(names) => names.iter().any(|name| name == issuer),
            _ => false,
        };
        if self.get("aud").is_some_and(|audience| !names_us(audience)) {
            return Err(wrong("aud of the request object is not the issuer"));
        }
        if ["request", "request_uri"].iter().any(|name| self.get(name).is_some()) {
            return Err(wrong("the request object names another one"));
        }
        Ok(())
    }

    /// Whether it is good now; without a word, always.
    pub fn is_current(&self, now: UnixTime) -> bool {
        let is_past = |value: &Value| date(value).is_none_or(|end| end.plus(LEEWAY) <= now);
        let is_ahead = |value: &Value| date(value).is_none_or(|begin| begin > now.plus(LEEWAY));
        !self.get("exp").is_some_and(is_past) && !["nbf", "iat"].iter().any(|name| self.get(name).is_some_and(is_ahead))
    }

    /// The request as a query that says all of it. What the object says goes before what stands beside it (OpenID Connect
    /// Core §6.1); so what is different each time may be there, and one object be signed once.
    pub fn with(&self, beside: &Params) -> Result<String, Fault> {
        let mut query = Form::new(String::new());
        for name in authorization::PARAMETERS {
            let Some(value) = self.get(name) else {
                query.extend_pairs(beside.all(name).map(|value| (name, value)));
                continue;
            };
            let values = written(name, value)?;
            if SAME.contains(&name) && beside.all(name).any(|other| values.iter().any(|value| value != other)) {
                return Err(wrong(format!("{name} in the request object is another one than beside it")));
            }
            query.extend_pairs(values.iter().map(|value| (name, value)));
        }
        Ok(query.finish())
    }

    /// `null` counts as left out.
    fn get(&self, name: &str) -> Option<&Value> {
        let found = self.members.iter().find(|(each, _)| each == name);
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    }
}

impl fmt::Debug for RequestObject {
    /// Names only, as of parameters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.members.iter().map(|(name, _)| name)).finish()
    }
}

/// As it would be in a query.
fn written<'v>(name: &'static str, value: &'v Value) -> Result<Vec<Cow<'v, str>>, Fault> {
    let unreadable = || wrong(format!("{name} in the request object is of a wrong type"));
    match value {
        Value::String(text) => Ok(vec![text.into()]),
        Value::Number(number) => Ok(vec![number.to_string().into()]),
        Value::Object(_) if name == "claims" => Ok(vec![value.to_string().into()]),
        Value::Array(list) if LISTS.contains(&name) => {
            list.iter().map(|each| each.as_str().map(Cow::Borrowed).ok_or_else(unreadable)).collect()
        }
        _ => Err(unreadable()),
    }
}

fn date(value: &Value) -> Option<UnixTime> {
    match value {
        Value::Number(number) => claims::numeric_date(number),
        _ => None,
    }
}

fn unreadable() -> Fault {
    wrong("the request object is not a token that this server reads")
}

fn wrong(about: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(ErrorCode::InvalidRequestObject, about)
}
