//! Access tokens as JWTs.

use countersign::protocol::ErrorCode;
use countersign::protocol::access_token::{AccessToken, CLOCK_SKEW};
use countersign::protocol::claims::Audience;
use countersign::time::UnixTime;
use proptest::prelude::*;
use serde_json::json;

use super::{code, vector};

type Change = fn(&mut AccessToken);

fn example() -> AccessToken {
    serde_json::from_value(vector("rfc9068-3")["claims"].clone()).unwrap()
}

#[test]
fn the_example_of_the_rfc_is_read_and_printed() {
    let mut printed = serde_json::to_value(example()).unwrap();
    assert_eq!(printed["nbf"].take(), json!(0), "a token without nbf is good from the beginning");
    let printed_members = printed.as_object_mut().unwrap();
    printed_members.remove("nbf");
    assert_eq!(printed, vector("rfc9068-3")["claims"]);
}

#[test]
fn every_claim_that_the_rfc_requires_is_required() {
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let mut claims = vector("rfc9068-3")["claims"].clone();
        claims.as_object_mut().unwrap().remove(claim);
        assert!(serde_json::from_value::<AccessToken>(claims).is_err(), "{claim}");
    }
}

#[test]
fn roles_and_entitlements_are_there_when_there_are_any() {
    let mut token = example();
    assert!(serde_json::to_value(&token).unwrap().get("roles").is_none());
    token.roles = vec!["admin".to_owned()];
    token.entitlements = vec!["beta".to_owned()];
    let printed = serde_json::to_value(&token).unwrap();
    assert_eq!((&printed["roles"], &printed["entitlements"]), (&json!(["admin"]), &json!(["beta"])));
    assert_eq!(serde_json::from_value::<AccessToken>(printed).unwrap(), token);
}

#[test]
fn the_claims_are_judged() {
    let issuer = "https://authorization-server.example.com/";
    let at = UnixTime::from_seconds;
    let token = |change: Change| {
        let mut token = AccessToken { iat: at(100), nbf: at(100), exp: at(200), ..example() };
        change(&mut token);
        token
    };
    let rows: [(&str, Change, i64, bool); 9] = [
        ("good", |_| (), 150, true),
        ("the first second", |_| (), 100, true),
        ("the last second", |_| (), 199, true),
        ("the second of its expiry", |_| (), 200, false),
        ("later", |_| (), 201, false),
        ("a node whose clock is behind", |_| (), 100 - CLOCK_SKEW, true),
        ("before it is good", |_| (), 100 - CLOCK_SKEW - 1, false),
        ("another issuer, almost the same", |token| token.iss.truncate(token.iss.len() - 1), 150, false),
        ("for nobody", |token| token.aud = Audience::default(), 150, false),
    ];
    for (what, change, now, good) in rows {
        let result = token(change).check(issuer, at(now));
        assert_eq!(code(result, issuer), (!good).then_some(ErrorCode::InvalidToken), "{what}");
    }
}

#[test]
fn an_audience_is_a_text_or_a_list() {
    let audience = |names: &[&str]| Audience(names.iter().map(|name| (*name).to_owned()).collect());
    for (names, printed) in [(&["a"][..], json!("a")), (&["a", "b"], json!(["a", "b"])), (&[], json!([]))] {
        assert_eq!(serde_json::to_value(audience(names)).unwrap(), printed);
        assert_eq!(serde_json::from_value::<Audience>(printed).unwrap(), audience(names));
    }
    assert_eq!(serde_json::from_value::<Audience>(json!(["a"])).unwrap(), audience(&["a"]));
    assert!(audience(&["a", "b"]).contains("b") && !audience(&["ab"]).contains("a"));
    for wrong in [json!(1), json!(null), json!([1]), json!({"a": 1})] {
        assert!(serde_json::from_value::<Audience>(wrong).is_err());
    }
}

proptest! {
    #[test]
    fn any_payload_is_read_or_refused(payload: Vec<u8>, text in ".*") {
        prop_assert!(serde_json::from_slice::<AccessToken>(&payload).is_err(), "random bytes are no token");
        let mut claims = vector("rfc9068-3")["claims"].clone();
        claims["aud"] = text.clone().into();
        claims["sub"] = text.clone().into();
        let read: AccessToken = serde_json::from_value(claims).unwrap();
        prop_assert!(read.aud.contains(&text));
        let again: AccessToken = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        prop_assert_eq!(again, read);
    }
}
