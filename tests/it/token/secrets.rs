//! Secrets change without a moment in which none works, and end when they should.

use crate::harness::{Backend, audited, stories};

stories![
    a_new_secret_works_beside_the_old_one_until_that_ends,
    a_secret_may_have_an_end_of_its_own,
    a_secret_that_is_taken_away_ends_at_once_everywhere,
];

async fn a_new_secret_works_beside_the_old_one_until_that_ends(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let old = world.service_client(|_| ()).await;
    let new = old.with_another_secret(&world.app, None, Some(world.clock.now().plus(3600))).await;
    for node in [&*world, &other] {
        old.token(node).await;
        new.token(node).await;
    }
    world.advance(3599);
    old.token(&world).await;
    world.advance(1);
    for node in [&*world, &other] {
        old.ask(node, &[]).await.is_refused(401, "invalid_client");
        new.token(node).await;
    }
}

async fn a_secret_may_have_an_end_of_its_own(backend: Backend) {
    let world = backend.world().await;
    let lasting = world.service_client(|_| ()).await;
    let brief = lasting.with_another_secret(&world.app, Some(world.clock.now().plus(60)), None).await;
    brief.token(&world).await;
    world.advance(60);
    brief.ask(&world, &[]).await.is_refused(401, "invalid_client");
    lasting.token(&world).await;
    // An earlier end is not put off by a later rotation.
    let third = lasting.with_another_secret(&world.app, None, Some(world.clock.now().plus(3600))).await;
    brief.ask(&world, &[]).await.is_refused(401, "invalid_client");
    third.token(&world).await;
}

async fn a_secret_that_is_taken_away_ends_at_once_everywhere(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let old = world.service_client(|_| ()).await;
    let new = old.with_another_secret(&world.app, None, None).await;
    old.token(&other).await;
    let found = world.app.store.delete_client_secret(old.id.clone(), old.secret_id.clone(), audited()).await;
    assert!(found.expect("the store answers"));
    old.ask(&other, &[]).await.is_refused(401, "invalid_client");
    new.token(&other).await;
}
