//! The wire types: a row for every rule of the RFCs, the examples of the RFCs, and properties of every parser.

mod access_token;
mod authorization;
mod bearer;
mod claims_request;
mod client_assertion;
mod client_authentication;
mod client_keys;
mod client_metadata;
mod discovery;
mod error;
mod introspection;
mod jwk;
mod jws;
mod members;
mod params;
mod pkce;
mod redirect_uri;
mod request_object;
mod resource;
mod scope;
mod token;
mod uri;
mod userinfo;

use countersign::protocol::{ErrorCode, Fault, Params};
use serde_json::Value;

/// Parameters as a test writes them.
type Pairs<'a> = &'a [(&'a str, &'a str)];

/// An example out of an RFC.
fn vector(name: &str) -> Value {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn text<'a>(vector: &'a Value, member: &str) -> &'a str {
    vector[member].as_str().unwrap_or_else(|| panic!("the vector has no text {member}"))
}

fn params(pairs: Pairs) -> Params {
    Params::parse(form(pairs).as_bytes()).unwrap()
}

/// Parameters as they stand in a query.
fn parsed(query: &str) -> Params {
    Params::parse(query.as_bytes()).unwrap()
}

/// The form as another library prints it.
fn form<'a>(pairs: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The code of a refusal, after a look at its sentence: it is printable as it is, and does not repeat what was sent.
fn code<T>(result: Result<T, Fault>, sent: &str) -> Option<ErrorCode> {
    let fault = result.err()?;
    assert_eq!(countersign::protocol::error::allowed_description(&fault.about), fault.about);
    assert!(sent.len() < 8 || !fault.about.contains(sent), "{} repeats what was sent", fault.about);
    Some(fault.code)
}
