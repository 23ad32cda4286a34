//! What of a profile document is a claim.

use countersign::protocol::userinfo::in_profile;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn what_is_well_formed_is_told_as_it_was_written() {
    for (claim, value) in [
        ("nickname", json!("annie")),
        ("middle_name", json!("d'Arc")),
        ("gender", json!("x")),
        ("picture", json!("https://a.example/me.png?size=1")),
        ("website", json!("http://a.example")),
        ("birthdate", json!("1999")),
        ("birthdate", json!("0000-02-29")),
        ("zoneinfo", json!("America/Argentina/Buenos_Aires")),
        ("zoneinfo", json!("UTC")),
        ("locale", json!("en")),
        ("locale", json!("zh-Hant-TW")),
        ("locale", json!("en_US")),
        ("phone_number", json!("+1 (604) 555-1234;ext=5678")),
        ("phone_number", json!("+56226871200")),
        ("address", json!({"formatted": "1 Road\r\nTown", "postal_code": "12345"})),
    ] {
        assert_eq!(in_profile(&json!({ claim: value }), claim), Some(value.clone()), "{claim}");
    }
}

#[test]
fn what_is_not_is_left_out() {
    let long = "x".repeat(3000);
    for (claim, value) in [
        ("nickname", json!("")),
        ("nickname", json!(" ")),
        ("nickname", json!("a\nb")),
        ("nickname", json!(long)),
        ("nickname", json!(7)),
        ("nickname", Value::Null),
        ("picture", json!("me.png")),
        ("picture", json!("data:image/png;base64,AA")),
        ("picture", json!("javascript:alert(1)")),
        ("picture", json!("https://a:b@c.example/")),
        ("website", json!(format!("https://a.example/{long}"))),
        ("birthdate", json!("31.12.1999")),
        ("birthdate", json!("1999-13-01")),
        ("birthdate", json!("1999-12-32")),
        ("birthdate", json!("99-12-31")),
        ("zoneinfo", json!("Europe//Paris")),
        ("zoneinfo", json!("../etc")),
        ("locale", json!("english language")),
        ("locale", json!("e")),
        ("phone_number", json!("555-1212")),
        ("phone_number", json!("+1")),
        ("phone_number", json!("+1 555 1212;ext=")),
        ("phone_number", json!("+1 555 CALL ME")),
        ("address", json!("1 Road")),
        ("address", json!({})),
        ("address", json!({"planet": "Earth", "locality": 7})),
        ("sub", json!("somebody")),
        ("email", json!("a@example.org")),
        ("email_verified", json!(true)),
        ("updated_at", json!(7)),
    ] {
        assert_eq!(in_profile(&json!({ claim: value }), claim), None, "{claim}: {value}");
    }
    assert_eq!(in_profile(&json!("no object"), "nickname"), None);
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in ".*") {
        for claim in ["nickname", "picture", "birthdate", "zoneinfo", "locale", "phone_number", "address"] {
            let told = in_profile(&json!({ claim: text }), claim);
            prop_assert!(told.is_none() || told == Some(Value::from(text.as_str())));
        }
    }
}
