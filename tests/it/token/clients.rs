//! What becomes of clients is known at once, on every node.

use crate::harness::{Backend, audited, stories};

stories![
    a_new_client_is_known_on_every_node,
    a_disabled_client_is_refused_at_once_everywhere,
    a_deleted_client_is_forgotten_at_once_everywhere,
];

async fn a_new_client_is_known_on_every_node(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    world.service_client(|_| ()).await.token(&other).await;
}

async fn a_disabled_client_is_refused_at_once_everywhere(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let client = world.service_client(|_| ()).await;
    client.token(&other).await;
    world.disable(&client.id, Some(world.clock.now())).await;
    for node in [&*world, &other] {
        client.ask(node, &[]).await.is_refused(401, "invalid_client");
    }
    world.disable(&client.id, None).await;
    for node in [&*world, &other] {
        client.token(node).await;
    }
}

async fn a_deleted_client_is_forgotten_at_once_everywhere(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let client = world.service_client(|_| ()).await;
    client.token(&other).await;
    assert!(world.app.store.delete_client(client.id.clone(), audited()).await.expect("the store answers"));
    for node in [&*world, &other] {
        client.ask(node, &[]).await.is_refused(401, "invalid_client");
    }
}
