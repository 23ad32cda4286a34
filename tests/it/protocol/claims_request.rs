//! The parameter `claims`.

use countersign::protocol::ErrorCode;
use countersign::protocol::claims_request::ClaimsRequest;
use proptest::prelude::*;

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn the_example_of_the_specification_is_read() {
    let request = ClaimsRequest::parse(
        r#"{"userinfo": {"given_name": {"essential": true}, "nickname": null, "email": {"essential": true},
             "email_verified": {"essential": true}, "picture": null, "http://example.info/claims/groups": null},
            "id_token": {"auth_time": {"essential": true}, "acr": {"values": ["urn:mace:incommon:iap:silver"]}}}"#,
    )
    .unwrap();
    assert_eq!(request.userinfo, texts(&["given_name", "nickname", "email", "email_verified", "picture"]));
    assert_eq!((request.id_token, request.classes, request.subjects), (Vec::new(), None, None));
}

#[test]
fn subjects_and_classes_are_requirements() {
    let subjects = |text: &str| ClaimsRequest::parse(text).unwrap().subjects;
    assert_eq!(subjects(r#"{"id_token":{"sub":{"value":"ann"}}}"#), Some(texts(&["ann"])));
    assert_eq!(subjects(r#"{"userinfo":{"sub":{"values":["ann","bob"]}}}"#), Some(texts(&["ann", "bob"])));
    let both = r#"{"userinfo":{"sub":{"values":["ann","bob"]}},"id_token":{"sub":{"value":"bob"}}}"#;
    assert_eq!(subjects(both), Some(texts(&["bob"])));
    assert_eq!(subjects(r#"{"id_token":{"sub":{"value":7}}}"#), Some(Vec::new()), "nobody is called 7");
    assert_eq!(subjects(r#"{"id_token":{"sub":null}}"#), None);
    let classes = |text: &str| ClaimsRequest::parse(text).unwrap().classes;
    assert_eq!(classes(r#"{"id_token":{"acr":{"essential":true,"values":["a","b"]}}}"#), Some(texts(&["a", "b"])));
    assert_eq!(classes(r#"{"id_token":{"acr":{"essential":true,"value":"a"}}}"#), Some(texts(&["a"])));
    assert_eq!(classes(r#"{"id_token":{"acr":{"essential":true}}}"#), None, "there always is one");
    assert_eq!(classes(r#"{"id_token":{"acr":{"values":["a"]}}}"#), None, "a wish");
}

#[test]
fn what_has_no_meaning_is_refused() {
    let long = format!(r#"{{"userinfo":{{"{}":null}}}}"#, "x".repeat(2048));
    for text in [
        "",
        "null",
        "[]",
        "\"userinfo\"",
        "{",
        r#"{"userinfo":[]}"#,
        r#"{"userinfo":{"email":true}}"#,
        r#"{"userinfo":{"email":{"essential":"yes"}}}"#,
        r#"{"userinfo":{"email":{"values":"one"}}}"#,
        r#"{"userinfo":{},"userinfo":{}}"#,
        &long,
    ] {
        assert_eq!(ClaimsRequest::parse(text).err().map(|fault| fault.code), Some(ErrorCode::InvalidRequest), "{text}");
    }
    for text in ["{}", r#"{"userinfo":null,"id_token":{}}"#, r#"{"verified_claims":7}"#] {
        assert_eq!(ClaimsRequest::parse(text), Ok(ClaimsRequest::default()), "{text}");
    }
}

#[test]
fn what_is_stored_is_read_again() {
    let text = r#"{"userinfo":{"email":null,"nothing":null},"id_token":{"name":null,"sub":{"value":"ann"}}}"#;
    let request = ClaimsRequest::parse(text).unwrap();
    let stored = request.to_store().unwrap();
    assert_eq!(stored, r#"{"userinfo":["email"],"id_token":["name"]}"#);
    let read = ClaimsRequest::stored(Some(&stored));
    assert_eq!((&read.userinfo, &read.id_token), (&request.userinfo, &request.id_token));
    assert!(read.scopes().eq(["email", "profile"]));
    assert_eq!(ClaimsRequest::default().to_store(), None);
    assert_eq!(ClaimsRequest::stored(None), ClaimsRequest::default());
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in ".*") {
        let _ = ClaimsRequest::parse(&text);
    }
}
