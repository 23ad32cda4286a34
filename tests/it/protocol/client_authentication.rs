//! How clients say who they are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use countersign::protocol::client_authentication::{AuthMethod, Presented, presented};
use countersign::protocol::{ErrorCode, Fault, Params};
use proptest::prelude::*;

use super::{Pairs, code, params, text, vector};

fn basic(user_and_password: &str) -> String {
    format!("Basic {}", BASE64.encode(user_and_password))
}

/// Method, client id and secret, for comparing.
fn facts(result: Result<Presented, Fault>) -> Result<(AuthMethod, String, Option<String>), ErrorCode> {
    let secret = |presented: &Presented| presented.secret().map(|secret| secret.reveal().to_owned());
    result.map(|it| (it.method(), it.client_id().to_owned(), secret(&it))).map_err(|fault| fault.code)
}

#[test]
fn the_examples_of_the_rfc() {
    let vector = vector("rfc6749-2.3.1");
    let (id, secret) = (text(&vector, "client_id").to_owned(), Some(text(&vector, "client_secret").to_owned()));
    let by_header = presented(Some(text(&vector, "authorization").as_bytes()), &params(&[]));
    assert_eq!(facts(by_header), Ok((AuthMethod::ClientSecretBasic, id.clone(), secret.clone())));
    let by_body = presented(None, &Params::parse(text(&vector, "body").as_bytes()).unwrap());
    assert_eq!(facts(by_body), Ok((AuthMethod::ClientSecretPost, id, secret)));
}

#[test]
fn the_header_is_form_decoded_and_its_scheme_has_no_case() {
    let rows = [
        (basic("cl%3Aient:se%2Bcret+%25"), "cl:ient", "se+cret %"),
        (basic("client:a:b"), "client", "a:b"),
        (basic("client:"), "client", ""),
        (basic("client:x").replace("Basic", "bASIC"), "client", "x"),
        (basic("client:x").replace(' ', "  "), "client", "x"),
    ];
    for (header, id, secret) in rows {
        let expected = Ok((AuthMethod::ClientSecretBasic, id.to_owned(), Some(secret.to_owned())));
        assert_eq!(facts(presented(Some(header.as_bytes()), &params(&[]))), expected);
    }
}

#[test]
fn a_header_that_cannot_be_read_is_invalid_client() {
    let too_long = basic(&format!("{}:x", "a".repeat(129)));
    let rows = [
        ("empty", ""),
        ("no credentials", "Basic"),
        ("only a space", "Basic "),
        ("another scheme", "Bearer abc"),
        ("not base64", "Basic ***"),
        ("base64url", "Basic Y2xpZW50On5_fn8"),
        ("no padding", "Basic YTpi Yg"),
        ("no colon", &basic("client")),
        ("no id", &basic(":secret")),
        ("a broken percent sign in the id", &basic("cli%ent:secret")),
        ("a broken percent sign in the secret", &basic("client:se%cret")),
        ("NUL", &basic("client:se%00cret")),
        ("a control character in the id", &basic("cli%0Aent:secret")),
        ("an id that is not ASCII", &basic("cl%C3%A9:secret")),
        ("an id that is too long", &too_long),
    ];
    for (what, header) in rows {
        let result = presented(Some(header.as_bytes()), &params(&[("client_id", "client")]));
        assert_eq!(code(result, header), Some(ErrorCode::InvalidClient), "{what}");
    }
    let not_utf8 = format!("Basic {}", BASE64.encode(b"client:\xff"));
    assert_eq!(facts(presented(Some(not_utf8.as_bytes()), &params(&[]))), Err(ErrorCode::InvalidClient));
}

#[test]
fn one_way_at_a_time() {
    let header = basic("client:secret");
    let rows: [(&str, bool, Pairs, Result<AuthMethod, ErrorCode>); 13] = [
        ("header and the same id", true, &[("client_id", "client")], Ok(AuthMethod::ClientSecretBasic)),
        ("header and another id", true, &[("client_id", "other")], Err(ErrorCode::InvalidRequest)),
        ("header and a secret", true, &[("client_secret", "secret")], Err(ErrorCode::InvalidRequest)),
        ("header and an assertion", true, &[("client_assertion", "x")], Err(ErrorCode::InvalidRequest)),
        ("body", false, &[("client_id", "client"), ("client_secret", "x")], Ok(AuthMethod::ClientSecretPost)),
        ("id alone", false, &[("client_id", "client")], Ok(AuthMethod::None)),
        ("an empty secret is left out", false, &[("client_id", "client"), ("client_secret", "")], Ok(AuthMethod::None)),
        ("nothing", false, &[], Err(ErrorCode::InvalidClient)),
        ("secret alone", false, &[("client_secret", "x")], Err(ErrorCode::InvalidRequest)),
        ("assertion", false, &[("client_id", "client"), ("client_assertion", "x")], Err(ErrorCode::InvalidClient)),
        ("assertion type", false, &[("client_assertion_type", "x")], Err(ErrorCode::InvalidClient)),
        (
            "assertion and secret",
            false,
            &[("client_id", "client"), ("client_assertion", "x"), ("client_secret", "y")],
            Err(ErrorCode::InvalidRequest),
        ),
        ("an id that is none", false, &[("client_id", "cl\u{e9}")], Err(ErrorCode::InvalidClient)),
    ];
    for (what, with_header, pairs, expected) in rows {
        let result = presented(with_header.then_some(header.as_bytes()), &params(pairs));
        assert_eq!(facts(result).map(|(method, ..)| method), expected, "{what}");
    }
}

#[test]
fn debug_prints_no_secret() {
    let result = presented(Some(basic("client:hunter2").as_bytes()), &params(&[])).unwrap();
    assert!(!format!("{result:?}").contains("hunter2"));
}

#[test]
fn the_methods_that_are_served_are_known_by_their_names() {
    let names: Vec<_> = AuthMethod::ALL.iter().map(|method| method.as_str()).collect();
    assert_eq!(names, ["client_secret_basic", "client_secret_post", "private_key_jwt", "client_secret_jwt", "none"]);
    assert_eq!("private_key_jwt".parse(), Ok(AuthMethod::PrivateKeyJwt));
    assert_eq!(serde_json::from_str::<AuthMethod>("\"client_secret_jwt\"").unwrap(), AuthMethod::ClientSecretJwt);
    assert!(serde_json::from_str::<AuthMethod>("\"tls_client_auth\"").is_err());
}

proptest! {
    #[test]
    fn any_header_is_read_or_refused(header: Vec<u8>, credentials: Vec<u8>) {
        let encoded = format!("Basic {}", BASE64.encode(&credentials));
        for header in [header.as_slice(), encoded.as_bytes()] {
            if let Err(fault) = presented(Some(header), &params(&[])) {
                prop_assert_eq!(fault.code, ErrorCode::InvalidClient);
                let with_id = presented(Some(header), &params(&[("client_id", "client")]));
                prop_assert!(with_id.is_err(), "what is refused stays refused with an id in the body");
            }
        }
    }

    #[test]
    fn what_a_client_encodes_is_what_is_read(id in "[ -~]{1,128}", secret in "[^\0]{0,64}") {
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let header = basic(&format!("{}:{}", encode(&id), encode(&secret)));
        let read = facts(presented(Some(header.as_bytes()), &params(&[])));
        prop_assert_eq!(read, Ok((AuthMethod::ClientSecretBasic, id, Some(secret))));
    }
}
