//! Tokens are verified by libraries that nobody here wrote, from what they find in the metadata.

use serde_json::{Value, json};

use crate::harness::forge::Parts;
use crate::harness::{Backend, Outside, Token, World, resources, stories, verify_in_javascript, verify_in_python};

stories![
    the_openidconnect_crate_verifies_from_the_key_set,
    python_and_javascript_verify_from_the_issuer_alone,
    python_and_javascript_refuse_what_is_not_meant_for_them,
    an_issuer_with_a_path_is_found_by_verifiers,
];

const API: &str = "https://orders.example/api";

async fn token_for_the_api(world: &World) -> Token {
    world.service_client(|m| m.audience = resources([API])).await.token(world).await
}

async fn the_openidconnect_crate_verifies_from_the_key_set(backend: Backend) {
    let world = backend.world().await;
    let token = token_for_the_api(&world).await;
    let outside = Outside::fetch(&world).await;
    assert!(outside.verifies(&token.text));
    let parts = Parts::of(&token.text);
    let mut raised = parts.clone();
    raised.claims["scope"] = json!("admin");
    assert!(!outside.verifies(&raised.put_together()), "changed claims");
    assert!(!outside.verifies(&parts.signed_by_a_stranger()), "another key under the same kid");
    // The control: the way in which these tests sign is one that verifies.
    assert!(outside.verifies(&parts.signed()));
}

async fn python_and_javascript_verify_from_the_issuer_alone(backend: Backend) {
    let world = backend.world().await;
    let token = token_for_the_api(&world).await;
    for claims in verify_in_both(world.issuer(), API, &token.text).await {
        assert_eq!(claims, Ok(token.claims.clone()));
    }
}

async fn python_and_javascript_refuse_what_is_not_meant_for_them(backend: Backend) {
    let world = backend.world().await;
    let good = token_for_the_api(&world).await;
    let changed = |change: fn(&mut Parts)| {
        let mut parts = Parts::of(&good.text);
        change(&mut parts);
        parts
    };
    world.advance(-3600);
    let expired = token_for_the_api(&world).await.text;
    for (what, audience, token) in [
        ("another audience", "https://stock.example/api", good.text.clone()),
        ("expired", API, expired),
        ("another kind of token", API, changed(|parts| parts.header["typ"] = json!("JWT")).signed()),
        ("changed", API, changed(|parts| parts.claims["sub"] = json!("somebody")).put_together()),
        ("signed by a stranger", API, Parts::of(&good.text).signed_by_a_stranger()),
    ] {
        for refusal in verify_in_both(world.issuer(), audience, &token).await {
            let why = refusal.expect_err(what);
            assert!(!why.contains("Traceback") && !why.contains("SyntaxError"), "{what}: {why}");
        }
    }
}

async fn an_issuer_with_a_path_is_found_by_verifiers(backend: Backend) {
    let issuer = "http://localhost:8080/tenant".parse().expect("an issuer");
    let world = backend.world_with(|config| config.issuer = issuer).await;
    let token = token_for_the_api(&world).await;
    assert!(world.issuer().ends_with("/tenant") && token.claims["iss"] == world.issuer());
    for claims in verify_in_both(world.issuer(), API, &token.text).await {
        assert_eq!(claims, Ok(token.claims.clone()));
    }
}

async fn verify_in_both(issuer: &str, audience: &str, token: &str) -> [Result<Value, String>; 2] {
    let (python, javascript) =
        tokio::join!(verify_in_python(issuer, audience, token), verify_in_javascript(issuer, audience, token));
    [python, javascript]
}
