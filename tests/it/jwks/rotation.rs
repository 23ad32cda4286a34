//! Keys come and go: published before they sign, and until the last token that they signed has expired.

use countersign::store::leases::Leadership;

use super::{in_phase, published};
use crate::harness::{A_WHILE, Backend, Outside, World, recorder, stories, within};

stories![
    a_key_does_not_sign_before_verifiers_can_know_it,
    a_rotated_key_stays_until_its_last_token_has_expired,
    the_leader_rotates_by_schedule,
    who_no_longer_leads_changes_nothing,
    in_an_emergency_a_key_goes_at_once,
    a_rotation_reaches_other_nodes_by_itself,
];

/// The max-age of the key set and the margin, by default.
const PUBLISHED_FOR: i64 = 300 + 60;
const DAY: i64 = 86_400;

/// The story leads from here on: nobody else rotates or retires a key.
async fn lead(world: &World) -> Leadership {
    world.stop_jobs().await;
    world.app.store.lead("the story", None).await.expect("the store answers").expect("nobody else leads")
}

async fn a_key_does_not_sign_before_verifiers_can_know_it(backend: Backend) {
    let world = backend.world().await;
    lead(&world).await;
    let next = in_phase(&world, "next").await.remove(0);
    assert!(published(&world).await.contains(&next), "published before it signs");
    for (advance, left) in [(0, PUBLISHED_FOR), (PUBLISHED_FOR - 1, 1)] {
        world.advance(advance);
        let refusal = world.app.keyring.rotate(world.clock.now(), &recorder).await.expect_err("too early").to_string();
        assert!(refusal.contains(&format!("in {left} seconds")) && refusal.contains(&next), "{refusal}");
    }
    world.advance(1);
    let rotated = world.app.keyring.rotate(world.clock.now(), &recorder).await.expect("it is time").remove(0);
    assert_eq!(rotated.active, next);
    let client = world.service_client(|_| ()).await;
    assert_eq!(client.token(&world).await.kid(), next);
    // The one after it has to wait for as long.
    world.app.keyring.rotate(world.clock.now(), &recorder).await.expect_err("too early");
    assert_eq!(in_phase(&world, "next").await, [rotated.next.expect("a next key")]);
}

async fn a_rotated_key_stays_until_its_last_token_has_expired(backend: Backend) {
    let world = backend.world().await;
    let leadership = lead(&world).await;
    let client = world.service_client(|m| m.access_token_lifetime = Some(7200)).await;
    world.advance(PUBLISHED_FOR);
    let last = client.token(&world).await;
    let expires = last.claims["exp"].as_i64().expect("a time");
    world.app.keyring.rotate(world.clock.now(), &recorder).await.expect("it is time");
    let keep = async || world.app.keyring.keep(world.clock.now(), &leadership).await.expect("keys are kept");
    keep().await;
    assert_eq!(in_phase(&world, "retiring").await, [last.kid()]);
    world.advance(expires - 1 - world.clock.now().seconds());
    keep().await;
    assert!(Outside::fetch(&world).await.verifies(&last.text), "a second before it expires");
    assert!(client.sees_alive(&world, &last.text).await);
    let refusal =
        world.app.keyring.retire(last.kid(), world.clock.now(), &recorder).await.expect_err("too early").to_string();
    assert!(refusal.contains("may live"), "{refusal}");
    // A promise reaches further than the token that it was made for, and nodes' clocks differ.
    world.advance(2 * 3600);
    keep().await;
    assert_eq!(in_phase(&world, "retired").await, [last.kid()]);
    assert!(!published(&world).await.contains(&last.kid().to_owned()));
    assert!(!client.sees_alive(&world, &last.text).await);
}

async fn the_leader_rotates_by_schedule(backend: Backend) {
    let world = backend.world_with(|config| config.keys.rotate_days = 30).await;
    let leadership = lead(&world).await;
    let client = world.service_client(|_| ()).await;
    let (first, next) = (in_phase(&world, "active").await, in_phase(&world, "next").await);
    let keep = async || world.app.keyring.keep(world.clock.now(), &leadership).await.expect("keys are kept");
    world.advance(30 * DAY - 1);
    keep().await;
    assert_eq!(in_phase(&world, "active").await, first);
    world.advance(1);
    keep().await;
    assert_eq!(in_phase(&world, "active").await, next);
    assert_eq!(client.token(&world).await.kid(), next[0]);
    keep().await;
    assert_eq!(in_phase(&world, "active").await, next, "one step at a time");
}

async fn who_no_longer_leads_changes_nothing(backend: Backend) {
    let world = backend.world_with(|config| config.keys.rotate_days = 30).await;
    let leadership = lead(&world).await;
    let active = in_phase(&world, "active").await;
    world.app.store.resign(leadership.clone()).await.expect("the store answers");
    let other = world.app.store.lead("somebody else", None).await.expect("the store answers");
    assert!(other.is_some());
    world.advance(31 * DAY);
    world.app.keyring.keep(world.clock.now(), &leadership).await.expect("it is no failure");
    assert_eq!(in_phase(&world, "active").await, active);
}

async fn in_an_emergency_a_key_goes_at_once(backend: Backend) {
    let world = backend.world().await;
    lead(&world).await;
    let client = world.service_client(|_| ()).await;
    let token = client.token(&world).await;
    let next = in_phase(&world, "next").await;
    let rotated =
        world.app.keyring.rotate_in_emergency(world.clock.now(), &recorder).await.expect("a rotation").remove(0);
    assert_eq!((rotated.before.as_deref(), &rotated.active), (Some(token.kid()), &next[0]));
    let published = published(&world).await;
    assert!(!published.contains(&token.kid().to_owned()) && published.contains(&next[0]));
    assert!(published.contains(&rotated.next.expect("a new next key")));
    assert!(!Outside::fetch(&world).await.verifies(&token.text));
    assert_eq!(in_phase(&world, "withdrawn").await, [token.kid()]);
    assert_eq!(client.token(&world).await.kid(), next[0]);
}

async fn a_rotation_reaches_other_nodes_by_itself(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let client = world.service_client(|_| ()).await;
    let before = client.token(&other).await;
    world.advance(PUBLISHED_FOR);
    let rotated = world.app.keyring.rotate(world.clock.now(), &recorder).await.expect("it is time").remove(0);
    within(A_WHILE, "the other node signs with it", async || client.token(&other).await.kid() == rotated.active).await;
    let same = async || published(&other).await == published(&world).await;
    within(A_WHILE, "and publishes the one after it", same).await;
    assert!(client.sees_alive(&other, &before.text).await, "what was signed before goes on");
}
