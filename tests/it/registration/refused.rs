//! What a client that registers itself does not get.

use reqwest::Method;
use serde_json::json;

use super::{REGISTER, ask, clients, initial_token, open, shop, shop_with};
use crate::harness::{Backend, stories};

stories![
    what_only_an_operator_gives_is_refused,
    bad_metadata_is_refused_as_for_an_operator,
    what_is_no_metadata_is_refused,
];

/// Of a client that is answered there, too: of other hosts nothing is kept.
fn own_logo(origin: &str) -> serde_json::Value {
    json!({"redirect_uris": [format!("{origin}/callback")], "logo_uri": format!("{origin}/logo.png")})
}

async fn what_only_an_operator_gives_is_refused(backend: Backend) {
    let world = open(backend).await;
    world.scopes(["read", "admin:of-somebody"]).await;
    world.resource("https://api.example", "read openid", &[]).await;
    let token = initial_token(&world.app, 100, 60, "").await;
    for (what, metadata) in [
        ("a grant in its own name", json!({"grant_types": ["client_credentials"], "redirect_uris": []})),
        ("passwords", json!({"grant_types": ["authorization_code", "password"]})),
        ("an account", json!({"scope": "openid account"})),
        ("administration", json!({"scope": "admin:users"})),
        ("what is called administration", json!({"scope": "admin:of-somebody"})),
        ("a scope that is not open", json!({"scope": "openid read"})),
        ("a scope that does not exist", json!({"scope": "openid nothing"})),
        ("an API without a scope of it", json!({"audience": ["https://api.example"]})),
        ("this server as an API", json!({"audience": [world.issuer()]})),
        ("no PKCE with a secret", json!({"require_pkce": false})),
        ("no PKCE without a secret", json!({"token_endpoint_auth_method": "none", "require_pkce": false})),
        ("tokens in URLs", json!({"response_types": ["code", "token"]})),
        ("another one's sector", json!({"subject_type": "pairwise", "sector_identifier_uri": "https://bank.example/"})),
        ("keys of somebody else", json!({"jwks_uri": "https://bank.example/keys"})),
        ("keys on this machine", json!({"jwks_uri": "http://localhost/keys"})),
        ("a plain page", json!({"logo_uri": "http://localhost/logo.png"})),
        ("a logo that ends a policy", own_logo("https://a;b.example")),
        ("a logo that begins another policy", own_logo("https://a,b.example")),
        ("a logo in quotes", own_logo("https://'self'.example")),
        ("a logo without a name", own_logo("https://[2001:db8::1]")),
    ] {
        for token in [None, Some(token.as_str())] {
            let answer = ask(&world, token, &shop_with(metadata.clone())).await;
            assert_eq!(answer.status, 400, "{what}: {answer:?}");
            answer.is_refused(400, "invalid_client_metadata");
        }
    }
    assert_eq!(clients(&world).await, 0);
    let left = world.texts("SELECT id FROM initial_tokens WHERE uses_left = 100").await;
    assert_eq!(left.len(), 1, "what was refused used nothing up");
}

async fn bad_metadata_is_refused_as_for_an_operator(backend: Backend) {
    let world = open(backend).await;
    for (metadata, code) in [
        (json!({"redirect_uris": []}), "invalid_redirect_uri"),
        (json!({"redirect_uris": ["http://shop.example/callback"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": ["https://shop.example/callback#fragment"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": ["com.example.app:/callback"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": "https://shop.example/callback"}), "invalid_redirect_uri"),
        (json!({"token_endpoint_auth_method": "tls_client_auth"}), "invalid_client_metadata"),
        (json!({"id_token_signed_response_alg": "none"}), "invalid_client_metadata"),
        (json!({"id_token_signed_response_alg": "ES256"}), "invalid_client_metadata"),
        (json!({"client_name": "a\nb"}), "invalid_client_metadata"),
        (json!({"scope": "\""}), "invalid_client_metadata"),
        (json!({"jwks": {"keys": [{"kty": "EC", "d": "secret"}]}}), "invalid_client_metadata"),
    ] {
        let answer = ask(&world, None, &shop_with(metadata.clone())).await;
        assert_eq!(answer.status, 400, "{metadata}: {answer:?}");
        answer.is_refused(400, code);
    }
    assert_eq!(clients(&world).await, 0);
}

async fn what_is_no_metadata_is_refused(backend: Backend) {
    let world = open(backend).await;
    for body in ["", "[]", "nonsense", r#"{"client_name": "a", "client_name": "b"}"#] {
        let request = world.request(Method::POST, REGISTER).header("content-type", "application/json").body(body);
        world.send(request).await.is_refused(400, "invalid_client_metadata");
    }
    let long = shop_with(json!({"software_statement": "x".repeat(70_000)}));
    assert_eq!(ask(&world, None, &long).await.status, 413);
    assert_eq!(world.get(REGISTER).await.status, 405);
    assert_eq!(clients(&world).await, 0);
    assert_eq!(ask(&world, None, &shop()).await.status, 201, "nothing of that stays");
}
