//! Client metadata.

use countersign::protocol::ErrorCode;
use countersign::protocol::client_authentication::AuthMethod;
use countersign::protocol::client_metadata::{ApplicationType, ClientMetadata, ResponseType, SubjectType};
use countersign::protocol::token::GrantType;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::code;

fn parse(document: &Value) -> Result<ClientMetadata, countersign::protocol::Fault> {
    ClientMetadata::parse(document.to_string().as_bytes())
}

/// A service client's document with these members more.
fn service(more: Value) -> Value {
    let mut document = json!({ "grant_types": ["client_credentials"] });
    let Value::Object(more) = more else { panic!("members are wanted") };
    document.as_object_mut().unwrap().extend(more);
    document
}

#[test]
fn everything_that_is_kept_is_read_and_printed() {
    let document = json!({
        "client_name": "Reports",
        "redirect_uris": ["https://app.example/cb", "com.example.app:/cb"],
        "backchannel_logout_uri": "https://app.example/logged-out?by=us",
        "backchannel_logout_session_required": true,
        "post_logout_redirect_uris": ["https://app.example/bye", "com.example.app:/bye"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "b a",
        "token_endpoint_auth_method": "client_secret_post",
        "contacts": ["ops@example.com"],
        "client_uri": "https://app.example/#about",
        "logo_uri": "https://app.example/logo.png",
        "policy_uri": "https://app.example#policy",
        "tos_uri": "http://localhost:3000/tos",
        "jwks_uri": "https://app.example/jwks.json",
        "request_uris": ["https://app.example/request.jwt#x"],
        "request_object_signing_alg": "none",
        "application_type": "native",
        "id_token_signed_response_alg": "ES256",
        "userinfo_signed_response_alg": "EdDSA",
        "subject_type": "pairwise",
        "sector_identifier_uri": "https://group.example/sector.json",
        "default_max_age": 3600,
        "require_auth_time": true,
        "require_pkce": false,
        "audience": ["https://api.example.com", "urn:example:api"],
        "access_token_lifetime": 300,
    });
    assert_eq!(serde_json::to_value(parse(&document).unwrap()).unwrap(), document);
}

#[test]
fn what_is_absent_has_the_default_of_the_rfc() {
    let web = parse(&json!({ "redirect_uris": ["https://app.example/cb"] })).unwrap();
    assert_eq!(web.grant_types, [GrantType::AuthorizationCode]);
    assert_eq!(web.response_types, [ResponseType::Code]);
    assert_eq!(web.token_endpoint_auth_method, None);
    assert_eq!(web.application_type, ApplicationType::Web);
    assert_eq!((web.subject_type, web.default_max_age), (SubjectType::Public, None));
    assert!(web.require_pkce && !web.require_auth_time && web.sector().is_none());

    let service = parse(&service(json!({ "token_endpoint_auth_method": "client_secret_basic" }))).unwrap();
    assert_eq!(service.response_types, []);
    assert_eq!(service.token_endpoint_auth_method, Some(AuthMethod::ClientSecretBasic));
    assert_eq!((service.scope, service.audience, service.access_token_lifetime), (None, vec![], None));
}

#[test]
fn unknown_members_null_and_empty_texts_are_left_out() {
    let more = json!({
        "client_name#fr": "Rapports", "software_statement": "x.y.z", "frontchannel": {"a": [1]},
        "client_name": null, "client_uri": "", "scope": "", "jwks": null, "redirect_uris": [],
    });
    assert_eq!(parse(&service(more)).unwrap(), parse(&service(json!({}))).unwrap());
    assert_eq!(parse(&service(json!({ "client_name": " " }))).unwrap().client_name, None);
}

#[test]
fn doubles_count_once() {
    let document = json!({
        "redirect_uris": ["https://a.example/", "https://a.example/"],
        "grant_types": ["authorization_code", "authorization_code"],
    });
    let read = parse(&document).unwrap();
    assert_eq!((read.redirect_uris.len(), read.grant_types.len()), (1, 1));
}

#[test]
fn a_member_with_a_wrong_value_is_invalid_client_metadata() {
    let many: Vec<_> = (0..33).map(|n| format!("urn:{n}")).collect();
    let keys: Vec<_> = (0..33).map(|_| json!({ "kty": "RSA" })).collect();
    let rows = [
        ("a name that is no text", json!({ "client_name": 1 })),
        ("a name that is too long", json!({ "client_name": "a".repeat(257) })),
        ("a line break in a name", json!({ "client_name": "a\nb" })),
        ("an unknown grant type", json!({ "grant_types": ["magic-beans"] })),
        ("the implicit grant", json!({ "grant_types": ["implicit"] })),
        ("grant types that are no list", json!({ "grant_types": "client_credentials" })),
        ("an unknown response type", json!({ "response_types": ["token"] })),
        ("code without its grant type", json!({ "response_types": ["code"] })),
        ("a scope that is no text", json!({ "scope": ["a"] })),
        ("a malformed scope", json!({ "scope": "a  b" })),
        ("an unknown method", json!({ "token_endpoint_auth_method": "handshake" })),
        ("a contact that is no text", json!({ "contacts": [1] })),
        ("a contact with a line break", json!({ "contacts": ["a\r\nb"] })),
        ("a page on http", json!({ "client_uri": "http://app.example/" })),
        ("a script as a page", json!({ "logo_uri": "javascript:alert(1)" })),
        ("a user in a page", json!({ "tos_uri": "https://a@app.example/" })),
        ("a password in a page", json!({ "tos_uri": "https://:b@app.example/" })),
        ("a relative page", json!({ "policy_uri": "/policy" })),
        ("keys on http", json!({ "jwks_uri": "http://app.example/jwks" })),
        ("an address that is no list", json!({ "request_uris": "https://app.example/request.jwt" })),
        ("requests signed by what nobody knows", json!({ "request_object_signing_alg": "RS1" })),
        ("keys that are no set", json!({ "jwks": [] })),
        ("a key without a kind", json!({ "jwks": { "keys": [{}] } })),
        ("a key that is no object", json!({ "jwks": { "keys": ["a"] } })),
        ("a private key", json!({ "jwks": { "keys": [{ "kty": "OKP", "d": "x" }] } })),
        ("a shared key", json!({ "jwks": { "keys": [{ "kty": "oct", "k": "x" }] } })),
        ("too many keys", json!({ "jwks": { "keys": keys } })),
        ("keys twice", json!({ "jwks": { "keys": [] }, "jwks_uri": "https://app.example/jwks" })),
        ("an unknown application type", json!({ "application_type": "toaster" })),
        ("an ID token that nobody signs", json!({ "id_token_signed_response_alg": "none" })),
        ("an algorithm with a shared key", json!({ "userinfo_signed_response_alg": "HS256" })),
        ("an unknown subject type", json!({ "subject_type": "secret" })),
        ("pairwise subjects without a sector", json!({ "subject_type": "pairwise" })),
        ("a sector on http", json!({ "subject_type": "pairwise", "sector_identifier_uri": "http://localhost/s" })),
        ("a logout told on http", json!({ "backchannel_logout_uri": "http://app.example/out" })),
        ("a logout told to a fragment", json!({ "backchannel_logout_uri": "https://app.example/out#top" })),
        ("a logout told to a user", json!({ "backchannel_logout_uri": "https://a@app.example/out" })),
        ("a negative age", json!({ "default_max_age": -1 })),
        ("an age that is a text", json!({ "default_max_age": "60" })),
        ("a flag that is a text", json!({ "require_auth_time": "true" })),
        ("no PKCE without a secret", json!({ "require_pkce": false, "token_endpoint_auth_method": "none" })),
        ("an audience that is no URI", json!({ "audience": ["not-a-uri"] })),
        ("too many audiences", json!({ "audience": many })),
        ("no lifetime", json!({ "access_token_lifetime": 0 })),
        ("a lifetime that is a text", json!({ "access_token_lifetime": "300" })),
        ("a lifetime that is a fraction", json!({ "access_token_lifetime": 1.5 })),
    ];
    for (what, more) in rows {
        assert_eq!(code(parse(&service(more)), "not-a-uri"), Some(ErrorCode::InvalidClientMetadata), "{what}");
    }
    let uris = ["https://a.example/cb", "https://b.example/cb"];
    let two_sectors = json!({ "redirect_uris": uris, "subject_type": "pairwise" });
    assert_eq!(code(parse(&two_sectors), ""), Some(ErrorCode::InvalidClientMetadata));
    let contradiction = json!({ "redirect_uris": ["https://a.example/"], "response_types": [] });
    assert_eq!(code(parse(&contradiction), ""), Some(ErrorCode::InvalidClientMetadata));
}

#[test]
fn a_fault_says_which_member_it_is() {
    let about = |more| parse(&service(more)).unwrap_err().about;
    assert!(about(json!({ "token_endpoint_auth_method": "handshake" })).starts_with("token_endpoint_auth_method "));
    assert!(about(json!({ "logo_uri": "/logo" })).starts_with("logo_uri "));
}

#[test]
fn a_wrong_redirect_uri_is_invalid_redirect_uri() {
    let many: Vec<_> = (0..65).map(|n| format!("https://a.example/{n}")).collect();
    let rows = [
        ("none for codes", json!({})),
        ("an empty list for codes", json!({ "redirect_uris": [] })),
        ("no list", json!({ "redirect_uris": "https://a.example/" })),
        ("one wrong among good ones", json!({ "redirect_uris": ["https://a.example/", "http://b.example/"] })),
        ("wrong where none is needed", service(json!({ "redirect_uris": ["data:,"] }))),
        ("too many", json!({ "redirect_uris": many })),
    ];
    for (what, document) in rows {
        assert_eq!(code(parse(&document), "http://b.example/"), Some(ErrorCode::InvalidRedirectUri), "{what}");
    }
    let most = json!({ "redirect_uris": many[..64] });
    assert_eq!(parse(&most).unwrap().redirect_uris.len(), 64);
}

#[test]
fn a_document_that_is_no_object_or_too_long_is_refused() {
    let long = format!(r#"{{"grant_types":["client_credentials"],"x":"{}"}}"#, "a".repeat(65_536));
    let deep =
        format!(r#"{{"grant_types":["client_credentials"],"scope":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    let list = serde_json::to_string(&vec![Value::Null; 16]).unwrap();
    let twice = r#"{"grant_types":["client_credentials"],"scope":"a","scope":"b"}"#;
    for document in ["", "null", "7", "{", "{}{}", "\u{feff}{}", twice, &long, &deep, &list] {
        let result = ClientMetadata::parse(document.as_bytes());
        assert_eq!(code(result, document), Some(ErrorCode::InvalidClientMetadata), "{document:.40}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, text in "[{}\\[\\]\":,a-z0-9 ]{0,60}") {
        prop_assert!(ClientMetadata::parse(&bytes).is_err(), "random bytes are no metadata");
        prop_assert!(ClientMetadata::parse(text.as_bytes()).is_err(), "nor is a heap of JSON's punctuation");
    }

    #[test]
    fn what_was_read_prints_and_reads_the_same(
        name in ".{0,20}",
        uri in "(https|http|com\\.app|javascript)://?[a-z.:@#]{1,12}",
        scope in "[a-c ]{0,6}",
        lifetime in -5..5_i64,
        grant in "client_credentials|authorization_code|password|implicit",
    ) {
        let document = json!({
            "client_name": name, "redirect_uris": [uri], "client_uri": uri, "scope": scope, "audience": [uri],
            "access_token_lifetime": lifetime, "grant_types": [grant],
        });
        // One member at a time is left out, so that a wrong one does not hide the others.
        for left_out in ["client_name", "redirect_uris", "client_uri", "scope", "audience", "grant_types"] {
            let mut document = document.clone();
            document[left_out] = Value::Null;
            if let Ok(read) = parse(&document) {
                let printed = serde_json::to_value(&read).unwrap();
                prop_assert_eq!(parse(&printed).unwrap(), read);
            }
        }
    }
}

#[test]
fn a_sector_is_one_host() {
    for (document, sector) in [
        (json!({ "redirect_uris": ["https://a.example/cb", "https://a.example:8443/x"] }), "a.example"),
        (
            json!({ "redirect_uris": ["https://a.example/", "https://b.example/"],
            "sector_identifier_uri": "https://group.example/x" }),
            "group.example",
        ),
        (
            json!({ "redirect_uris": ["com.example.app:/cb"], "sector_identifier_uri": "https://group.example/x" }),
            "group.example",
        ),
    ] {
        let mut document = document;
        assert_eq!(parse(&document).unwrap().sector(), None, "without a word, users have one name");
        document["subject_type"] = json!("pairwise");
        assert_eq!(parse(&document).unwrap().sector().as_deref(), Some(sector), "{document}");
    }
    for uris in [
        json!(["http://localhost/cb"]),
        json!(["com.example.app:/cb"]),
        json!(["https://a.example/", "http://localhost/"]),
    ] {
        let document = json!({ "redirect_uris": uris, "subject_type": "pairwise" });
        assert_eq!(code(parse(&document), "localhost"), Some(ErrorCode::InvalidClientMetadata), "{document}");
    }
}
