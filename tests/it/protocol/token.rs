//! The token endpoint's request and answer.

use countersign::protocol::scope::ScopeSet;
use countersign::protocol::token::{GrantType, TokenRequest, TokenResponse};
use countersign::protocol::{ErrorCode, Params};
use proptest::prelude::*;

use super::{Pairs, code, form, params};

#[test]
fn client_credentials_with_everything() {
    let pairs = [("grant_type", "client_credentials"), ("scope", "b a"), ("resource", "urn:a"), ("audience", "urn:b")];
    let request = TokenRequest::parse(&params(&pairs)).unwrap();
    assert_eq!(request.grant_type(), GrantType::ClientCredentials);
    let TokenRequest::ClientCredentials(request) = request else { panic!("{request:?}") };
    assert_eq!(request.scope.unwrap().to_string(), "b a");
    assert_eq!(request.resources.iter().map(ToString::to_string).collect::<Vec<_>>(), ["urn:a", "urn:b"]);
}

#[test]
fn client_credentials_with_nothing_else() {
    let request = TokenRequest::parse(&params(&[("grant_type", "client_credentials"), ("scope", "")])).unwrap();
    let TokenRequest::ClientCredentials(request) = request else { panic!("{request:?}") };
    assert_eq!((request.scope, request.resources), (None, vec![]));
}

#[test]
fn a_password_is_read_as_it_is_written_and_never_printed() {
    let pairs = [("grant_type", "password"), ("username", " Ann "), ("password", " p\u{e4}ss &+% "), ("scope", "a")];
    let request = TokenRequest::parse(&params(&pairs)).unwrap();
    assert_eq!(request.grant_type(), GrantType::Password);
    assert!(!format!("{request:?}").contains("p\u{e4}ss"));
    let TokenRequest::Password(request) = request else { panic!("{request:?}") };
    assert_eq!((request.username.as_str(), request.password.reveal()), (" Ann ", " p\u{e4}ss &+% "));
    assert_eq!((request.scope.unwrap().to_string().as_str(), request.resources.len()), ("a", 0));
}

#[test]
fn a_refresh_token_is_read_with_what_it_is_narrowed_to_and_never_printed() {
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", "a-token"), ("resource", "urn:a")];
    let request = TokenRequest::parse(&params(&pairs)).unwrap();
    assert_eq!(request.grant_type(), GrantType::RefreshToken);
    assert!(!format!("{request:?}").contains("a-token"));
    let TokenRequest::RefreshToken(request) = request else { panic!("{request:?}") };
    assert_eq!((request.refresh_token.reveal(), request.scope), ("a-token", None));
    assert_eq!(request.resources.iter().map(ToString::to_string).collect::<Vec<_>>(), ["urn:a"]);
}

#[test]
fn what_is_refused_has_the_code_of_the_rfc() {
    let good = ("grant_type", "client_credentials");
    let (password, refresh) = (("grant_type", "password"), ("grant_type", "refresh_token"));
    let rows: [(&str, Pairs, ErrorCode); 14] = [
        ("no grant type", &[("scope", "a")], ErrorCode::InvalidRequest),
        ("an empty grant type", &[("grant_type", "")], ErrorCode::InvalidRequest),
        ("an unknown grant type", &[("grant_type", "magic-beans")], ErrorCode::UnsupportedGrantType),
        ("grant types have a case", &[("grant_type", "Client_Credentials")], ErrorCode::UnsupportedGrantType),
        (
            "a grant type that is not served",
            &[("grant_type", "urn:ietf:params:oauth:grant-type:device_code")],
            ErrorCode::UnsupportedGrantType,
        ),
        ("no username", &[password, ("password", "secret")], ErrorCode::InvalidRequest),
        ("no password", &[password, ("username", "someone")], ErrorCode::InvalidRequest),
        ("an empty password", &[password, ("username", "someone"), ("password", "")], ErrorCode::InvalidRequest),
        ("no refresh token", &[refresh, ("scope", "a")], ErrorCode::InvalidRequest),
        ("an empty refresh token", &[refresh, ("refresh_token", "")], ErrorCode::InvalidRequest),
        (
            "a malformed scope of a refresh",
            &[refresh, ("refresh_token", "x"), ("scope", "a  b")],
            ErrorCode::InvalidScope,
        ),
        ("a malformed scope", &[good, ("scope", "a  b")], ErrorCode::InvalidScope),
        ("a malformed resource", &[good, ("resource", "not-a-uri")], ErrorCode::InvalidTarget),
        ("a malformed audience", &[good, ("audience", "https://a/#b")], ErrorCode::InvalidTarget),
    ];
    for (what, pairs, expected) in rows {
        let sent = pairs.last().map_or("", |(_, value)| value);
        assert_eq!(code(TokenRequest::parse(&params(pairs)), sent), Some(expected), "{what}");
    }
}

#[test]
fn grant_types_have_their_registered_names() {
    for grant in GrantType::ALL {
        assert_eq!(grant.as_str().parse(), Ok(*grant));
        assert_eq!(serde_json::from_value::<GrantType>(grant.as_str().into()).unwrap(), *grant);
    }
    assert_eq!(GrantType::DeviceCode.as_str(), "urn:ietf:params:oauth:grant-type:device_code");
    assert_eq!(GrantType::TokenExchange.as_str(), "urn:ietf:params:oauth:grant-type:token-exchange");
    assert_eq!(GrantType::JwtBearer.as_str(), "urn:ietf:params:oauth:grant-type:jwt-bearer");
}

#[test]
fn the_answer_has_the_members_of_the_rfc_and_hides_the_token() {
    let answer = TokenResponse::bearer("abc.def.ghi".to_owned(), 900, Some(ScopeSet::parse("a b").unwrap()));
    let expected = r#"{"access_token":"abc.def.ghi","token_type":"Bearer","expires_in":900,"scope":"a b"}"#;
    assert_eq!(serde_json::to_string(&answer).unwrap(), expected);
    assert!(!format!("{answer:?}").contains("abc"));
    let without = serde_json::to_value(TokenResponse { scope: None, ..answer }).unwrap();
    assert!(without.get("scope").is_none());
}

proptest! {
    #[test]
    fn any_values_are_read_or_refused_and_what_was_read_prints_and_reads_the_same(
        grant in "client_credentials|[a-z_:]{0,9}",
        scope in "[a-c ]{0,9}|.{0,9}",
        resource in "urn:[a-z]{1,5}|.{0,12}",
    ) {
        let pairs = [("grant_type", grant.as_str()), ("scope", &scope), ("resource", &resource)];
        let Ok(params) = Params::parse(form(&pairs).as_bytes()) else { return Ok(()) };
        if let Ok(TokenRequest::ClientCredentials(read)) = TokenRequest::parse(&params) {
            let scope = read.scope.as_ref().map(ToString::to_string).unwrap_or_default();
            let mut printed = vec![("grant_type", GrantType::ClientCredentials.as_str()), ("scope", &scope)];
            printed.extend(read.resources.iter().map(|resource| ("resource", resource.as_str())));
            let again = TokenRequest::parse(&super::params(&printed)).unwrap();
            prop_assert_eq!(again, TokenRequest::ClientCredentials(read));
        }
    }
}
