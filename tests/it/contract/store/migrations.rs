//! One history for both databases: up, down, and up again.

use countersign::store::StoreError;

use super::descriptions::BUILT_IN;
use crate::contract::database::{Fresh, Raw};
use crate::contract::{on_both_databases, race};

on_both_databases! {
    the_history_goes_up_down_and_up_again
    of_many_nodes_that_start_at_once_one_migrates
    a_store_without_tables_is_broken_and_not_empty
    a_migration_that_fails_leaves_nothing_behind
}

/// Everything in the database that a migration can have made.
async fn made(raw: &mut Raw) -> Vec<String> {
    let query = match raw {
        Raw::Sqlite(_) => "SELECT type || ' ' || name FROM sqlite_master WHERE name NOT LIKE '%schema_migrations%'",
        Raw::Postgres(_) => {
            "SELECT c.relkind::text || ' ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = 'public' AND c.relname NOT LIKE '%schema_migrations%'"
        }
    };
    let mut names = raw.texts(query).await;
    names.sort();
    names
}

async fn the_history_goes_up_down_and_up_again(fresh: &Fresh) {
    let store = fresh.unmigrated().await;
    let before = store.migration_status().await.unwrap();
    assert!(!before.pending.is_empty() && before.applied.is_empty() && before.done.is_empty(), "{before:?}");
    let mut raw = fresh.raw().await;
    assert_eq!(made(&mut raw).await, Vec::<String>::new());

    let up = store.migrate_up().await.unwrap();
    assert_eq!((&up.applied, up.pending.len(), up.done.len()), (&before.pending, 0, before.pending.len()));
    let full = made(&mut raw).await;
    assert!(full.len() > 10, "{full:?}");
    let scopes = store.scopes().await.unwrap().len();
    let again = store.migrate_up().await.unwrap();
    assert_eq!((again.applied, again.done.len()), (up.applied.clone(), 0));

    for number in (0..up.applied.len()).rev() {
        let down = store.migrate_down().await.unwrap();
        assert_eq!((down.done.len(), down.applied.len()), (1, number));
    }
    assert_eq!(made(&mut raw).await, Vec::<String>::new());
    assert_eq!(store.migrate_down().await.unwrap().done, Vec::<String>::new());
    assert_eq!(store.migration_status().await.unwrap(), before);

    assert_eq!(store.migrate_up().await.unwrap().applied, up.applied);
    assert_eq!(made(&mut raw).await, full);
    assert_eq!(store.scopes().await.unwrap().len(), scopes);
}

async fn of_many_nodes_that_start_at_once_one_migrates(fresh: &Fresh) {
    let mut nodes = Vec::new();
    for _ in 0..6 {
        nodes.push(fresh.unmigrated().await);
    }
    let racers = nodes.iter().cloned().map(|store| async move { store.migrate_up().await.unwrap() });
    let reports = race(racers.collect()).await;
    let migrated = reports.iter().filter(|report| !report.done.is_empty()).count();
    assert_eq!(migrated, 1, "{reports:?}");
    assert!(reports.iter().all(|report| report.pending.is_empty() && report.applied == reports[0].applied));
    for store in &nodes {
        assert_eq!(store.scopes().await.unwrap().len(), BUILT_IN);
    }
}

async fn a_store_without_tables_is_broken_and_not_empty(fresh: &Fresh) {
    let store = fresh.unmigrated().await;
    let outcome = store.client("c1").await;
    assert!(matches!(outcome, Err(StoreError::Broken(_))), "{outcome:?}");
}

async fn a_migration_that_fails_leaves_nothing_behind(fresh: &Fresh) {
    let store = fresh.unmigrated().await;
    let mut raw = fresh.raw().await;
    // The last table of the first migration stands in its way.
    raw.execute("CREATE TABLE revoked_tokens (jti TEXT)").await;
    let before = made(&mut raw).await;
    let outcome = store.migrate_up().await;
    assert!(matches!(&outcome, Err(StoreError::Broken(why)) if why.contains("revoked_tokens")), "{outcome:?}");
    assert_eq!(made(&mut raw).await, before);
    raw.execute("DROP TABLE revoked_tokens").await;
    assert!(!store.migrate_up().await.unwrap().done.is_empty());
}
