//! Postgres: the pool, and what never goes back into it.

use std::time::{Duration, Instant};

use countersign::store::{Store, StoreError};

use super::descriptions::BUILT_IN;
use super::{client, secret};
use crate::contract::database::{Fresh, Raw};
use crate::contract::{PATIENCE, eventually};
use crate::harness::audited;

/// How many connections of the store are in a state.
async fn connections(raw: &mut Raw, fresh: &Fresh, condition: &str) -> usize {
    let name = &fresh.settings.application_name;
    let query = format!("SELECT pid::text FROM pg_stat_activity WHERE application_name = '{name}' AND {condition}");
    raw.texts(&query).await.len()
}

/// A store with one connection, and a transaction elsewhere that keeps it from writing clients.
async fn held(fresh: &mut Fresh) -> (Store, Raw) {
    fresh.settings.pool_size = 1;
    let store = fresh.store().await;
    let mut other = fresh.raw().await;
    other.execute("BEGIN; LOCK TABLE clients IN EXCLUSIVE MODE").await;
    (store, other)
}

const WAITS: &str = "wait_event_type = 'Lock'";

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_was_cut_short_never_goes_back_into_the_pool() {
    let mut fresh = Fresh::postgres().await;
    let (store, mut other) = held(&mut fresh).await;
    let mut watcher = fresh.raw().await;
    {
        let write = store.add_client(client("c1"), Some(secret("s1", "c1", None)), audited());
        tokio::pin!(write);
        let waits =
            eventually("the write waits for the table", async || connections(&mut watcher, &fresh, WAITS).await == 1);
        tokio::select! {
            result = &mut write => panic!("the table was locked, and yet {result:?}"),
            () = waits => {}
        }
        // The request goes away in the middle of its transaction.
    }
    other.execute("COMMIT").await;
    let reused = store.client("c1").await.unwrap();
    assert!(reused.is_none(), "half a transaction was committed by whoever came next");
    store.add_client(client("c2"), None, audited()).await.unwrap();
    assert!(fresh.store().await.client("c2").await.unwrap().is_some(), "what was answered is committed");
    eventually("no transaction is left open", async || {
        connections(&mut watcher, &fresh, "state LIKE 'idle in transaction%'").await == 0
    })
    .await;
    assert!(store.client("c1").await.unwrap().is_none());
    assert_eq!(store.pool_state().size, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_too_long_for_a_connection_is_told_to_come_back() {
    let mut fresh = Fresh::postgres().await;
    fresh.settings.pool_wait_milliseconds = 200;
    let (store, mut other) = held(&mut fresh).await;
    let writer = store.clone();
    let write = tokio::spawn(async move { writer.add_client(client("c1"), None, audited()).await });
    let mut watcher = fresh.raw().await;
    eventually("the write waits", async || connections(&mut watcher, &fresh, WAITS).await == 1).await;

    let started = Instant::now();
    let refused = store.scopes().await.err();
    assert!(matches!(refused, Some(StoreError::Busy(_))), "{refused:?}");
    assert!((200..2000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    other.execute("COMMIT").await;
    tokio::time::timeout(PATIENCE, write).await.expect("the table is free").unwrap().unwrap();
    assert!(store.client("c1").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_grows_to_its_size_and_names_itself() {
    let mut fresh = Fresh::postgres().await;
    fresh.settings.pool_size = 3;
    let store = fresh.store().await;
    let reads = (0..30).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.scopes().await.map(|scopes| scopes.len()) })
    });
    for read in futures_util::future::join_all(reads).await {
        assert_eq!(read.unwrap().unwrap(), BUILT_IN);
    }
    let state = store.pool_state();
    assert!((1..=3).contains(&state.size) && state.waiting == 0, "{state:?}");
    assert_eq!(connections(&mut fresh.raw().await, &fresh, "true").await, state.size);
    assert_eq!(store.name(), "Postgres");
}

async fn terminate(raw: &mut Raw, fresh: &Fresh) {
    let name = &fresh.settings.application_name;
    let query =
        format!("SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE application_name = '{name}'");
    assert!(!raw.texts(&query).await.is_empty());
    eventually("the connections are gone", async || connections(raw, fresh, "true").await == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_idle_is_tried_before_it_is_used() {
    let mut fresh = Fresh::postgres().await;
    fresh.settings.ping_after_idle_seconds = 0;
    let store = fresh.store().await;
    let mut raw = fresh.raw().await;
    for _ in 0..3 {
        terminate(&mut raw, &fresh).await;
        assert_eq!(store.scopes().await.unwrap().len(), BUILT_IN);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_cut_is_used_once_at_most() {
    let mut fresh = Fresh::postgres().await;
    fresh.settings.ping_after_idle_seconds = 3600;
    fresh.settings.pool_size = 1;
    let store = fresh.store().await;
    terminate(&mut fresh.raw().await, &fresh).await;
    match store.scopes().await {
        Ok(_) | Err(StoreError::Away(_)) => {}
        Err(error) => panic!("{error:?}"),
    }
    assert_eq!(store.scopes().await.unwrap().len(), BUILT_IN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_made_anew_once_it_is_old() {
    let mut fresh = Fresh::postgres().await;
    fresh.settings.pool_recycle_seconds = 1;
    fresh.settings.pool_size = 1;
    // Before there is a connection: however slow the machine is, none is a second old sooner.
    let started = Instant::now();
    let store = fresh.store().await;
    let mut raw = fresh.raw().await;
    let name = fresh.settings.application_name.clone();
    let query = format!("SELECT pid::text FROM pg_stat_activity WHERE application_name = '{name}'");
    let first = raw.texts(&query).await;
    assert_eq!(first.len(), 1);
    eventually("another connection", async || {
        store.ping().await.unwrap();
        raw.texts(&query).await.iter().any(|pid| *pid != first[0])
    })
    .await;
    assert!(started.elapsed() > Duration::from_millis(900), "not at every use: {:?}", started.elapsed());
}
