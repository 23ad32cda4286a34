//! What a client is told of its own refresh token (RFC 7662), and nobody else of anybody's.

use serde_json::json;

use super::people;
use crate::harness::{Backend, INTROSPECT, resources, scopes, sorted, stories};

stories![
    a_client_sees_its_own_refresh_token,
    scopes_that_are_lost_are_not_shown,
    nobody_sees_the_refresh_token_of_another,
    only_the_current_one_is_good,
];

async fn a_client_sees_its_own_refresh_token(backend: Backend) {
    let world = backend.world().await;
    let user = world.user("ann").await;
    let app = world.app(|m| m.scope = scopes("openid email")).await;
    let begun = world.clock.now().seconds();
    let first = app.signed_in(&world, &user, &[]).await;
    let expected = |iat: i64, exp: i64| {
        json!({
            "active": true, "scope": first.scope(), "client_id": app.id, "exp": exp, "iat": iat, "sub": user.id,
            "iss": world.issuer(),
        })
    };
    let day = 86_400;
    assert_eq!(app.introspect(&world, first.next()).await, expected(begun, begun + 7 * day));
    let mut token = first.next().to_owned();
    for _ in 0..4 {
        world.advance(6 * day);
        token = app.refreshed(&world, &token, &[("scope", "email")]).await.next().to_owned();
    }
    let iat = begun + 24 * day;
    assert_eq!(
        app.introspect(&world, &token).await,
        expected(iat, begun + 30 * day),
        "it keeps its scope, and its end"
    );
    for hint in ["access_token", "refresh_token", "nonsense"] {
        let form = [("token", token.as_str()), ("token_type_hint", hint)];
        assert_eq!(app.post(&world, INTROSPECT, &form).await.json()["active"], true, "{hint}");
    }
}

async fn scopes_that_are_lost_are_not_shown(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read", "write"]).await;
    world.role("writer", &["read", "write"]).await;
    let user = world.user_with("ann", |new| new.roles = vec!["writer".to_owned()]).await;
    let app = world.app(|m| m.scope = scopes("openid read write")).await;
    let token = app.signed_in(&world, &user, &[]).await;
    let seen = async || {
        let seen = app.introspect(&world, token.next()).await;
        assert_eq!(seen["active"], true, "{seen}");
        sorted(seen["scope"].as_str().unwrap_or("")).join(" ")
    };
    assert_eq!(seen().await, "openid read write");
    world.role("writer", &["read"]).await;
    assert_eq!(seen().await, "openid read");
    world.give_roles(&user, &[]).await;
    assert_eq!(seen().await, "openid");
    assert_eq!(app.refreshed(&world, token.next(), &[]).await.scope(), "openid", "which is what it gets");
}

async fn nobody_sees_the_refresh_token_of_another(backend: Backend) {
    let world = backend.world().await;
    let user = world.user("ann").await;
    let (stranger, api) = (world.app(|_| ()).await, world.service_client(|_| ()).await);
    let app = world.public_app(|m| m.audience = resources(["https://a.example"])).await;
    world.resource("https://a.example", "", &[&api.id]).await;
    let token = app.signed_in(&world, &user, &[]).await;
    assert!(api.sees_alive(&world, &token.text).await, "the access token is for it");
    for caller in [&stranger, &api] {
        assert_eq!(caller.introspect(&world, token.next()).await, json!({"active": false}));
    }
    let answer = app.post(&world, INTROSPECT, &[("token", token.next())]).await;
    answer.is_refused(400, "unauthorized_client");
}

async fn only_the_current_one_is_good(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let first = app.signed_in(&world, &user, &[]).await;
    let second = app.refreshed(&world, first.next(), &[]).await;
    let inactive = json!({"active": false});
    assert_eq!(app.introspect(&world, first.next()).await, inactive, "though it may still be asked for its successor");
    assert_eq!(app.introspect(&world, second.next()).await["active"], true);
    app.refreshed(&world, first.next(), &[]).await;
    assert_eq!(app.introspect(&world, second.next()).await["active"], true, "asking changes nothing");
}
