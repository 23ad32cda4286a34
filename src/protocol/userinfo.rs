//! What a client may be told of a user (OpenID Connect Core §5.1 and §5.4): which claims there are, which scope asks for which,
//! and what of a profile document is one.

use serde_json::{Map, Value};
use url::Url;

use super::scope::ScopeSet;

/// §5.4: the claims that each scope asks for. No other claims are told.
pub const BY_SCOPE: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// §5.1.1.
const ADDRESS: [&str; 6] = ["formatted", "street_address", "locality", "region", "postal_code", "country"];

const LONGEST_TEXT: usize = 256;
const LONGEST_URL: usize = 2048;
const LONGEST_ADDRESS: usize = 1024;

/// All claims of users.
pub fn names() -> impl Iterator<Item = &'static str> {
    BY_SCOPE.into_iter().flat_map(|(_, names)| names.iter().copied())
}

/// The claims that these scopes ask for.
pub fn of_scopes(scopes: &ScopeSet) -> Vec<&'static str> {
    BY_SCOPE
        .into_iter()
        .filter(|(scope, _)| scopes.contains(scope))
        .flat_map(|(_, names)| names.iter().copied())
        .collect()
}

/// The scope that asks for this claim, if it is one.
pub fn scope_of(claim: &str) -> Option<&'static str> {
    BY_SCOPE.into_iter().find(|(_, names)| names.contains(&claim)).map(|(scope, _)| scope)
}

/// The claim of this name that a profile document holds, if it is well formed. People write these documents themselves, so
/// nothing in them counts as verified, and what has a place of its own in an account is not looked for here.
pub fn in_profile(profile: &Value, claim: &str) -> Option<Value> {
    let value = profile.get(claim)?;
    if claim == "address" {
        return address(value);
    }
    let text = value.as_str()?;
    let is_good = match claim {
        "middle_name" | "nickname" | "gender" => is_line(text),
        "profile" | "picture" | "website" => is_page(text),
        "birthdate" => is_birthdate(text),
        "zoneinfo" => is_zone(text),
        "locale" => is_locale(text),
        "phone_number" => is_phone_number(text),
        _ => false,
    };
    is_good.then(|| Value::from(text))
}

fn address(value: &Value) -> Option<Value> {
    let is_good = |text: &str| {
        let is_odd = |c: char| c.is_control() && c != '\n' && c != '\r';
        !text.is_empty() && text.len() <= LONGEST_ADDRESS && !text.chars().any(is_odd)
    };
    let members = ADDRESS.into_iter().filter_map(|name| {
        let text = value.get(name)?.as_str().filter(|text| is_good(text))?;
        Some((name.to_owned(), Value::from(text)))
    });
    let address: Map<String, Value> = members.collect();
    (!address.is_empty()).then_some(Value::Object(address))
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= LONGEST_TEXT && !text.chars().any(char::is_control)
}

fn is_page(text: &str) -> bool {
    let is_web = |url: Url| matches!(url.scheme(), "https" | "http") && url.password().is_none();
    text.len() <= LONGEST_URL && !text.chars().any(|c| c.is_control() || c == ' ') && Url::parse(text).is_ok_and(is_web)
}

/// `YYYY-MM-DD`, with 0000 for a year that is not told, or a year alone.
fn is_birthdate(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, digits: usize| {
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { part.parse::<u32>().ok() } else { None }
    };
    match parts.as_slice() {
        [year] => number(year, 4).is_some(),
        [year, month, day] => {
            number(year, 4).is_some()
                && number(month, 2).is_some_and(|month| (1..=12).contains(&month))
                && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
        }
        _ => false,
    }
}

/// A name of the time zone database, such as Europe/Paris.
fn is_zone(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
    };
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.split('/').all(is_part)
}

/// A language tag; §5.1 also knows an underscore in it.
fn is_locale(text: &str) -> bool {
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let mut parts = text.split(['-', '_']);
    let language = parts.next().unwrap_or_default();
    (2..=8).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic()) && parts.all(is_part)
}

/// In the international form, with or without what makes it easier to read, and perhaps with an extension.
fn is_phone_number(text: &str) -> bool {
    let (number, extension) = text.split_once(";ext=").unwrap_or((text, "0"));
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    number.starts_with('+')
        && (3..=15).contains(&digits)
        && number.len() <= 32
        && number[1..].bytes().all(|byte| byte.is_ascii_digit() || b" ()-.".contains(&byte))
        && (1..=10).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_digit())
}
