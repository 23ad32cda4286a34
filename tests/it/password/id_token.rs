//! What a client is told of who signed in (OpenID Connect Core §2), and which APIs a user's token is for.

use countersign::protocol::jwk::Algorithm;
use serde_json::json;

use crate::harness::forge::Parts;
use crate::harness::{Backend, Outside, resources, scopes, stories};

stories![
    with_openid_there_is_an_id_token_that_others_verify,
    id_tokens_of_every_algorithm_belong_to_their_access_tokens,
    without_openid_there_is_none,
    an_id_token_opens_nothing,
    a_refresh_tells_again_who_signed_in_and_when,
    with_openid_the_issuer_is_always_among_those_that_a_token_is_for,
];

const ORDERS: &str = "https://orders.example/api";
const STOCK: &str = "https://stock.example/api";

async fn with_openid_there_is_an_id_token_that_others_verify(backend: Backend) {
    let world = backend.world().await;
    let (user, another) = (world.user("ann").await, world.user("bob").await);
    let app = world.app(|m| m.scope = scopes("openid email")).await;
    let token = app.signed_in(&world, &user, &[("scope", "openid")]).await;
    let id_token = token.id_token().expect("it was asked for");
    let parts = Parts::of(id_token);
    assert_eq!(parts.header, json!({"typ": "JWT", "alg": "RS256", "kid": token.kid()}));
    let (now, at_hash) = (world.clock.now().seconds(), &parts.claims["at_hash"]);
    assert_eq!(
        parts.claims,
        json!({
            "iss": world.issuer(), "sub": user.id, "aud": app.id, "exp": now + 900, "iat": now, "auth_time": now,
            "acr": "urn:countersign:acr:pwd", "amr": ["pwd"], "azp": app.id, "at_hash": at_hash,
        })
    );
    let outside = Outside::fetch(&world).await;
    let takes = |client: &str, id_token: &str, access_token: &str| {
        outside.takes_id_token(world.issuer(), client, id_token, access_token)
    };
    assert!(takes(&app.id, id_token, &token.text));
    let anothers = app.signed_in(&world, &another, &[("scope", "openid")]).await;
    assert!(!takes(&app.id, id_token, &anothers.text), "it came with another token");
    assert!(!takes("another-client", id_token, &token.text));
    assert!(!takes(&app.id, &parts.signed_by_a_stranger(), &token.text));
    assert!(takes(&app.id, &parts.signed(), &token.text), "the control: these tests can sign");
}

async fn id_tokens_of_every_algorithm_belong_to_their_access_tokens(backend: Backend) {
    for (algorithm, name) in [(Algorithm::Es256, "ES256"), (Algorithm::EdDsa, "EdDSA")] {
        let world = backend
            .world_with(|config| {
                config.keys.rsa_private_key_content = None;
                config.keys.algorithms = vec![algorithm];
            })
            .await;
        let user = world.user("ann").await;
        let app = world.public_app(|m| m.scope = scopes("openid")).await;
        let token = app.signed_in(&world, &user, &[]).await;
        let id_token = token.id_token().expect("without a word, all that may be had");
        assert_eq!(Parts::of(id_token).header["alg"], name);
        let outside = Outside::fetch(&world).await;
        assert!(outside.takes_id_token(world.issuer(), &app.id, id_token, &token.text), "{name}");
    }
}

async fn without_openid_there_is_none(backend: Backend) {
    let world = backend.world().await;
    let user = world.user("ann").await;
    let app = world.app(|m| m.scope = scopes("openid email")).await;
    let token = app.signed_in(&world, &user, &[("scope", "email")]).await;
    assert_eq!((token.id_token(), token.scope()), (None, "email"));
    let refreshed = app.refreshed(&world, token.next(), &[]).await;
    assert_eq!(refreshed.id_token(), None);
    let without = world.app(|m| m.scope = scopes("email")).await;
    without.sign_in(&world, &user, &[("scope", "openid")]).await.is_refused(400, "invalid_scope");
}

async fn an_id_token_opens_nothing(backend: Backend) {
    let world = backend.world().await;
    let user = world.user("ann").await;
    let app = world.app(|m| m.scope = scopes("openid")).await;
    let token = app.signed_in(&world, &user, &[]).await;
    let id_token = token.id_token().expect("it was granted");
    assert_eq!(app.introspect(&world, id_token).await, json!({"active": false}));
    app.refresh(&world, id_token, &[]).await.is_refused(400, "invalid_grant");
    app.revoke_well(&world, id_token).await;
    assert!(app.sees_alive(&world, &token.text).await);
}

async fn a_refresh_tells_again_who_signed_in_and_when(backend: Backend) {
    let world = backend.world().await;
    let user = world.user("ann").await;
    let app = world.app(|m| m.scope = scopes("openid email")).await;
    let token = app.signed_in(&world, &user, &[]).await;
    let signed_in = Parts::of(token.id_token().expect("it was granted")).claims;
    world.advance(1000);
    let next = app.refreshed(&world, token.next(), &[]).await;
    let told = Parts::of(next.id_token().expect("it was granted")).claims;
    // OpenID Connect Core §12.2: the same issuer, subject, audience and time of signing in; another time of issuing.
    for claim in ["iss", "sub", "aud", "auth_time", "acr", "amr", "azp"] {
        assert_eq!(told[claim], signed_in[claim], "{claim}");
    }
    assert_eq!(told["iat"], world.clock.now().seconds());
    let outside = Outside::fetch(&world).await;
    let id_token = next.id_token().expect("it was granted");
    assert!(outside.takes_id_token(world.issuer(), &app.id, id_token, &next.text), "it belongs to the new token");
    let narrowed = app.refreshed(&world, next.next(), &[("scope", "email")]).await;
    assert_eq!(narrowed.id_token(), None);
}

async fn with_openid_the_issuer_is_always_among_those_that_a_token_is_for(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["orders"]).await;
    world.resource(ORDERS, "orders", &[]).await;
    world.role("user", &["orders"]).await;
    let user = world.user("ann").await;
    let issuer = world.issuer();
    let without = world.app(|m| m.scope = scopes("openid orders")).await;
    let with = world
        .app(|m| {
            m.scope = scopes("openid orders");
            m.audience = resources([ORDERS, STOCK]);
        })
        .await;
    for (client, form, audience) in [
        (&without, &[("scope", "orders")][..], json!(issuer)),
        (&without, &[("scope", "openid orders")], json!(issuer)),
        (&without, &[("scope", "openid"), ("resource", issuer)], json!(issuer)),
        (&with, &[("scope", "orders")], json!(ORDERS)),
        (&with, &[("scope", "openid orders")], json!([ORDERS, issuer])),
        (&with, &[("scope", "openid"), ("resource", STOCK)], json!([STOCK, issuer])),
        (&with, &[("scope", "orders"), ("resource", STOCK), ("resource", ORDERS)], json!([STOCK, ORDERS])),
        (&with, &[("scope", "openid"), ("resource", STOCK), ("audience", ORDERS)], json!([STOCK, ORDERS, issuer])),
    ] {
        let token = client.signed_in(&world, &user, form).await;
        assert_eq!(token.claims["aud"], audience, "{form:?}");
        let next = client.refreshed(&world, token.next(), &[]).await;
        assert_eq!(next.claims["aud"], audience, "refreshed: {form:?}");
    }
    let refused = without.sign_in(&world, &user, &[("scope", "openid"), ("resource", ORDERS)]).await;
    refused.is_refused(400, "invalid_target");
    with.sign_in(&world, &user, &[("resource", "https://else.example")]).await.is_refused(400, "invalid_target");
}
