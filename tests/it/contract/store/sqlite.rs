//! SQLite: the file, and who may read it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use countersign::secret::Setting;
use countersign::store::{Store, StoreError};

use super::client;
use crate::contract::database::Fresh;
use crate::harness::audited;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_and_its_folder_are_for_their_owner_alone() {
    let fresh = Fresh::sqlite();
    let store = fresh.store().await;
    store.add_client(client("c1"), None, audited()).await.unwrap();
    let file = fresh.file();
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    for name in ["test.db", "test.db-wal", "test.db-shm"] {
        assert_eq!(mode(&file.with_file_name(name)), 0o600, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_is_there_at_the_next_start() {
    let fresh = Fresh::sqlite();
    let store = fresh.store().await;
    store.add_client(client("c1"), None, audited()).await.unwrap();
    drop(store);
    assert!(fresh.store().await.client("c1").await.unwrap().is_some());
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_away_and_named() {
    let fresh = Fresh::sqlite();
    let in_the_way = fresh.folder().join("in the way");
    fs::write(&in_the_way, "this is no database, though it is long enough to be looked at as if it were one").unwrap();
    for path in [in_the_way.clone(), in_the_way.join("test.db")] {
        let mut settings = fresh.settings.clone();
        settings.url = Setting::new(format!("sqlite:{}", path.display()));
        let error = Store::open(&settings).await.err();
        assert!(matches!(&error, Some(StoreError::Away(why)) if why.contains("in the way")), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_wait_for_a_writer() {
    let fresh = Fresh::sqlite();
    let store = fresh.store().await;
    store.add_client(client("c1"), None, audited()).await.unwrap();
    let mut other = fresh.raw().await;
    other.execute("BEGIN IMMEDIATE; DELETE FROM clients").await;
    // What another process has not committed is not there yet.
    assert!(store.client("c1").await.unwrap().is_some());
    other.execute("COMMIT").await;
    assert!(store.client("c1").await.unwrap().is_none());
}
