//! How long acts are kept, and what is personal in them; and that what is left still verifies.

use countersign::audit::{self, Head};
use countersign::store::audit::search::Filter;
use countersign::store::leases::Leadership;

use super::SEALED_AFTER;
use crate::harness::{Backend, World, stories};

stories![
    old_acts_go_and_leave_a_signed_checkpoint,
    a_checkpoint_cannot_be_made_or_left_out,
    what_is_damaged_is_not_trimmed,
    acts_are_kept_for_ever_where_that_is_set,
    personal_data_goes_sooner_than_the_act,
];

const DAY: i64 = 86_400;

async fn world_that_keeps(backend: Backend, days: u32) -> World {
    backend
        .world_with(|config| {
            config.audit.retention_days = days;
            config.audit.personal_days = 2;
        })
        .await
}

async fn trim(world: &World, leadership: &Leadership) -> i64 {
    audit::trim(&world.app, leadership, world.clock.now()).await.expect("no failure")
}

/// Three days with an act and a seal each, a minute after midnight; the import of a key is the first act of all. Returns
/// the head at the end.
async fn three_days(world: &World, leadership: &Leadership) -> Head {
    let mut head = Head::default();
    for user in ["u1", "u2", "u3"] {
        world.signs_in(user).await;
        head = world.seal(leadership).await;
        world.advance(DAY - SEALED_AFTER);
    }
    assert_eq!(head.position, 4);
    head
}

async fn old_acts_go_and_leave_a_signed_checkpoint(backend: Backend) {
    let world = world_that_keeps(backend, 10).await;
    let leadership = world.leadership().await;
    let last = three_days(&world, &leadership).await;
    // When the first seal is a day over its time, it goes with all that are over theirs.
    world.advance(8 * DAY + SEALED_AFTER);
    assert_eq!(trim(&world, &leadership).await, 0);
    world.advance(1);
    assert_eq!(trim(&world, &leadership).await, 3);
    assert_eq!(trim(&world, &leadership).await, 0);
    let report = world.verifies().await;
    assert_eq!((report.begins_after, report.acts, report.seals, report.unsealed), (3, 1, 1, 1));
    let trimmed = world.app.store.audit(&Filter::default(), None, 1).await.expect("the store answers").remove(0);
    assert_eq!((trimmed.act.act.as_str(), trimmed.act.actor_kind.as_str()), ("audit_trimmed", "system"));
    assert_eq!(trimmed.act.detail.as_deref(), Some("{\"begins_after\":3,\"removed\":3}"));
    // A head from before the beginning cannot be compared any more; a later one can.
    let old = "1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse().expect("a head");
    let report = world.verified(&[old, last]).await;
    assert_eq!((report.damage, report.not_compared.len()), (None, 1));
    // And so on, until nothing of that time is left.
    world.seal(&leadership).await;
    world.advance(30 * DAY);
    assert_eq!(trim(&world, &leadership).await, 2);
    let report = world.verifies().await;
    assert_eq!((report.begins_after, report.acts, report.unsealed), (5, 0, 1));
    world.seal(&leadership).await;
    assert_eq!(world.verifies().await.acts, 1);
}

async fn a_checkpoint_cannot_be_made_or_left_out(backend: Backend) {
    let world = world_that_keeps(backend, 10).await;
    let leadership = world.leadership().await;
    three_days(&world, &leadership).await;
    world.advance(8 * DAY + SEALED_AFTER + 1);
    assert_eq!(trim(&world, &leadership).await, 3);
    let mut raw = world.raw().await;
    raw.execute("CREATE TABLE kept AS SELECT * FROM audit_seals").await;
    for (change, position, about) in [
        // As if more were too old.
        ("UPDATE audit_seals SET kind = 'checkpoint' WHERE kind = 'seal'", 4, "something else"),
        ("UPDATE audit_seals SET hash = 'x' WHERE kind = 'checkpoint'", 3, "something else"),
        ("UPDATE audit_seals SET position = 2 WHERE kind = 'checkpoint'", 2, "something else"),
        ("DELETE FROM audit_seals WHERE kind = 'checkpoint'", 1, "removed"),
    ] {
        raw.execute(change).await;
        world.is_damaged(&[], position, about).await;
        raw.execute("DELETE FROM audit_seals; INSERT INTO audit_seals SELECT * FROM kept").await;
    }
    world.verifies().await;
}

async fn what_is_damaged_is_not_trimmed(backend: Backend) {
    let world = world_that_keeps(backend, 10).await;
    let leadership = world.leadership().await;
    three_days(&world, &leadership).await;
    world.raw().await.execute("DELETE FROM audit_log WHERE position = 2").await;
    world.advance(30 * DAY);
    assert_eq!(trim(&world, &leadership).await, 0);
    world.is_damaged(&[], 2, "removed").await;
}

async fn acts_are_kept_for_ever_where_that_is_set(backend: Backend) {
    let world = world_that_keeps(backend, 0).await;
    let leadership = world.leadership().await;
    three_days(&world, &leadership).await;
    world.advance(100_000 * DAY);
    assert_eq!(trim(&world, &leadership).await, 0);
    assert_eq!(world.verifies().await.acts, 4);
}

async fn personal_data_goes_sooner_than_the_act(backend: Backend) {
    let world = world_that_keeps(backend, 10).await;
    let leadership = world.leadership().await;
    world.signs_in("u1").await;
    let head = world.seal(&leadership).await;
    let sweep = async || world.sweep().await.of("personal_data");
    world.advance(2 * DAY - SEALED_AFTER);
    assert_eq!(sweep().await, 0);
    world.advance(1);
    assert_eq!(sweep().await, 1);
    let report = world.verified(&[head]).await;
    assert_eq!((report.damage, report.erased, report.acts), (None, 1, 2));
    let acts = world.app.store.audit(&Filter::default(), None, 10).await.expect("the store answers");
    assert!(acts.iter().all(|found| found.personal.is_none()), "{acts:?}");
    assert!(acts.iter().any(|found| found.act.actor_id.as_deref() == Some("u1")), "who did it stays");
}
