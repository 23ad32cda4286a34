//! The values of single members of client metadata (RFC 7591 §2), read strictly.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::protocol::client_keys;
use crate::protocol::error::{ErrorCode, Fault};
use crate::protocol::redirect_uri::{self, RedirectUri};
use crate::protocol::scope::ScopeSet;
use crate::protocol::uri;

const MAX_REDIRECT_URIS: usize = 64;
const MAX_LIST: usize = 32;
const MAX_TEXT: usize = 256;
/// A day: a key stays published until the last token that it signed has expired.
const LONGEST_LIFETIME: i64 = 86_400;

/// A member of any type; a wrong type or an unknown name is a fault that says which member it is, and not its value.
pub(super) fn member<T: DeserializeOwned>(name: &'static str, value: Option<Value>) -> Result<Option<T>, Fault> {
    let unreadable = |_| invalid(format!("{name} has a value that this server does not accept"));
    value.map(serde_json::from_value).transpose().map_err(unreadable)
}

pub(super) fn flag(name: &'static str, value: Option<Value>, usual: bool) -> Result<bool, Fault> {
    Ok(member(name, value)?.unwrap_or(usual))
}

/// A list in which a value that is there twice counts once.
pub(super) fn list<T: DeserializeOwned + PartialEq>(
    name: &'static str,
    value: Option<Value>,
) -> Result<Option<Vec<T>>, Fault> {
    let Some(values) = member::<Vec<T>>(name, value)? else { return Ok(None) };
    if values.len() > MAX_LIST {
        return Err(invalid(format!("{name} has too many values")));
    }
    Ok(Some(unique(values)))
}

fn unique<T: PartialEq>(values: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(values.len());
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

/// A text that people read; empty counts as left out.
pub(super) fn text(name: &'static str, value: Option<Value>) -> Result<Option<String>, Fault> {
    let Some(text) = member::<String>(name, value)? else { return Ok(None) };
    if text.len() > MAX_TEXT || text.chars().any(char::is_control) {
        return Err(invalid(format!("{name} is too long or has a control character in it")));
    }
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}

pub(super) fn redirect_uris(name: &'static str, value: Option<Value>) -> Result<Vec<RedirectUri>, Fault> {
    let uris = member::<Vec<String>>(name, value)
        .map_err(|_| invalid_redirect_uri(format!("{name} is not a list of texts")))?
        .unwrap_or_default();
    if uris.len() > MAX_REDIRECT_URIS {
        return Err(invalid_redirect_uri(format!("there are too many {name}")));
    }
    Ok(unique(uris.into_iter().map(RedirectUri::try_from).collect::<Result<_, _>>()?))
}

pub(super) fn scope(value: Option<Value>) -> Result<Option<ScopeSet>, Fault> {
    let Some(text) = member::<String>("scope", value)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    ScopeSet::parse(&text).map(Some).map_err(|fault| invalid(fault.about))
}

pub(super) fn contacts(value: Option<Value>) -> Result<Vec<String>, Fault> {
    let contacts = list::<String>("contacts", value)?.unwrap_or_default();
    if contacts.iter().all(|contact| contact.len() <= MAX_TEXT && !contact.chars().any(char::is_control)) {
        Ok(contacts)
    } else {
        Err(invalid("a contact is too long or has a control character in it"))
    }
}

/// Addresses on the web.
pub(super) fn pages(name: &'static str, value: Option<Value>) -> Result<Vec<String>, Fault> {
    let pages = list::<String>(name, value)?.unwrap_or_default();
    pages.into_iter().map(|text| on_the_web(name, text)).collect()
}

pub(super) fn page(name: &'static str, value: Option<Value>) -> Result<Option<String>, Fault> {
    let text = member::<String>(name, value)?.filter(|text| !text.is_empty());
    text.map(|text| on_the_web(name, text)).transpose()
}

/// https, or http on a loopback host while a client is being developed.
fn on_the_web(name: &'static str, text: String) -> Result<String, Fault> {
    let url = uri::with_fragment(&text).map_err(|what| invalid(format!("{name} {what}")))?;
    let secure = url.scheme() == "https" || (url.scheme() == "http" && redirect_uri::is_loopback(&url));
    if secure && url.username().is_empty() && url.password().is_none() {
        Ok(text)
    } else {
        Err(invalid(format!("{name} is not an https URL, or has a password in it")))
    }
}

/// The shape of a JWK Set (RFC 7517 §5) without private members: what should stay with the client is not kept here.
pub(super) fn public_keys(value: Value) -> Result<Value, Fault> {
    let keys = value.get("keys").and_then(Value::as_array).ok_or_else(|| invalid("jwks is not a JWK Set"))?;
    if keys.len() > MAX_LIST {
        return Err(invalid("jwks has too many keys"));
    }
    for key in keys {
        if key.get("kty").and_then(Value::as_str).is_none() {
            return Err(invalid("jwks has a key without kty"));
        }
        if client_keys::is_private(key) {
            return Err(invalid("jwks has a private key in it"));
        }
    }
    Ok(value)
}

pub(super) fn lifetime(value: Option<Value>) -> Result<Option<i64>, Fault> {
    match member::<i64>("access_token_lifetime", value)? {
        Some(seconds) if !(1..=LONGEST_LIFETIME).contains(&seconds) => {
            Err(invalid("access_token_lifetime is not a number of seconds from 1 to 86400"))
        }
        seconds => Ok(seconds),
    }
}

pub(super) fn invalid(about: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(ErrorCode::InvalidClientMetadata, about)
}

pub(super) fn invalid_redirect_uri(about: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(ErrorCode::InvalidRedirectUri, about)
}
