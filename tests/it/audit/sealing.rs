//! Who seals, in which order, and with which keys.

use countersign::audit;
use countersign::keyring::TokenType;

use super::SEALED_AFTER;
use crate::contract::database::Raw;
use crate::harness::forge::Parts;
use crate::harness::{A_WHILE, Backend, Outside, recorder, stories, within};

stories![
    many_nodes_record_and_one_seals,
    the_leader_seals_by_itself,
    who_no_longer_leads_seals_nothing,
    what_was_committed_late_is_sealed,
    more_than_a_batch_is_sealed_at_once,
    a_seal_outlives_the_key_that_signed_it,
    a_seal_is_no_token,
];

async fn many_nodes_record_and_one_seals(backend: Backend) {
    let world = backend.world().await;
    let leadership = world.leadership().await;
    let other = world.another_node().await;
    other.stop_jobs().await;
    let before = world.verifies().await.unsealed;
    let record = async |store: &countersign::store::Store, node: &str| {
        for number in 0..20 {
            let act = audit::Entry::new(audit::Act::SignedIn, audit::Actor::User(node)).on("user", number.to_string());
            store.record(act.record(world.clock.now())).await.expect("it is recorded");
        }
    };
    let seal = async || {
        for _ in 0..10 {
            world.advance(SEALED_AFTER);
            audit::seal(&world.app, &leadership, world.clock.now()).await.expect("it is sealed");
        }
    };
    tokio::join!(record(&world.app.store, "one"), record(&other.app.store, "other"), seal());
    let head = world.seal(&leadership).await;
    assert_eq!(head.position, before + 40);
    // Any node verifies.
    let report = audit::verify(&other.app, &[head]).await.expect("the log can be read");
    assert_eq!((report.damage, report.acts, report.unsealed), (None, before + 40, 0));
}

async fn the_leader_seals_by_itself(backend: Backend) {
    let world = backend.world_with(|config| config.audit.seal_seconds = 1).await;
    world.signs_in("u1").await;
    world.advance(1);
    within(A_WHILE, "the acts are sealed", async || world.verifies().await.unsealed == 0).await;
    assert!(world.verifies().await.seals > 0);
}

async fn who_no_longer_leads_seals_nothing(backend: Backend) {
    let world = backend.world().await;
    let before = world.leadership().await;
    world.app.store.resign(before.clone()).await.expect("the store answers");
    let now = world.app.store.lead("another", None).await.expect("the store answers").expect("nobody else leads");
    world.signs_in("u1").await;
    world.advance(SEALED_AFTER);
    let sealed = async |leadership| audit::seal(&world.app, leadership, world.clock.now()).await.expect("no failure");
    assert_eq!(sealed(&before).await, 0);
    assert_eq!(world.verifies().await.seals, 0);
    assert!(sealed(&now).await > 0);
    assert_eq!(world.verifies().await.seals, 1);
}

/// Its time is before that of others that are sealed already.
async fn what_was_committed_late_is_sealed(backend: Backend) {
    let world = backend.world().await;
    let leadership = world.leadership().await;
    let insert = format!(
        "INSERT INTO audit_log (id, at, act, actor_kind, outcome) VALUES ('late', {}, 'signed_in', 'system', 'done')",
        world.clock.now().minus(5)
    );
    let mut raw = world.raw().await;
    // On SQLite nobody else writes while a transaction is open, so there it is only written late.
    if let Raw::Postgres(_) = raw {
        raw.execute(&format!("BEGIN; {insert}")).await;
    }
    world.signs_in("u1").await;
    let head = world.seal(&leadership).await;
    raw.execute(if let Raw::Postgres(_) = raw { "COMMIT" } else { &insert }).await;
    assert_eq!(world.verifies().await.unsealed, 1);
    let later = world.seal(&leadership).await;
    assert_eq!(later.position, head.position + 1);
    let report = world.verified(&[head, later]).await;
    assert_eq!((report.damage, report.unsealed), (None, 0));
}

async fn more_than_a_batch_is_sealed_at_once(backend: Backend) {
    let world = backend.world().await;
    let leadership = world.leadership().await;
    let now = world.clock.now();
    let rows: Vec<_> = (0..1234).map(|n| format!("('act {n:04}', {now}, 'signed_in', 'system', 'done')")).collect();
    let insert = "INSERT INTO audit_log (id, at, act, actor_kind, outcome) VALUES";
    world.raw().await.execute(&format!("{insert} {}", rows.join(","))).await;
    // What fills a batch does not wait; what is left does.
    let sealed = audit::seal(&world.app, &leadership, world.clock.now()).await.expect("it is sealed");
    assert_eq!(sealed, 1200);
    let report = world.verifies().await;
    assert_eq!((report.acts, report.seals), (1200, 6));
    world.seal(&leadership).await;
    let report = world.verifies().await;
    assert_eq!((report.seals, report.unsealed), (7, 0));
    // A cut in the middle of the pages that are read at once is found where it is.
    world.raw().await.execute("DELETE FROM audit_log WHERE position > 700 AND position <= 710").await;
    world.is_damaged(&[], 701, "removed").await;
}

async fn a_seal_outlives_the_key_that_signed_it(backend: Backend) {
    let world = backend.world().await;
    let leadership = world.leadership().await;
    world.signs_in("u1").await;
    world.seal(&leadership).await;
    world.advance(3600);
    world.app.keyring.rotate(world.clock.now(), &recorder).await.expect("it is time");
    world.advance(86_400);
    world.app.keyring.keep(world.clock.now(), &leadership).await.expect("keys are kept");
    let phases = world.raw().await.texts("SELECT phase FROM signing_keys ORDER BY phase").await;
    assert_eq!(phases, ["active", "next", "retired"]);
    world.seal(&leadership).await;
    let report = world.verifies().await;
    assert_eq!((report.seals, report.withdrawn_seals), (2, 0));
    // What a withdrawn key signed is to be looked at twice.
    world.app.keyring.rotate_in_emergency(world.clock.now(), &recorder).await.expect("a rotation");
    world.seal(&leadership).await;
    let report = world.verifies().await;
    assert_eq!((report.seals, report.withdrawn_seals), (3, 1));
}

async fn a_seal_is_no_token(backend: Backend) {
    let world = backend.world().await;
    let leadership = world.leadership().await;
    let client = world.service_client(|_| ()).await;
    world.seal(&leadership).await;
    let signature = world.raw().await.texts("SELECT signature FROM audit_seals").await.remove(0);
    assert!(Outside::fetch(&world).await.verifies(&signature), "anybody can check it by the published keys");
    assert!(!client.sees_alive(&world, &signature).await);
    // Nor is a token a seal.
    let parts = Parts::of(&signature);
    assert_ne!(parts.header["typ"], TokenType::AccessToken.as_str());
    assert!(
        parts.claims.get("aud").is_none() && parts.claims.get("sub").is_none() && parts.claims.get("exp").is_none()
    );
}
