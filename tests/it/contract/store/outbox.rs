//! `outbox`: what is to be delivered, by one of many.

use countersign::store::Store;
use countersign::store::outbox::{
    CLAIM_SECONDS, Claimed, DEAD_SECONDS, Delivery, LIFETIME_SECONDS, OutboxCount, OutboxRow,
};
use countersign::store::sweep::BATCH;
use countersign::time::UnixTime;

use crate::contract::database::Fresh;
use crate::contract::{NOW, on_both_databases, race};

on_both_databases! {
    of_many_that_claim_each_row_goes_to_one
    the_longest_waiting_goes_first
    what_a_fallen_claimant_held_falls_due_again
    whoever_comes_too_late_has_nothing_to_say
    a_row_is_tried_again_when_it_is_due
    what_is_given_up_stays_to_be_seen_for_a_week
    what_nobody_took_in_its_lifetime_is_buried
    the_dead_go_in_batches
}

fn row(id: &str, at: UnixTime) -> OutboxRow {
    OutboxRow::new(id.to_owned(), Delivery::Mail, format!("sealed {id}"), at)
}

async fn claim(store: &Store, claimant: &str, limit: i64, now: UnixTime) -> Vec<Claimed> {
    store.claim_outbox(Delivery::Mail, claimant.to_owned(), limit, now).await.unwrap()
}

async fn count(store: &Store) -> (i64, i64) {
    let OutboxCount { waiting, dead } = store.outbox_count(Delivery::Mail).await.unwrap();
    (waiting, dead)
}

fn ids(rows: &[Claimed]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

async fn of_many_that_claim_each_row_goes_to_one(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    for number in 0..20 {
        nodes[0].enqueue(row(&format!("r{number:02}"), NOW)).await.unwrap();
    }
    assert!(nodes[1].outbox_is_due(Delivery::Mail, NOW).await.unwrap());
    let racers = (0..8).map(|number| {
        let store = nodes[number % 2].clone();
        async move {
            let mut mine = Vec::new();
            for turn in 0..20 {
                mine.extend(claim(&store, &format!("node {number} {turn}"), 3, NOW).await);
            }
            mine
        }
    });
    let mut all: Vec<_> = race(racers.collect()).await.into_iter().flatten().collect();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(ids(&all), (0..20).map(|number| format!("r{number:02}")).collect::<Vec<_>>());
    assert!(all.iter().all(|row| row.attempts == 1 && row.sealed == format!("sealed {}", row.id)), "{all:?}");
    assert!(!nodes[1].outbox_is_due(Delivery::Mail, NOW).await.unwrap());
}

async fn the_longest_waiting_goes_first(fresh: &Fresh) {
    let store = fresh.store().await;
    for (id, at) in [("a", NOW), ("b", NOW.minus(2)), ("c", NOW.minus(1)), ("d", NOW.plus(1))] {
        store.enqueue(row(id, at)).await.unwrap();
    }
    assert_eq!(ids(&claim(&store, "one", 2, NOW).await), ["b", "c"]);
    assert_eq!(ids(&claim(&store, "two", 2, NOW).await), ["a"], "d is not due");
}

async fn what_a_fallen_claimant_held_falls_due_again(fresh: &Fresh) {
    let store = fresh.store().await;
    store.enqueue(row("a", NOW)).await.unwrap();
    assert_eq!(claim(&store, "first", 9, NOW).await.len(), 1);
    let end = NOW.plus(CLAIM_SECONDS);
    assert!(claim(&store, "second", 9, end.minus(1)).await.is_empty());
    let again = claim(&store, "second", 9, end).await;
    assert_eq!((ids(&again), again[0].attempts), (vec!["a"], 2));
}

async fn whoever_comes_too_late_has_nothing_to_say(fresh: &Fresh) {
    let store = fresh.store().await;
    store.enqueue(row("a", NOW)).await.unwrap();
    let late = claim(&store, "first", 1, NOW).await.remove(0);
    let later = NOW.plus(CLAIM_SECONDS);
    let held = claim(&store, "second", 1, later).await.remove(0);
    assert!(!store.delivered(late.clone()).await.unwrap());
    assert!(!store.try_again(late.clone(), later).await.unwrap());
    assert!(!store.give_up(late, "refused", later).await.unwrap());
    assert_eq!(count(&store).await, (1, 0));
    assert!(store.delivered(held.clone()).await.unwrap());
    assert!(!store.delivered(held).await.unwrap());
    assert_eq!(count(&store).await, (0, 0));
}

async fn a_row_is_tried_again_when_it_is_due(fresh: &Fresh) {
    let store = fresh.store().await;
    store.enqueue(row("a", NOW)).await.unwrap();
    let held = claim(&store, "first", 1, NOW).await.remove(0);
    assert!(store.try_again(held.clone(), NOW.plus(30)).await.unwrap());
    assert!(!store.delivered(held).await.unwrap(), "it is nobody's");
    assert!(!store.outbox_is_due(Delivery::Mail, NOW.plus(29)).await.unwrap());
    assert_eq!(claim(&store, "second", 1, NOW.plus(30)).await[0].attempts, 2);
}

async fn what_is_given_up_stays_to_be_seen_for_a_week(fresh: &Fresh) {
    let store = fresh.store().await;
    store.enqueue(row("a", NOW)).await.unwrap();
    let held = claim(&store, "first", 1, NOW).await.remove(0);
    assert!(store.give_up(held, "refused", NOW).await.unwrap());
    assert_eq!(count(&store).await, (0, 1));
    assert!(claim(&store, "second", 1, NOW.plus(CLAIM_SECONDS)).await.is_empty());
    let reasons = fresh.raw().await.texts("SELECT dead_reason FROM outbox").await;
    assert_eq!(reasons, ["refused"]);
    assert_eq!(store.sweep_outbox(NOW.plus(DEAD_SECONDS)).await.unwrap(), 0);
    assert_eq!(store.sweep_outbox(NOW.plus(DEAD_SECONDS + 1)).await.unwrap(), 1);
    assert_eq!(count(&store).await, (0, 0));
}

async fn what_nobody_took_in_its_lifetime_is_buried(fresh: &Fresh) {
    let store = fresh.store().await;
    store.enqueue(row("old", NOW)).await.unwrap();
    store.enqueue(row("held", NOW)).await.unwrap();
    store.enqueue(row("young", NOW.plus(1))).await.unwrap();
    let end = NOW.plus(LIFETIME_SECONDS);
    let late = claim(&store, "first", 1, end.minus(1)).await.remove(0);
    assert_eq!(ids(&claim(&store, "second", 9, end).await), ["young"], "nobody wants what is too old");
    assert_eq!(store.sweep_outbox(end).await.unwrap(), 0);
    assert_eq!(count(&store).await, (2, 1), "what somebody holds is theirs");
    assert!(store.delivered(late).await.unwrap());
    assert_eq!(fresh.raw().await.texts("SELECT dead_reason FROM outbox WHERE dead_at IS NOT NULL").await, ["too_old"]);
}

async fn the_dead_go_in_batches(fresh: &Fresh) {
    let store = fresh.store().await;
    let rows: Vec<_> =
        (0..BATCH + 7).map(|number| format!("('{number}', 'mail', '', 0, 1, NULL, 1, 'refused')")).collect();
    let columns = "id, kind, sealed, created_at, attempts, due_at, dead_at, dead_reason";
    fresh.raw().await.execute(&format!("INSERT INTO outbox ({columns}) VALUES {}", rows.join(","))).await;
    let mut swept = Vec::new();
    for _ in 0..3 {
        swept.push(i64::try_from(store.sweep_outbox(NOW).await.unwrap()).unwrap());
    }
    assert_eq!(swept, [BATCH, 7, 0]);
}
