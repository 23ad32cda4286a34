//! `sealed_values`.

use countersign::store::sealed_values::SealedValue;

use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};

on_both_databases! {
    whoever_comes_first_makes_the_value_and_all_get_it
    of_many_that_reseal_one_does
}

fn value(name: &str, sealed: &str) -> SealedValue {
    SealedValue { name: name.to_owned(), sealed: sealed.to_owned() }
}

async fn whoever_comes_first_makes_the_value_and_all_get_it(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    assert!(nodes[0].sealed_values().await.unwrap().is_empty());
    let racers = (0..8).map(|number| {
        let store = nodes[number % 2].clone();
        async move { store.sealed_value_or(value("hash", &format!("sealed by {number}")), NOW).await.unwrap().sealed }
    });
    let results = race(racers.collect()).await;
    assert_eq!(count(&results, &results[0]), 8, "{results:?}");
    nodes[0].sealed_value_or(value("cache", "another"), NOW).await.unwrap();
    let stored = nodes[1].sealed_values().await.unwrap();
    let stored: Vec<_> = stored.iter().map(|value| (value.name.as_str(), value.sealed.as_str())).collect();
    assert_eq!(stored, [("cache", "another"), ("hash", results[0].as_str())]);
}

async fn of_many_that_reseal_one_does(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    nodes[0].sealed_value_or(value("hash", "old"), NOW).await.unwrap();
    nodes[0].sealed_value_or(value("cache", "old"), NOW).await.unwrap();
    let racers = (0..8).map(|number| {
        let store = nodes[number % 2].clone();
        async move { store.reseal_value(value("hash", "old"), format!("new {number}")).await.unwrap() }
    });
    let results = race(racers.collect()).await;
    assert_eq!(count(&results, &true), 1, "{results:?}");
    let winner = results.iter().position(|won| *won).unwrap();
    let stored = nodes[1].sealed_values().await.unwrap();
    let stored: Vec<_> = stored.iter().map(|value| value.sealed.clone()).collect();
    assert_eq!(stored, ["old".to_owned(), format!("new {winner}")]);
}
