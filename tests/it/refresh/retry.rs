//! A client that lost the answer asks again and gets the same refresh token.

use super::{people, people_with};
use crate::harness::{Backend, Node, Persona, resources, scopes, sorted, stories};

stories![
    every_use_rotates,
    whoever_lost_the_answer_gets_the_same_successor_on_any_node,
    the_window_ends_by_time,
    the_window_ends_when_the_successor_is_used,
    without_a_window_nobody_may_ask_twice,
    a_retry_asks_for_the_same_scope_and_resource,
    a_retry_comes_from_the_same_client,
];

/// Asserts that the token ends the session that it belongs to.
async fn ends_the_session(app: &Persona, node: &Node, token: &str, current: &str) {
    app.refresh(node, token, &[]).await.is_refused(400, "invalid_grant");
    app.refresh(node, current, &[]).await.is_refused(400, "invalid_grant");
}

async fn every_use_rotates(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let other = world.another_node().await;
    let first = app.signed_in(&world, &user, &[]).await;
    let (mut tokens, mut jtis) = (vec![first.next().to_owned()], vec![first.claims["jti"].clone()]);
    for round in 0..6 {
        world.advance(100);
        let node = if round % 2 == 0 { &other } else { &*world };
        let answer = app.refresh(node, &tokens[round], &[]).await;
        assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
        let token = crate::harness::Token::of(&answer);
        assert!(!tokens.iter().any(|seen| seen == token.next()) && !jtis.contains(&token.claims["jti"]));
        assert_eq!((&token.claims["sub"], token.grant()), (&first.claims["sub"], first.grant()), "the same session");
        assert_eq!(token.claims["iat"], world.clock.now().seconds());
        assert!(app.sees_alive(&world, &token.text).await && app.sees_alive(&other, &token.text).await);
        tokens.push(token.next().to_owned());
        jtis.push(token.claims["jti"].clone());
    }
    assert!(app.sees_alive(&world, &first.text).await, "what was handed out before is good as long as it lives");
    assert_eq!(world.texts("SELECT id FROM grants").await, [first.grant()], "one row, however often");
}

async fn whoever_lost_the_answer_gets_the_same_successor_on_any_node(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let other = world.another_node().await;
    let first = app.signed_in(&world, &user, &[]).await;
    let lost = app.refreshed(&world, first.next(), &[]).await;
    world.advance(9);
    let mut jtis = vec![lost.claims["jti"].clone()];
    for node in [&other, &*world, &other] {
        let again = app.refreshed(node, first.next(), &[]).await;
        assert_eq!(again.next(), lost.next(), "the same refresh token");
        assert!(!jtis.contains(&again.claims["jti"]), "and a newly signed access token");
        assert_eq!(again.claims["exp"], world.clock.now().seconds() + 900);
        assert!(app.sees_alive(&world, &again.text).await);
        jtis.push(again.claims["jti"].clone());
    }
    assert!(app.sees_alive(&world, &lost.text).await);
    app.refreshed(&other, lost.next(), &[]).await;
}

async fn the_window_ends_by_time(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let first = app.signed_in(&world, &user, &[]).await;
    let next = app.refreshed(&world, first.next(), &[]).await;
    world.advance(9);
    app.refreshed(&world, first.next(), &[]).await;
    world.advance(1);
    ends_the_session(&app, &world, first.next(), next.next()).await;
    let (world, app, user) = people_with(backend, |config| config.tokens.refresh_retry_seconds = 100).await;
    let first = app.signed_in(&world, &user, &[]).await;
    let next = app.refreshed(&world, first.next(), &[]).await;
    world.advance(99);
    assert_eq!(app.refreshed(&world, first.next(), &[]).await.next(), next.next());
    world.advance(1);
    ends_the_session(&app, &world, first.next(), next.next()).await;
}

async fn the_window_ends_when_the_successor_is_used(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let first = app.signed_in(&world, &user, &[]).await;
    let second = app.refreshed(&world, first.next(), &[]).await;
    let third = app.refreshed(&world, second.next(), &[]).await;
    assert_eq!(app.refreshed(&world, second.next(), &[]).await.next(), third.next(), "that one may be asked for");
    ends_the_session(&app, &world, first.next(), third.next()).await;
}

async fn without_a_window_nobody_may_ask_twice(backend: Backend) {
    let (world, app, user) = people_with(backend, |config| config.tokens.refresh_retry_seconds = 0).await;
    let first = app.signed_in(&world, &user, &[]).await;
    let next = app.refreshed(&world, first.next(), &[]).await;
    let kept = world.texts("SELECT TRIM(successor) FROM grants").await;
    assert_eq!(kept, [""], "what nobody may ask for is not kept");
    ends_the_session(&app, &world, first.next(), next.next()).await;
}

async fn a_retry_asks_for_the_same_scope_and_resource(backend: Backend) {
    const ORDERS: (&str, &str) = ("resource", "https://orders.example/api");
    const STOCK: (&str, &str) = ("resource", "https://stock.example/api");
    const BOTH: (&str, &str) = ("scope", "openid email");
    const LESS: (&str, &str) = ("scope", "email");
    let world = backend.world().await;
    let user = world.user("ann").await;
    let app = world
        .app(|m| {
            m.scope = scopes("openid email");
            m.audience = resources([ORDERS.1, STOCK.1]);
        })
        .await;
    let cases: [(&str, &[_], &[_], bool); 9] = [
        ("nothing, twice", &[], &[], true),
        ("the same scope", &[LESS], &[LESS], true),
        ("the same scope in another order", &[BOTH], &[("scope", "email openid")], true),
        ("the same resource", &[ORDERS], &[ORDERS], true),
        ("the same resource by its other name", &[ORDERS], &[("audience", ORDERS.1)], true),
        ("less", &[BOTH], &[LESS], false),
        ("more", &[LESS], &[], false),
        ("another resource", &[ORDERS], &[STOCK], false),
        ("one more resource", &[ORDERS], &[ORDERS, STOCK], false),
    ];
    for (what, before, after, is_retry) in cases {
        let first = app.signed_in(&world, &user, &[ORDERS, STOCK]).await;
        let next = app.refreshed(&world, first.next(), before).await;
        if is_retry {
            let again = app.refreshed(&world, first.next(), after).await;
            assert_eq!(again.next(), next.next(), "{what}");
            assert_eq!(again.claims["aud"], next.claims["aud"], "{what}");
            assert_eq!(sorted(again.scope()), sorted(next.scope()), "{what}");
        } else {
            app.refresh(&world, first.next(), after).await.is_refused(400, "invalid_grant");
            app.refresh(&world, next.next(), &[]).await.is_refused(400, "invalid_grant");
        }
    }
}

async fn a_retry_comes_from_the_same_client(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let (thief, public) = (world.app(|_| ()).await, world.public_app(|_| ()).await);
    let first = app.signed_in(&world, &user, &[]).await;
    for other in [&thief, &public] {
        other.refresh(&world, first.next(), &[]).await.is_refused(400, "invalid_grant");
    }
    let next = app.refreshed(&world, first.next(), &[]).await;
    for other in [&thief, &public] {
        for token in [first.next(), next.next()] {
            other.refresh(&world, token, &[]).await.is_refused(400, "invalid_grant");
        }
    }
    assert!(app.sees_alive(&world, &next.text).await, "nothing of the owner's has ended");
    assert_eq!(app.refreshed(&world, first.next(), &[]).await.next(), next.next());
    app.refreshed(&world, next.next(), &[]).await;
    assert!(world.texts("SELECT id FROM audit_log WHERE act = 'refresh_reused'").await.is_empty());
}
