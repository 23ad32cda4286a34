//! The discovery document.

use countersign::protocol::client_authentication::AuthMethod;
use countersign::protocol::client_metadata::ResponseType;
use countersign::protocol::discovery::Metadata;
use countersign::protocol::jwk::Algorithm;
use countersign::protocol::token::GrantType;
use serde_json::json;

#[test]
fn what_is_not_there_is_left_out_except_what_the_rfc_requires() {
    let metadata = Metadata {
        issuer: "https://id.example".to_owned(),
        token_endpoint: "https://id.example/oauth2/token".to_owned(),
        jwks_uri: "https://id.example/.well-known/jwks.json".to_owned(),
        ..Metadata::default()
    };
    let expected = json!({
        "issuer": "https://id.example",
        "token_endpoint": "https://id.example/oauth2/token",
        "jwks_uri": "https://id.example/.well-known/jwks.json",
        "response_types_supported": [],
        "request_uri_parameter_supported": false,
    });
    assert_eq!(serde_json::to_value(metadata).unwrap(), expected);
}

#[test]
fn lists_hold_registered_names() {
    let metadata = Metadata {
        response_types_supported: vec![ResponseType::Code],
        grant_types_supported: vec![GrantType::ClientCredentials],
        token_endpoint_auth_methods_supported: AuthMethod::ALL.to_vec(),
        revocation_endpoint: Some("https://id.example/oauth2/revoke".to_owned()),
        id_token_signing_alg_values_supported: vec![Algorithm::Rs256],
        ..Metadata::default()
    };
    let printed = serde_json::to_value(metadata).unwrap();
    assert_eq!(printed["response_types_supported"], json!(["code"]));
    assert_eq!(printed["grant_types_supported"], json!(["client_credentials"]));
    let methods = json!(["client_secret_basic", "client_secret_post", "private_key_jwt", "client_secret_jwt", "none"]);
    assert_eq!(printed["token_endpoint_auth_methods_supported"], methods);
    assert_eq!(printed["revocation_endpoint"], json!("https://id.example/oauth2/revoke"));
    assert_eq!(printed["id_token_signing_alg_values_supported"], json!(["RS256"]));
}
