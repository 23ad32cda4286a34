//! `leases`: who leads.

use countersign::store::leases::Leadership;

use crate::contract::database::Fresh;
use crate::contract::{on_both_databases, race};

on_both_databases! {
    of_many_nodes_one_leads
    a_leader_goes_on_and_hands_over
    a_leader_that_went_silent_is_replaced_and_does_not_come_back
    the_lease_is_measured_by_the_databases_clock
}

async fn of_many_nodes_one_leads(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    let racers = (0..8).map(|number| {
        let store = nodes[number % 2].clone();
        async move { store.lead(&format!("node {number}"), None).await.unwrap() }
    });
    let leaders: Vec<_> = race(racers.collect()).await.into_iter().flatten().collect();
    assert_eq!(leaders.len(), 1, "{leaders:?}");
    assert_eq!(leaders[0].epoch, 1);
}

async fn a_leader_goes_on_and_hands_over(fresh: &Fresh) {
    let store = fresh.store().await;
    let first = store.lead("first", None).await.unwrap().unwrap();
    assert_eq!(first, Leadership { holder: "first".to_owned(), epoch: 1 });
    assert_eq!(store.lead("first", Some(first.clone())).await.unwrap(), Some(first.clone()));
    assert_eq!(store.lead("second", None).await.unwrap(), None);
    // A node that was started anew under the same name is another one.
    assert_eq!(store.lead("first", None).await.unwrap(), None);

    store.resign(first.clone()).await.unwrap();
    let second = store.lead("second", None).await.unwrap().unwrap();
    assert_eq!(second, Leadership { holder: "second".to_owned(), epoch: 2 });
    // Who led before can neither keep the lease nor give it away.
    store.resign(first.clone()).await.unwrap();
    assert_eq!(store.lead("first", Some(first)).await.unwrap(), None);
    assert_eq!(store.lead("second", Some(second.clone())).await.unwrap(), Some(second));
}

async fn a_leader_that_went_silent_is_replaced_and_does_not_come_back(fresh: &Fresh) {
    let store = fresh.store().await;
    let first = store.lead("first", None).await.unwrap().unwrap();
    fresh.raw().await.execute("UPDATE leases SET until = until - 15").await;
    // Nobody took it yet, so the leader may go on where it was.
    assert_eq!(store.lead("first", Some(first.clone())).await.unwrap(), Some(first.clone()));
    assert_eq!(store.lead("second", None).await.unwrap(), None);
    fresh.raw().await.execute("UPDATE leases SET until = until - 16").await;
    let second = store.lead("second", None).await.unwrap().unwrap();
    assert_eq!(second.epoch, 2);
    assert_eq!(store.lead("first", Some(first)).await.unwrap(), None);
}

async fn the_lease_is_measured_by_the_databases_clock(fresh: &Fresh) {
    let store = fresh.store().await;
    let here = countersign::time::Clock::System.now();
    let ahead = store.clock_ahead(here).await.unwrap();
    assert!((-2..=2).contains(&ahead), "both run on this machine, and yet {ahead}");
    assert!((98..=102).contains(&store.clock_ahead(here.minus(100)).await.unwrap()));
    store.lead("first", None).await.unwrap();
    let until = fresh.raw().await.texts("SELECT CAST(until AS TEXT) FROM leases").await;
    let left = until[0].parse::<i64>().unwrap() - here.seconds();
    assert!((13..=17).contains(&left), "{left}");
}
