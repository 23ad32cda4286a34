//! What describes a scope or a resource may be one second old on another node, and not older.

use crate::harness::{A_SECOND, Backend, audited, resources, scopes, sorted, stories, within};

stories![
    a_new_scope_is_known_on_another_node_within_a_second,
    a_scope_that_is_gone_is_gone_on_another_node_within_a_second,
    a_node_that_is_not_reminded_asks_by_itself,
    what_is_said_of_a_resource_is_in_force_on_another_node_within_a_second,
];

const API: &str = "https://orders.example/api";

async fn a_new_scope_is_known_on_another_node_within_a_second(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let before = world.service_client(|_| ()).await;
    before.ask(&other, &[("scope", "read")]).await.is_refused(400, "invalid_scope");
    world.scopes(["read"]).await;
    let client = world.service_client(|m| m.scope = scopes("read")).await;
    within(A_SECOND, "the scope is known", async || client.ask(&other, &[("scope", "read")]).await.status == 200).await;
}

async fn a_scope_that_is_gone_is_gone_on_another_node_within_a_second(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read", "write"]).await;
    let client = world.service_client(|m| m.scope = scopes("read write")).await;
    let other = world.another_node().await;
    assert_eq!(sorted(client.token(&other).await.scope()), ["read", "write"]);
    assert!(world.app.store.delete_scope("write".to_owned(), audited()).await.expect("the store answers"));
    within(A_SECOND, "nobody gets it", async || client.token(&other).await.scope() == "read").await;
    client.ask(&other, &[("scope", "write")]).await.is_refused(400, "invalid_scope");
}

async fn a_node_that_is_not_reminded_asks_by_itself(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read", "write"]).await;
    let client = world.service_client(|m| m.scope = scopes("read write")).await;
    let other = world.another_node().await;
    other.stop_jobs().await;
    assert_eq!(sorted(client.token(&other).await.scope()), ["read", "write"]);
    assert!(world.app.store.delete_scope("write".to_owned(), audited()).await.expect("the store answers"));
    within(A_SECOND, "nobody gets it", async || client.token(&other).await.scope() == "read").await;
}

async fn what_is_said_of_a_resource_is_in_force_on_another_node_within_a_second(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read", "write"]).await;
    world.resource(API, "read write", &[]).await;
    let client = world
        .service_client(|m| {
            m.scope = scopes("read write");
            m.audience = resources([API]);
        })
        .await;
    let other = world.another_node().await;
    assert_eq!(sorted(client.token(&other).await.scope()), ["read", "write"]);
    world.resource(API, "read", &[]).await;
    within(A_SECOND, "it limits the scopes", async || client.token(&other).await.scope() == "read").await;
    world.resource(API, "", &[]).await;
    within(A_SECOND, "it limits them no longer", async || {
        sorted(client.token(&other).await.scope()) == ["read", "write"]
    })
    .await;
}
