//! The introspection endpoint (RFC 7662): who learns what about which token.

use serde_json::json;

use crate::harness::forge::Parts;
use crate::harness::{A_SECOND, Backend, INTROSPECT, Token, audited, recorder, resources, scopes, stories, within};

stories![
    a_client_sees_its_own_token,
    whoever_introspects_a_resource_sees_tokens_for_it_and_no_others,
    what_is_no_token_of_this_server_is_inactive,
    a_token_is_inactive_once_it_has_expired,
    a_public_client_learns_nothing,
    the_tokens_of_a_disabled_client_are_inactive_at_once_everywhere,
    the_tokens_of_a_deleted_client_are_inactive_at_once_everywhere,
    what_a_withdrawn_key_signed_is_inactive_at_once_everywhere,
    a_token_of_one_node_is_known_on_another,
];

const API: &str = "https://orders.example/api";

async fn a_client_sees_its_own_token(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read"]).await;
    let client = world
        .service_client(|m| {
            m.scope = scopes("read");
            m.audience = resources([API, "https://stock.example/api"]);
        })
        .await;
    for form in [&[][..], &[("resource", API), ("resource", "https://stock.example/api")]] {
        let token = client.token_for(&world, form).await;
        let mut expected = token.claims.clone();
        expected["active"] = json!(true);
        expected["token_type"] = json!("Bearer");
        assert_eq!(client.introspect(&world, &token.text).await, expected);
    }
    let token = client.token(&world).await.text;
    for hint in ["access_token", "refresh_token", "nonsense"] {
        let form = [("token", token.as_str()), ("token_type_hint", hint)];
        assert_eq!(client.post(&world, INTROSPECT, &form).await.json()["active"], true, "{hint}");
    }
}

async fn whoever_introspects_a_resource_sees_tokens_for_it_and_no_others(backend: Backend) {
    let world = backend.world().await;
    let api = world.service_client(|_| ()).await;
    let stranger = world.service_client(|_| ()).await;
    let client = world.service_client(|m| m.audience = resources([API, "https://stock.example/api"])).await;
    let for_api = client.token(&world).await.text;
    assert!(!api.sees_alive(&world, &for_api).await, "nobody said yet that it introspects");
    world.resource(API, "", &[&api.id]).await;
    let seen = api.introspect(&world, &for_api).await;
    assert_eq!((&seen["active"], &seen["client_id"], &seen["aud"]), (&json!(true), &json!(client.id), &json!(API)));
    let for_both = client.token_for(&world, &[("resource", "https://stock.example/api"), ("resource", API)]).await;
    assert!(api.sees_alive(&world, &for_both.text).await, "it is among those that the token is for");
    let for_another = client.token_for(&world, &[("resource", "https://stock.example/api")]).await;
    for (caller, token) in [(&api, &for_another.text), (&stranger, &for_api), (&stranger, &for_another.text)] {
        assert_eq!(caller.introspect(&world, token).await, json!({"active": false}));
    }
    world.resource(API, "", &[&stranger.id]).await;
    assert!(!api.sees_alive(&world, &for_api).await, "it introspects no longer");
    let other = world.another_node().await;
    assert!(stranger.sees_alive(&other, &for_api).await);
    world.resource(API, "", &[]).await;
    within(A_SECOND, "other nodes know", async || !stranger.sees_alive(&other, &for_api).await).await;
}

async fn what_is_no_token_of_this_server_is_inactive(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|_| ()).await;
    let token = client.token(&world).await;
    let next = world.get("/.well-known/jwks.json").await.json()["keys"].clone();
    let next = next.as_array().expect("keys").iter().find(|key| key["kid"] != token.kid()).expect("a next key").clone();
    let changed = |change: &dyn Fn(&mut Parts)| {
        let mut parts = Parts::of(&token.text);
        change(&mut parts);
        parts
    };
    let made_up = [
        ("a word", "nonsense".to_owned()),
        ("dots", "...".to_owned()),
        ("not ASCII", "\u{e4}.\u{f6}.\u{fc}".to_owned()),
        ("long", "a".repeat(20_000)),
        ("cut short", token.text[..token.text.len() - 1].to_owned()),
        ("with more behind it", format!("{}.x", token.text)),
        ("with a space", format!("{} ", token.text)),
        ("other claims", changed(&|parts| parts.claims["scope"] = json!("admin")).put_together()),
        ("no signature", changed(&|parts| parts.signature.clear()).put_together()),
        ("alg none", changed(&|parts| parts.header["alg"] = json!("none")).put_together()),
        ("another alg, signed well", changed(&|parts| parts.header["alg"] = json!("RS512")).signed()),
        ("a stranger's key", Parts::of(&token.text).signed_by_a_stranger()),
        ("an unknown kid", changed(&|parts| parts.header["kid"] = json!("unknown")).signed()),
        ("no kid", changed(&|parts| drop(parts.header.as_object_mut().expect("an object").remove("kid"))).signed()),
        ("the kid of the next key", changed(&|parts| parts.header["kid"] = next["kid"].clone()).signed()),
        ("an ID token", changed(&|parts| parts.header["typ"] = json!("JWT")).signed()),
        ("no typ", changed(&|parts| drop(parts.header.as_object_mut().expect("an object").remove("typ"))).signed()),
        ("an unknown extension", changed(&|parts| parts.header["crit"] = json!(["exp"])).signed()),
        ("another issuer's", changed(&|parts| parts.claims["iss"] = json!("https://other.example")).signed()),
        ("no jti", changed(&|parts| drop(parts.claims.as_object_mut().expect("an object").remove("jti"))).signed()),
        ("an unknown client's", changed(&|parts| parts.claims["client_id"] = json!("nobody")).signed()),
        ("for later", changed(&|parts| parts.claims["nbf"] = json!(4_000_000_000_i64)).signed()),
        ("the secret of the client", client.secret.clone()),
    ];
    for (what, token) in &made_up {
        assert_eq!(client.introspect(&world, token).await, json!({"active": false}), "{what}");
    }
    // The control: a token that is made up in the same way, but of the right parts, is taken.
    assert!(client.sees_alive(&world, &Parts::of(&token.text).signed()).await);
}

async fn a_token_is_inactive_once_it_has_expired(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|_| ()).await;
    let token = client.token(&world).await.text;
    world.advance(899);
    assert!(client.sees_alive(&world, &token).await);
    world.advance(1);
    assert!(!client.sees_alive(&world, &token).await);
}

async fn a_public_client_learns_nothing(backend: Backend) {
    let world = backend.world().await;
    let token = world.service_client(|_| ()).await.token(&world).await.text;
    let public = world.public_client().await;
    let answer = public.post(&world, INTROSPECT, &[("token", &token)]).await;
    answer.is_refused(400, "unauthorized_client");
    answer.never_says(&[&token]);
}

async fn the_tokens_of_a_disabled_client_are_inactive_at_once_everywhere(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let api = world.service_client(|_| ()).await;
    world.resource(API, "", &[&api.id]).await;
    other.look().await;
    let client = world.service_client(|m| m.audience = resources([API])).await;
    let Token { text: token, .. } = client.token(&world).await;
    for (disabled_at, alive) in [(None, true), (Some(world.clock.now()), false), (None, true)] {
        world.disable(&client.id, disabled_at).await;
        for node in [&*world, &other] {
            assert_eq!(api.sees_alive(node, &token).await, alive);
        }
    }
}

async fn the_tokens_of_a_deleted_client_are_inactive_at_once_everywhere(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let api = world.service_client(|_| ()).await;
    world.resource(API, "", &[&api.id]).await;
    other.look().await;
    let client = world.service_client(|m| m.audience = resources([API])).await;
    let token = client.token(&world).await.text;
    assert!(api.sees_alive(&other, &token).await);
    assert!(world.app.store.delete_client(client.id, audited()).await.expect("the store answers"));
    for node in [&*world, &other] {
        assert!(!api.sees_alive(node, &token).await);
    }
}

async fn what_a_withdrawn_key_signed_is_inactive_at_once_everywhere(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let client = world.service_client(|_| ()).await;
    let token = client.token(&world).await;
    assert!(client.sees_alive(&other, &token.text).await);
    world.app.keyring.rotate_in_emergency(world.clock.now(), &recorder).await.expect("a rotation");
    for node in [&*world, &other] {
        assert!(!client.sees_alive(node, &token.text).await);
    }
    let fresh = client.token(&world).await;
    assert_ne!(fresh.kid(), token.kid());
    for node in [&*world, &other] {
        assert!(client.sees_alive(node, &fresh.text).await, "the next key signs, and is known everywhere");
    }
}

async fn a_token_of_one_node_is_known_on_another(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let client = world.service_client(|_| ()).await;
    for (one, another) in [(&*world, &other), (&other, &*world)] {
        let token = client.token(one).await.text;
        assert!(client.sees_alive(another, &token).await);
    }
}
