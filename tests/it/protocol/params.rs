//! Parameters of requests.

use countersign::protocol::params::decode_component;
use countersign::protocol::{ErrorCode, Params};
use proptest::prelude::*;

use super::{Pairs, form, text, vector};

#[test]
fn a_form_is_read_or_refused() {
    let rows: [(&str, &[u8], Option<Pairs>); 22] = [
        ("nothing", b"", Some(&[])),
        ("two", b"a=1&b=2", Some(&[("a", "1"), ("b", "2")])),
        ("plus is a space", b"a=x+y", Some(&[("a", "x y")])),
        ("percent-encoding, both cases", b"a=%2b%2B%C3%A9", Some(&[("a", "++\u{e9}")])),
        ("encoded names", b"%61=1", Some(&[("a", "1")])),
        ("an equals sign in a value", b"a=b=c", Some(&[("a", "b=c")])),
        ("an empty value is left out", b"a=&b=2", Some(&[("b", "2")])),
        ("a name alone is left out", b"a&b=2", Some(&[("b", "2")])),
        ("what is left out is not repeated", b"a=&a=1", Some(&[("a", "1")])),
        ("stray ampersands", b"&&a=1&&b=2&", Some(&[("a", "1"), ("b", "2")])),
        ("raw UTF-8", "a=\u{e9}".as_bytes(), Some(&[("a", "\u{e9}")])),
        ("repeatable: resource", b"resource=x&resource=y", Some(&[("resource", "x"), ("resource", "y")])),
        ("repeatable: audience", b"audience=x&audience=x", Some(&[("audience", "x"), ("audience", "x")])),
        ("repeated", b"scope=1&scope=1", None),
        ("repeated in another encoding", b"scope=1&%73cope=2", None),
        ("repeated and unknown", b"x=1&x=2", None),
        ("no name", b"=1", None),
        ("cut-off percent sign", b"a=%4", None),
        ("not hexadecimal", b"a=%+1", None),
        ("not UTF-8", b"a=\xff", None),
        ("not UTF-8 when decoded", b"a=%ff", None),
        ("half a character in the name, the other half in the value", b"%c3=%a9", None),
    ];
    for (what, body, expected) in rows {
        match (Params::parse(body), expected) {
            (Ok(params), Some(expected)) => assert_eq!(params.iter().collect::<Vec<_>>(), expected, "{what}"),
            (Err(fault), None) => assert_eq!(fault.code, ErrorCode::InvalidRequest, "{what}"),
            (result, _) => panic!("{what}: {result:?}"),
        }
    }
}

#[test]
fn nul_is_refused_raw_and_encoded_in_names_and_values() {
    for body in [&b"a=\0"[..], b"a=%00", b"a\0=1", b"%00a=1"] {
        assert_eq!(Params::parse(body).unwrap_err().code, ErrorCode::InvalidRequest);
    }
}

#[test]
fn sixty_four_parameters_are_the_most() {
    let body = |count: usize| (0..count).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
    assert_eq!(Params::parse(body(64).as_bytes()).unwrap().iter().count(), 64);
    assert!(Params::parse(body(65).as_bytes()).is_err());
    assert!(Params::parse("a=&".repeat(65).as_bytes()).is_err(), "those without a value count as well");
}

#[test]
fn a_fault_names_only_parameters_that_are_known() {
    assert_eq!(Params::parse(b"scope=a&scope=b").unwrap_err().about, "scope is given more than once");
    let unknown = Params::parse(b"hunter2=a&hunter2=b").unwrap_err();
    assert!(!unknown.about.contains("hunter2"));
    assert_eq!(Params::parse(b"").unwrap().required("token").unwrap_err().about, "token is missing");
}

#[test]
fn values_are_found_by_name() {
    let params = Params::parse(b"resource=x&scope=s&resource=y").unwrap();
    assert_eq!(params.get("scope"), Some("s"));
    assert_eq!(params.get("resource"), Some("x"));
    assert_eq!(params.get("token"), None);
    assert_eq!(params.all("resource").collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(params.required("scope"), Ok("s"));
}

#[test]
fn debug_prints_no_value() {
    let printed = format!("{:?}", Params::parse(b"client_secret=hunter2").unwrap());
    assert!(printed.contains("client_secret") && !printed.contains("hunter2"));
}

#[test]
fn the_example_of_appendix_b() {
    let vector = vector("rfc6749-appendix-b");
    assert_eq!(decode_component(text(&vector, "encoded")).unwrap(), text(&vector, "text"));
    let params = Params::parse(format!("a={}", text(&vector, "encoded")).as_bytes()).unwrap();
    assert_eq!(params.get("a"), Some(text(&vector, "text")));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_and_what_was_read_prints_and_reads_the_same(body: Vec<u8>) {
        if let Ok(params) = Params::parse(&body) {
            let pairs: Vec<_> = params.iter().collect();
            let again = Params::parse(form(&pairs).as_bytes()).unwrap();
            prop_assert_eq!(again.iter().collect::<Vec<_>>(), pairs);
        }
    }

    #[test]
    fn bytes_that_look_like_a_form_are_read_as_another_library_reads_them(body in "([a-c=&+]|%[0-9a-fA-F]{2}){0,40}") {
        if let Ok(params) = Params::parse(body.as_bytes()) {
            let expected: Vec<_> =
                url::form_urlencoded::parse(body.as_bytes()).filter(|(_, value)| !value.is_empty()).collect();
            let read: Vec<_> = params.iter().map(|(name, value)| (name.into(), value.into())).collect();
            prop_assert_eq!(read, expected);
        }
    }

    #[test]
    fn what_another_library_prints_is_read(values in prop::collection::vec("[^\0]{1,20}", 0..20)) {
        let names: Vec<_> = (0..values.len()).map(|n| format!("p{n}")).collect();
        let pairs: Vec<_> = names.iter().map(String::as_str).zip(values.iter().map(String::as_str)).collect();
        let params = Params::parse(form(&pairs).as_bytes()).unwrap();
        prop_assert_eq!(params.iter().collect::<Vec<_>>(), pairs);
    }

    #[test]
    fn what_is_refused_stays_refused_with_more_behind_it(body: Vec<u8>) {
        if Params::parse(&body).is_err() {
            let longer = [&body[..], b"&z=1"].concat();
            prop_assert!(Params::parse(&longer).is_err());
        }
    }

    #[test]
    fn components_are_decoded_or_refused(encoded in ".*", plain in "[^\0]*") {
        if let Ok(decoded) = decode_component(&encoded) {
            prop_assert!(!decoded.contains('\0'));
        }
        let encoded: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
        prop_assert_eq!(decode_component(&encoded).unwrap(), plain);
    }
}
