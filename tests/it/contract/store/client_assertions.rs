//! What clients have signed is used once, by one of many.

use countersign::store::client_assertions::UsedAssertion;
use countersign::store::sweep::BATCH;

use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};

on_both_databases! {
    an_assertion_is_used_by_one_of_many
    assertions_go_in_batches_once_they_are_too_old
}

async fn an_assertion_is_used_by_one_of_many(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    let used = |hash: &str, seconds: i64| UsedAssertion { hash: hash.to_owned(), expires_at: NOW.plus(seconds) };
    let racers = (0..16).map(|number| {
        let (store, used) = (nodes[number % 2].clone(), used("a", 60));
        async move { store.use_assertion(used).await.unwrap() }
    });
    let results = race(racers.collect()).await;
    assert_eq!(count(&results, &true), 1, "{results:?}");
    assert!(!nodes[0].use_assertion(used("a", 9)).await.unwrap());
    assert!(nodes[0].use_assertion(used("b", 60)).await.unwrap());
    let kept = fresh.raw().await.texts("SELECT CAST(expires_at AS TEXT) FROM client_assertions").await;
    assert_eq!(kept, [NOW.plus(60).to_string(), NOW.plus(60).to_string()]);
}

async fn assertions_go_in_batches_once_they_are_too_old(fresh: &Fresh) {
    let store = fresh.store().await;
    let rows: Vec<_> = (0..BATCH + 7)
        .map(|number| format!("('old {number}', {})", NOW.minus(1)))
        .chain([NOW, NOW.plus(1)].map(|until| format!("('live {until}', {until})")))
        .collect();
    let mut raw = fresh.raw().await;
    raw.execute(&format!("INSERT INTO client_assertions (hash, expires_at) VALUES {}", rows.join(","))).await;
    let mut swept = Vec::new();
    for _ in 0..3 {
        swept.push(i64::try_from(store.sweep_client_assertions(NOW).await.unwrap()).unwrap());
    }
    assert_eq!(swept, [BATCH, 7, 0]);
    let left = raw.texts("SELECT hash FROM client_assertions ORDER BY hash").await;
    assert_eq!(left, [format!("live {NOW}"), format!("live {}", NOW.plus(1))]);
}
