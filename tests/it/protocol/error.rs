//! Error codes and the error answer.

use countersign::protocol::error::allowed_description;
use countersign::protocol::{ErrorCode, OAuthError};
use proptest::prelude::*;

#[test]
fn every_code_has_one_name_and_a_meaning() {
    for code in ErrorCode::ALL {
        assert_eq!(code.as_str().parse(), Ok(*code));
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        assert!(code.meaning().ends_with('.'));
        assert_eq!(allowed_description(code.meaning()), code.meaning());
    }
    assert!("nonsense".parse::<ErrorCode>().is_err());
}

#[test]
fn an_error_answer_has_the_members_of_the_rfc() {
    let error = OAuthError::new(ErrorCode::InvalidScope, "no such scope", None);
    let printed = serde_json::to_string(&error).unwrap();
    assert_eq!(printed, r#"{"error":"invalid_scope","error_description":"no such scope"}"#);
    let with_id = serde_json::to_value(OAuthError { request_id: Some("r1"), ..error }).unwrap();
    assert_eq!(with_id["request_id"], "r1");
}

#[test]
fn a_description_is_held_to_the_characters_of_the_rfc() {
    let error = OAuthError::new(ErrorCode::ServerError, "a \"b\" \\ \u{e9}\n", None);
    assert_eq!(serde_json::to_value(error).unwrap()["error_description"], "a 'b' ? ??");
}

proptest! {
    #[test]
    fn any_description_comes_out_allowed_and_stays_as_it_is(text in ".*") {
        let allowed = allowed_description(&text);
        prop_assert!(allowed.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
        prop_assert_eq!(allowed_description(&allowed), allowed.as_ref());
        prop_assert_eq!(allowed.chars().count(), text.chars().count());
    }
}
