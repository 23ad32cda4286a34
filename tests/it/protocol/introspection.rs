//! Introspection and revocation.

use countersign::protocol::access_token::AccessToken;
use countersign::protocol::introspection::{Introspection, IntrospectionRequest};
use countersign::protocol::revocation::RevocationRequest;
use countersign::protocol::{ErrorCode, Fault, Params};
use proptest::prelude::*;
use serde_json::json;

use super::{code, form, params, vector};

type Parser = fn(&Params) -> Result<String, Fault>;
const BOTH: [Parser; 2] = [
    |params| IntrospectionRequest::parse(params).map(|request| request.token),
    |params| RevocationRequest::parse(params).map(|request| request.token),
];

#[test]
fn a_request_names_a_token_and_its_hint_does_not_matter() {
    for parse in BOTH {
        assert_eq!(parse(&params(&[("token", "abc")])).unwrap(), "abc");
        for hint in ["access_token", "refresh_token", "nonsense"] {
            assert_eq!(parse(&params(&[("token_type_hint", hint), ("token", "abc")])).unwrap(), "abc");
        }
        assert_eq!(code(parse(&params(&[("token_type_hint", "access_token")])), ""), Some(ErrorCode::InvalidRequest));
        assert_eq!(code(parse(&params(&[("token", "")])), ""), Some(ErrorCode::InvalidRequest));
    }
}

#[test]
fn debug_prints_no_token() {
    let params = params(&[("token", "hunter2")]);
    let printed = format!("{:?}{:?}", IntrospectionRequest::parse(&params), RevocationRequest::parse(&params));
    assert!(printed.contains("Ok") && !printed.contains("hunter2"));
}

#[test]
fn an_inactive_token_is_told_as_that_and_nothing_more() {
    assert_eq!(serde_json::to_string(&Introspection::Inactive).unwrap(), r#"{"active":false}"#);
    assert_eq!(serde_json::to_value(Introspection::Inactive).unwrap(), vector("rfc7662-2.2")["inactive"]);
}

#[test]
fn an_active_token_is_told_as_in_the_example_of_the_rfc() {
    let example = vector("rfc7662-2.2")["active"].clone();
    let mut claims = example.clone();
    claims["jti"] = json!("t1");
    let token: AccessToken = serde_json::from_value(claims).unwrap();
    let told = serde_json::to_value(Introspection::Active(Box::new(token.clone()))).unwrap();
    for member in ["active", "client_id", "scope", "sub", "aud", "iss", "exp", "iat"] {
        assert_eq!(told[member], example[member], "{member}");
    }
    assert_eq!((&told["jti"], &told["token_type"], &told["nbf"]), (&json!("t1"), &json!("Bearer"), &json!(0)));
    assert!(["username", "extension_field", "roles", "entitlements"].iter().all(|name| told.get(name).is_none()));

    let (roles, entitlements) = (vec!["admin".to_owned()], vec!["beta".to_owned()]);
    let told = Introspection::Active(Box::new(AccessToken { roles, entitlements, scope: None, ..token }));
    let told = serde_json::to_value(told).unwrap();
    assert_eq!((&told["roles"], &told["entitlements"]), (&json!(["admin"]), &json!(["beta"])));
    assert!(told.get("scope").is_none());
}

proptest! {
    #[test]
    fn any_token_is_handed_on_as_it_was_sent(token in "[^\0]*", hint in "[^\0]*") {
        let params = Params::parse(form(&[("token", token.as_str()), ("token_type_hint", &hint)]).as_bytes()).unwrap();
        for parse in BOTH {
            match parse(&params) {
                Ok(read) => prop_assert_eq!(&read, &token),
                Err(fault) => {
                    prop_assert_eq!(fault.code, ErrorCode::InvalidRequest);
                    prop_assert!(token.is_empty());
                }
            }
        }
    }
}
