//! Assertions of clients: read, and judged as far as it goes without a key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use countersign::protocol::ErrorCode;
use countersign::protocol::client_assertion::{ClientAssertion, Flaw, LEEWAY, LONGEST_LIFE};
use countersign::protocol::client_authentication::AuthMethod;
use countersign::time::UnixTime;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::code;

const NOW: i64 = 1_800_000_000;
const HERE: &str = "https://id.example";

fn text(header: &Value, claims: &Value) -> String {
    let encode = |part: &Value| BASE64URL.encode(part.to_string());
    format!("{}.{}.c2ln", encode(header), encode(claims))
}

fn claims(more: Value) -> Value {
    let mut claims = json!({"iss": "c", "sub": "c", "aud": HERE, "exp": NOW + 60, "jti": "a"});
    let Value::Object(more) = more else { panic!("members are wanted") };
    claims.as_object_mut().unwrap().extend(more);
    claims
}

fn judged(more: Value) -> Result<(), Flaw> {
    let assertion = ClientAssertion::parse(&text(&json!({"alg": "ES256"}), &claims(more))).unwrap();
    assertion.check(&[HERE, "https://id.example/oauth2/token"], UnixTime::from_seconds(NOW))
}

#[test]
fn the_claims_are_judged() {
    let latest = NOW + LONGEST_LIFE + LEEWAY;
    let rows = [
        ("good", json!({}), Ok(())),
        ("another issuer", json!({"iss": "d"}), Err(Flaw::Subject)),
        ("another subject", json!({"sub": "d"}), Err(Flaw::Subject)),
        ("the endpoint", json!({"aud": "https://id.example/oauth2/token"}), Ok(())),
        ("one of several", json!({"aud": ["https://a.example", HERE]}), Ok(())),
        ("a slash more", json!({"aud": "https://id.example/"}), Err(Flaw::Audience)),
        ("in capitals", json!({"aud": "https://ID.example"}), Err(Flaw::Audience)),
        ("nobody", json!({"aud": []}), Err(Flaw::Audience)),
        ("the last second", json!({"exp": NOW - LEEWAY + 1}), Ok(())),
        ("a second too late", json!({"exp": NOW - LEEWAY}), Err(Flaw::Time)),
        ("half a second too late", json!({"exp": (NOW - LEEWAY) as f64 + 0.5}), Err(Flaw::Time)),
        ("the longest", json!({"exp": latest}), Ok(())),
        ("too long", json!({"exp": latest + 1}), Err(Flaw::Time)),
        ("for ever", json!({"exp": 1e30}), Err(Flaw::Time)),
        ("never", json!({"exp": -1e30}), Err(Flaw::Time)),
        ("not good yet", json!({"nbf": NOW + LEEWAY + 1}), Err(Flaw::Time)),
        ("good in a moment", json!({"nbf": NOW + LEEWAY}), Ok(())),
        ("made tomorrow", json!({"iat": NOW + 86_400}), Err(Flaw::Time)),
        ("made long ago", json!({"iat": 0}), Ok(())),
    ];
    for (what, more, expected) in rows {
        assert_eq!(judged(more), expected, "{what}");
    }
    let end = ClientAssertion::parse(&text(&json!({"alg": "ES256"}), &claims(json!({})))).unwrap().ends();
    assert_eq!(end.seconds(), NOW + 60 + LEEWAY, "as long as that it is remembered");
}

#[test]
fn the_header_says_how_it_is_signed_and_what_it_is() {
    let method = |header: Value| ClientAssertion::parse(&text(&header, &claims(json!({})))).map(|it| it.method());
    for (header, expected) in [
        (json!({"alg": "RS256"}), Ok(AuthMethod::PrivateKeyJwt)),
        (json!({"alg": "HS256"}), Ok(AuthMethod::ClientSecretJwt)),
        (json!({"alg": "EdDSA", "typ": "JWT"}), Ok(AuthMethod::PrivateKeyJwt)),
        (json!({"alg": "EdDSA", "typ": "application/client-authentication+jwt"}), Ok(AuthMethod::PrivateKeyJwt)),
        (json!({"alg": "EdDSA", "typ": "at+jwt"}), Err(ErrorCode::InvalidClient)),
        (json!({"alg": "EdDSA", "typ": ""}), Err(ErrorCode::InvalidClient)),
        (json!({"alg": "none"}), Err(ErrorCode::InvalidClient)),
        (json!({"alg": "HS512"}), Err(ErrorCode::InvalidClient)),
        (json!({"alg": "rs256"}), Err(ErrorCode::InvalidClient)),
        (json!({}), Err(ErrorCode::InvalidClient)),
    ] {
        assert_eq!(method(header.clone()).map_err(|fault| fault.code), expected, "{header}");
    }
}

#[test]
fn what_lacks_a_claim_or_has_it_twice_is_no_assertion() {
    for name in ["iss", "sub", "aud", "exp", "jti"] {
        let mut lacking = claims(json!({}));
        lacking.as_object_mut().unwrap().remove(name);
        let text = text(&json!({"alg": "ES256"}), &lacking);
        assert_eq!(code(ClientAssertion::parse(&text), &text), Some(ErrorCode::InvalidClient), "{name}");
    }
    for more in [json!({"jti": 1}), json!({"exp": "1"}), json!({"exp": null}), json!({"nbf": "1"}), json!({"aud": 1})] {
        let text = text(&json!({"alg": "ES256"}), &claims(more.clone()));
        assert_eq!(code(ClientAssertion::parse(&text), &text), Some(ErrorCode::InvalidClient), "{more}");
    }
    let twice = r#"{"iss":"c","sub":"c","sub":"d","aud":"a","exp":1,"jti":"a"}"#;
    let header = BASE64URL.encode(r#"{"alg":"ES256"}"#);
    let text = format!("{header}.{}.c2ln", BASE64URL.encode(twice));
    assert_eq!(code(ClientAssertion::parse(&text), &text), Some(ErrorCode::InvalidClient));
}

#[test]
fn debug_prints_no_signature() {
    let assertion = ClientAssertion::parse(&text(&json!({"alg": "ES256"}), &claims(json!({})))).unwrap();
    let printed = format!("{assertion:?}");
    assert!(!printed.contains("sig") && printed.contains("Es256"), "{printed}");
}

proptest! {
    #[test]
    fn anything_is_read_or_refused(text in ".{0,80}", payload: Vec<u8>) {
        let header = BASE64URL.encode(r#"{"alg":"ES256"}"#);
        let forged = format!("{header}.{}.c2ln", BASE64URL.encode(&payload));
        for text in [text, forged] {
            if let Err(fault) = ClientAssertion::parse(&text) {
                prop_assert_eq!(fault.code, ErrorCode::InvalidClient);
            }
        }
    }
}
