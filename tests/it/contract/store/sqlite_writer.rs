//! SQLite's one writer: what is queued together is committed together, and yet each request stands alone.

use std::time::{Duration, Instant};

use countersign::store::{Store, StoreError};
use diesel::sql_types::Text;
use diesel::{Connection, RunQueryDsl, SqliteConnection};
use futures_util::future::join_all;

use super::{client, secret};
use crate::contract::database::{Fresh, Raw};
use crate::contract::{NOW, PATIENCE};
use crate::harness::audited;

/// A store, and another process that holds its file until it says COMMIT.
async fn held(fresh: &Fresh) -> (Store, Raw) {
    let store = fresh.store().await;
    let mut other = fresh.raw().await;
    other.execute("BEGIN IMMEDIATE").await;
    (store, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_takes_nobody_of_its_group_with_it() {
    let fresh = Fresh::sqlite();
    let (store, mut other) = held(&fresh).await;
    let row = |number: usize| match number {
        // The same id twice, and a secret of nobody: a conflict and a reference into the void.
        7 => (client("6"), None),
        11 => (client("11"), Some(secret("11", "nobody", None))),
        _ => (client(&number.to_string()), Some(secret(&number.to_string(), &number.to_string(), None))),
    };
    let writes = join_all((0..20).map(|number| {
        let (client, secret) = row(number);
        store.add_client(client, secret, audited())
    }));
    // The file is free only after all of them are queued, so that they are one group.
    let (results, ()) = tokio::join!(writes, other.execute("COMMIT"));
    for (number, result) in results.iter().enumerate() {
        match number {
            7 => assert!(matches!(result, Err(StoreError::Conflict(_))), "{result:?}"),
            11 => assert!(matches!(result, Err(StoreError::Dangling)), "{result:?}"),
            _ => assert!(result.is_ok(), "{number}: {result:?}"),
        }
        let id = number.to_string();
        let stored = store.client(&id).await.unwrap().is_some();
        let secrets = store.client_secrets(&id).await.unwrap().len();
        assert_eq!((stored, secrets), if matches!(number, 7 | 11) { (false, 0) } else { (true, 1) }, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_goes_away_leaves_all_of_its_write_or_nothing() {
    let fresh = Fresh::sqlite();
    let (store, mut other) = held(&fresh).await;
    {
        let write = store.add_client(client("c1"), Some(secret("s1", "c1", None)), audited());
        tokio::pin!(write);
        // Long enough to be queued; the file is not free, so it cannot be done.
        assert!(tokio::time::timeout(Duration::from_millis(1), &mut write).await.is_err());
    }
    other.execute("COMMIT").await;
    // Whoever writes next comes behind it.
    store.add_client(client("c2"), None, audited()).await.unwrap();
    let stored = store.client("c1").await.unwrap().is_some();
    assert_eq!(store.client_secrets("c1").await.unwrap().len(), usize::from(stored));
    assert!(stored, "what was queued is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_waits_while_another_process_holds_the_file() {
    let fresh = Fresh::sqlite();
    let (store, mut other) = held(&fresh).await;
    let write = store.add_client(client("c1"), None, audited());
    tokio::pin!(write);
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut write).await.is_err(), "the file is not free");
    other.execute("COMMIT").await;
    tokio::time::timeout(PATIENCE, write).await.expect("the file is free").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_waits_for_too_long_is_told_to_come_back_and_so_are_those_behind_it() {
    let mut fresh = Fresh::sqlite();
    fresh.settings.pool_wait_milliseconds = 300;
    let (store, mut other) = held(&fresh).await;
    let started = Instant::now();
    let results = join_all((0..10).map(|number| store.add_client(client(&number.to_string()), None, audited()))).await;
    let waited = started.elapsed();
    for result in &results {
        assert!(matches!(result, Err(StoreError::Busy(_))), "{result:?}");
        assert!(result.as_ref().is_err_and(StoreError::is_passing));
    }
    // Each waits for its own time and not for that of those before it.
    assert!((300..1500).contains(&waited.as_millis()), "{waited:?}");
    assert!(store.scopes().await.is_ok(), "whoever only reads is not held up");
    other.execute("COMMIT").await;
    store.add_client(client("0"), None, audited()).await.unwrap();
    assert_eq!(store.clients(None, 99).await.unwrap().len(), 2, "the built-in one, and this one");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_write_to_one_file_in_turn() {
    let fresh = Fresh::sqlite();
    let nodes = [fresh.store().await, fresh.store().await];
    let writes = (0..100).map(|number| {
        let store = nodes[number % 2].clone();
        tokio::spawn(async move { store.add_client(client(&number.to_string()), None, audited()).await })
    });
    for write in join_all(writes).await {
        write.unwrap().unwrap();
    }
    assert_eq!(nodes[0].clients(None, 200).await.unwrap().len(), 101, "and the built-in one");
    assert_eq!(nodes[1].generations().await.unwrap().clients, 101);
    assert_eq!(nodes[0].client("99").await.unwrap().unwrap().created_at, NOW);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_carried_into_the_file_while_others_write() {
    let fresh = Fresh::sqlite();
    let store = fresh.store().await;
    // More than one checkpoint is due after, and far less than makes the writer do it.
    join_all((0..600).map(|number| store.add_client(client(&number.to_string()), None, audited()))).await;
    let alone = fresh.folder().join("alone.db");
    let begun = Instant::now();
    loop {
        // By another process: whoever closes a file in this one takes the locks of all on it.
        assert!(std::process::Command::new("cp").args([&fresh.file(), &alone]).status().unwrap().success());
        // Copied in the middle of a checkpoint it may be torn.
        let found = SqliteConnection::establish(&alone.to_string_lossy()).ok().and_then(|mut copy| {
            diesel::dsl::sql::<Text>("SELECT id FROM clients WHERE id = '200'").get_result::<String>(&mut copy).ok()
        });
        if found.is_some() {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the log is not carried over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
