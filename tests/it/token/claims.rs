//! What a token says (RFC 9068 §2), and how long it is good.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Backend, Token, scopes, stories};

stories![
    an_access_token_is_a_jwt_as_rfc_9068_says,
    the_kid_is_the_thumbprint_of_a_published_key,
    no_two_tokens_have_one_id,
    a_token_lives_as_long_as_the_settings_or_its_client_say,
];

async fn an_access_token_is_a_jwt_as_rfc_9068_says(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read"]).await;
    let client = world.service_client(|m| m.scope = scopes("read")).await;
    let answer = client.ask(&world, &[]).await;
    assert_eq!(
        (answer.status, answer.header("content-type"), answer.header("cache-control"), answer.header("pragma")),
        (200, "application/json", "no-store", "no-cache")
    );
    let token = client.token(&world).await;
    assert_eq!(
        (&token.answer["token_type"], &token.answer["expires_in"], &token.answer["scope"]),
        (&json!("Bearer"), &json!(900), &json!("read"))
    );
    assert_eq!(token.answer.as_object().expect("an object").len(), 4, "{}", token.answer);
    assert_eq!(token.header, json!({"typ": "at+jwt", "alg": "RS256", "kid": token.kid()}));
    let now = world.clock.now().seconds();
    let jti = token.claims["jti"].clone();
    assert_eq!(
        token.claims,
        json!({
            "iss": world.issuer(), "sub": client.id, "aud": world.issuer(), "exp": now + 900, "iat": now, "nbf": now,
            "jti": jti, "client_id": client.id, "scope": "read",
        })
    );
}

async fn the_kid_is_the_thumbprint_of_a_published_key(backend: Backend) {
    let world = backend.world().await;
    let token = world.service_client(|_| ()).await.token(&world).await;
    let keys = world.get("/.well-known/jwks.json").await.json()["keys"].clone();
    let key = keys.as_array().expect("keys").iter().find(|key| key["kid"] == token.kid()).expect("it is published");
    let [e, n] = ["e", "n"].map(|member| key[member].as_str().expect("a number"));
    let canonical = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
    assert_eq!(token.kid(), BASE64URL.encode(Sha256::digest(canonical)));
    let members: Vec<&String> = key.as_object().expect("an object").keys().collect();
    assert_eq!((&key["use"], &key["alg"], members.len()), (&json!("sig"), &json!("RS256"), 6), "{key}");
}

async fn no_two_tokens_have_one_id(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|_| ()).await;
    let mut seen = Vec::new();
    for _ in 0..8 {
        let jti: Value = client.token(&world).await.claims["jti"].clone();
        assert!(jti.as_str().is_some_and(|jti| jti.len() == 22), "128 bits: {jti}");
        assert!(!seen.contains(&jti));
        seen.push(jti);
    }
}

async fn a_token_lives_as_long_as_the_settings_or_its_client_say(backend: Backend) {
    let world = backend.world_with(|config| config.tokens.access_minutes = 2).await;
    let lifetime = |token: &Token| {
        let [exp, iat] = ["exp", "iat"].map(|claim| token.claims[claim].as_i64().expect("a time"));
        assert_eq!(token.answer["expires_in"], exp - iat);
        exp - iat
    };
    let plain = world.service_client(|_| ()).await;
    assert_eq!(lifetime(&plain.token(&world).await), 120);
    let brief = world.service_client(|m| m.access_token_lifetime = Some(30)).await;
    let token = brief.token(&world).await;
    assert_eq!(lifetime(&token), 30);
    world.advance(29);
    assert!(brief.sees_alive(&world, &token.text).await);
    world.advance(1);
    assert!(!brief.sees_alive(&world, &token.text).await);
}
