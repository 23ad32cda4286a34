//! Resource indicators.

use countersign::protocol::ErrorCode;
use countersign::protocol::resource::{ResourceUri, requested};
use proptest::prelude::*;

use super::{code, params};

#[test]
fn a_resource_is_an_absolute_uri_without_a_fragment() {
    let (long, longest) = (format!("https://a/{}", "x".repeat(2039)), format!("https://a/{}", "x".repeat(2038)));
    let rows = [
        ("https", "https://api.example.com", true),
        ("kept as written", "HTTPS://API.example.com:443/a/../b?c=%20d", true),
        ("a name", "urn:example:api", true),
        ("an IPv6 host", "https://[::1]:8443/", true),
        ("the longest", &longest, true),
        ("too long", &long, false),
        ("empty", "", false),
        ("relative", "/api", false),
        ("no scheme", "//api.example.com", false),
        ("a word", "api", false),
        ("a fragment", "https://api.example.com/#a", false),
        ("an empty fragment", "https://api.example.com/#", false),
        ("a space", "https://api.example.com/a b", false),
        ("a line break", "https://api.example.com/\n", false),
        ("a backslash", "https:\\\\api.example.com", false),
        ("not ASCII", "https://b\u{fc}cher.example/", false),
        ("half a percent-encoding", "https://api.example.com/%4", false),
        ("no authority", "https:api.example.com", false),
        ("an empty host", "https:///api.example.com", false),
        ("a host in octal", "https://0177.0.0.1/", false),
        ("a host in octal that is no longer", "https://0127.0.1/", false),
        ("an address with a dot behind it", "https://127.0.0.1./", false),
        ("a host in percent-encoding", "https://%61pi.example.com/", false),
        ("a port that is none", "https://api.example.com:99999/", false),
    ];
    for (what, text, good) in rows {
        let read = text.parse::<ResourceUri>();
        assert_eq!(read.as_ref().ok().map(ResourceUri::as_str), good.then_some(text), "{what}");
        assert_eq!(code(read, text), (!good).then_some(ErrorCode::InvalidTarget), "{what}");
    }
}

#[test]
fn resources_are_compared_as_they_were_written() {
    let parse = |text: &str| text.parse::<ResourceUri>().unwrap();
    assert_ne!(parse("https://api.example.com"), parse("https://api.example.com/"));
    assert_ne!(parse("https://api.example.com"), parse("https://API.example.com"));
}

#[test]
fn a_request_names_resources_by_either_name_each_once() {
    let params_of = |pairs: &[(&str, &str)]| requested(&params(pairs));
    let both = [("audience", "urn:b"), ("resource", "urn:a"), ("resource", "urn:c"), ("audience", "urn:a")];
    let read: Vec<_> = params_of(&both).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(read, ["urn:a", "urn:c", "urn:b"]);
    assert_eq!(params_of(&[("scope", "a")]).unwrap(), []);
    assert_eq!(code(params_of(&[("audience", "first-api")]), "first-api"), Some(ErrorCode::InvalidTarget));

    let names: Vec<_> = (0..9).map(|n| format!("urn:{n}")).collect();
    let pairs: Vec<_> = names.iter().map(|name| ("resource", name.as_str())).collect();
    assert_eq!(params_of(&pairs[..8]).unwrap().len(), 8);
    assert_eq!(code(params_of(&pairs), "urn:8"), Some(ErrorCode::InvalidTarget));
}

proptest! {
    #[test]
    fn any_text_is_read_as_it_is_or_refused(text in ".*|https?:[/a-z0-9.:@?#%\\[\\]\\\\ ]{0,30}|[a-z+.:-]{0,12}") {
        match text.parse::<ResourceUri>() {
            Ok(read) => {
                prop_assert_eq!(read.to_string(), text.clone());
                prop_assert_eq!(serde_json::from_value::<ResourceUri>(text.into()).unwrap(), read);
            }
            Err(fault) => {
                prop_assert_eq!(fault.code, ErrorCode::InvalidTarget);
                prop_assert!(serde_json::from_value::<ResourceUri>(text.into()).is_err());
            }
        }
    }
}
