//! A client may ask for less than was granted, and never for more.

use countersign::store::clients::ClientRow;
use serde_json::json;

use crate::harness::{Backend, Persona, User, World, audited, resources, scopes, sorted, stories};

stories![
    a_client_may_ask_for_less_and_later_for_all_again,
    nobody_gets_more_than_was_granted,
    what_the_user_lost_is_left_out_and_comes_back,
    a_client_may_name_some_of_the_resources,
    a_grant_for_this_server_may_be_renewed_for_this_server,
    what_the_client_lost_is_left_out,
];

const ORDERS: &str = "https://orders.example/api";
const STOCK: &str = "https://stock.example/api";

async fn reader(backend: Backend) -> (World, Persona, User) {
    let world = backend.world().await;
    world.scopes(["read", "write"]).await;
    world.role("reader", &["read"]).await;
    world.role("writer", &["write"]).await;
    let app = world
        .app(|m| {
            m.scope = scopes("openid email read write");
            m.audience = resources([ORDERS, STOCK]);
        })
        .await;
    let user = world.user_with("ann", |new| new.roles = vec!["reader".to_owned(), "writer".to_owned()]).await;
    (world, app, user)
}

async fn a_client_may_ask_for_less_and_later_for_all_again(backend: Backend) {
    let (world, app, user) = reader(backend).await;
    let mut token = app.signed_in(&world, &user, &[("scope", "openid read write")]).await;
    for (form, granted) in [
        (&[("scope", "read")][..], vec!["read"]),
        (&[], vec!["openid", "read", "write"]),
        (&[("scope", "write openid")], vec!["openid", "write"]),
        (&[("scope", "openid read write")], vec!["openid", "read", "write"]),
    ] {
        token = app.refreshed(&world, token.next(), form).await;
        assert_eq!(sorted(token.scope()), granted, "{form:?}");
        assert_eq!(token.answer["scope"], token.claims["scope"], "the answer says what was granted");
    }
    let seen = app.introspect(&world, token.next()).await;
    assert_eq!(sorted(seen["scope"].as_str().expect("a scope")), ["openid", "read", "write"], "the token keeps all");
}

async fn nobody_gets_more_than_was_granted(backend: Backend) {
    let (world, app, user) = reader(backend).await;
    let token = app.signed_in(&world, &user, &[("scope", "openid read")]).await;
    for more in ["openid read write", "write", "email", "nothing", "read nothing", "read  openid"] {
        app.refresh(&world, token.next(), &[("scope", more)]).await.is_refused(400, "invalid_scope");
    }
    // What was refused cost nothing.
    let token = app.refreshed(&world, token.next(), &[("scope", "read")]).await;
    app.refresh(&world, token.next(), &[("scope", "read write")]).await.is_refused(400, "invalid_scope");
    assert_eq!(sorted(app.refreshed(&world, token.next(), &[]).await.scope()), ["openid", "read"]);
}

async fn what_the_user_lost_is_left_out_and_comes_back(backend: Backend) {
    let (world, app, user) = reader(backend).await;
    let token = app.signed_in(&world, &user, &[("scope", "read write")]).await;
    world.give_roles(&user, &["writer"]).await;
    let token = app.refreshed(&world, token.next(), &[]).await;
    assert_eq!((token.scope(), &token.claims["roles"]), ("write", &json!(["user", "writer"])));
    app.refresh(&world, token.next(), &[("scope", "read")]).await.is_refused(400, "invalid_scope");
    world.give_roles(&user, &[]).await;
    app.refresh(&world, token.next(), &[]).await.is_refused(400, "invalid_scope");
    world.give_roles(&user, &["reader", "writer"]).await;
    let token = app.refreshed(&world, token.next(), &[]).await;
    assert_eq!(sorted(token.scope()), ["read", "write"], "it was granted, and it may be had again");
}

async fn a_client_may_name_some_of_the_resources(backend: Backend) {
    let (world, app, user) = reader(backend).await;
    let mut token = app.signed_in(&world, &user, &[("scope", "read"), ("resource", ORDERS), ("resource", STOCK)]).await;
    for (form, audience) in [
        (&[("resource", STOCK)][..], json!(STOCK)),
        (&[], json!([ORDERS, STOCK])),
        (&[("resource", STOCK), ("audience", ORDERS)], json!([STOCK, ORDERS])),
    ] {
        token = app.refreshed(&world, token.next(), form).await;
        assert_eq!(token.claims["aud"], audience, "{form:?}");
    }
    let only = app.signed_in(&world, &user, &[("scope", "read"), ("resource", ORDERS)]).await;
    for more in [STOCK, "https://else.example", "not a URL", world.issuer()] {
        app.refresh(&world, only.next(), &[("resource", more)]).await.is_refused(400, "invalid_target");
    }
    assert_eq!(app.refreshed(&world, only.next(), &[]).await.claims["aud"], ORDERS);
}

async fn a_grant_for_this_server_may_be_renewed_for_this_server(backend: Backend) {
    let world = backend.world().await;
    let (app, user) = (world.app(|_| ()).await, world.user("ann").await);
    let this = [("resource", world.issuer())];
    let token = app.signed_in(&world, &user, &this).await;
    let token = app.refreshed(&world, token.next(), &this).await;
    assert_eq!(token.claims["aud"], world.issuer());
    app.refresh(&world, token.next(), &[("resource", ORDERS)]).await.is_refused(400, "invalid_target");
    app.refreshed(&world, token.next(), &[]).await;
}

async fn what_the_client_lost_is_left_out(backend: Backend) {
    let (world, app, user) = reader(backend).await;
    let both = [("scope", "read"), ("resource", ORDERS), ("resource", STOCK)];
    let (first, second) = (app.signed_in(&world, &user, &both).await, app.signed_in(&world, &user, &both[..2]).await);
    let before = world.app.store.client(&app.id).await.expect("the store answers").expect("the client");
    let document = before.document.replace(ORDERS, "https://else.example");
    let after = ClientRow { document, ..before.clone() };
    assert!(world.app.store.update_client(before, after, audited()).await.expect("the store answers"));
    world.look().await;
    assert_eq!(app.refreshed(&world, first.next(), &[]).await.claims["aud"], STOCK);
    app.refresh(&world, second.next(), &[]).await.is_refused(400, "invalid_target");
}
