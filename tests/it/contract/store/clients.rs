//! `clients` and `client_secrets`.

use countersign::store::StoreError;
use countersign::store::clients::ClientRow;
use countersign::time::UnixTime;

use super::{CLIENTS, NONE, client, raised, secret};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::audited;

on_both_databases! {
    a_client_comes_back_as_it_was_stored
    a_client_and_its_first_secret_come_together_or_not_at_all
    of_two_that_add_one_client_one_does
    pages_follow_one_another_without_gap_or_repetition
    disabling_and_enabling_says_whether_there_was_a_client
    a_client_that_was_changed_meanwhile_is_not_removed_as_it_was
    a_deleted_client_takes_its_secrets_along
    a_new_secret_shortens_the_others_but_lengthens_none
    a_secret_is_ended_for_its_own_client_only
    every_change_of_a_client_raises_its_generation
}

fn fields(row: &ClientRow) -> (String, String, String, String, Option<UnixTime>, UnixTime, UnixTime) {
    let ClientRow { id, name, auth_method, document, disabled_at, created_at, updated_at } = row.clone();
    (id, name, auth_method, document, disabled_at, created_at, updated_at)
}

async fn a_client_comes_back_as_it_was_stored(fresh: &Fresh) {
    let store = fresh.store().await;
    let mut row = client("c1");
    row.name = "Ünïcode ' \" \\ 字 \u{1f511}".to_owned();
    row.document = r#"{"scope":"a b"}"#.to_owned();
    row.disabled_at = Some(NOW.plus(7));
    store.add_client(row.clone(), None, audited()).await.unwrap();
    let found = store.client("c1").await.unwrap().unwrap();
    assert_eq!(fields(&found), fields(&row));
    assert!(store.client("C1").await.unwrap().is_none());
    assert!(store.client("").await.unwrap().is_none());
    assert!(store.client("' OR ''='").await.unwrap().is_none());
}

async fn a_client_and_its_first_secret_come_together_or_not_at_all(fresh: &Fresh) {
    let store = fresh.store().await;
    store.add_client(client("c1"), Some(secret("s1", "c1", None)), audited()).await.unwrap();
    assert_eq!(store.client_secrets("c1").await.unwrap().len(), 1);

    // The same client again, a secret whose hash is taken, and a secret of a client that is not there.
    let again = store.add_client(client("c1"), Some(secret("s2", "c1", None)), audited()).await;
    assert!(matches!(&again, Err(StoreError::Conflict(what)) if what.contains("clients")), "{again:?}");
    assert_eq!(store.client_secrets("c1").await.unwrap().len(), 1);
    let taken = store.add_client(client("c2"), Some(secret("s1", "c2", None)), audited()).await;
    assert!(matches!(&taken, Err(StoreError::Conflict(what)) if what.contains("client_secrets")), "{taken:?}");
    assert!(store.client("c2").await.unwrap().is_none());
    let dangling = store.add_client(client("c3"), Some(secret("s3", "nobody", None)), audited()).await;
    assert!(matches!(dangling, Err(StoreError::Dangling)), "{dangling:?}");
    assert!(store.client("c3").await.unwrap().is_none());
}

async fn of_two_that_add_one_client_one_does(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    let racers =
        (0..8).map(|number| {
            let store = nodes[number % 2].clone();
            async move {
                store.add_client(client("c1"), Some(secret(&number.to_string(), "c1", None)), audited()).await.is_ok()
            }
        });
    let results = race(racers.collect()).await;
    assert_eq!(count(&results, &true), 1, "{results:?}");
    assert_eq!(nodes[0].client_secrets("c1").await.unwrap().len(), 1);
}

async fn pages_follow_one_another_without_gap_or_repetition(fresh: &Fresh) {
    let store = fresh.store().await;
    let mut ids: Vec<_> = (0..7).map(|number| countersign::store::new_id(NOW.plus(number))).collect();
    for id in ids.iter().rev() {
        store.add_client(client(id), None, audited()).await.unwrap();
    }
    // The one that is built in.
    ids.push("first-party".to_owned());
    let mut found = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let page = store.clients(found.last().map(String::as_str), 3).await.unwrap();
        sizes.push(page.len());
        found.extend(page.into_iter().map(|row| row.id));
        if sizes.last() == Some(&0) {
            break;
        }
    }
    assert_eq!(sizes, [3, 3, 2, 0]);
    assert_eq!(found, ids);
}

async fn disabling_and_enabling_says_whether_there_was_a_client(fresh: &Fresh) {
    let store = fresh.store().await;
    store.add_client(client("c1"), None, audited()).await.unwrap();
    store.add_client(client("c2"), None, audited()).await.unwrap();
    assert!(store.set_client_disabled("c1".to_owned(), Some(NOW), audited()).await.unwrap());
    assert_eq!(store.client("c1").await.unwrap().unwrap().disabled_at, Some(NOW));
    assert_eq!(store.client("c2").await.unwrap().unwrap().disabled_at, None);
    assert!(store.set_client_disabled("c1".to_owned(), None, audited()).await.unwrap());
    assert_eq!(store.client("c1").await.unwrap().unwrap().disabled_at, None);
    assert!(!store.set_client_disabled("nobody".to_owned(), Some(NOW), audited()).await.unwrap());
}

async fn a_client_that_was_changed_meanwhile_is_not_removed_as_it_was(fresh: &Fresh) {
    let store = fresh.store().await;
    store.add_client(client("c1"), None, audited()).await.unwrap();
    let seen = store.client("c1").await.unwrap().unwrap();
    store.set_client_disabled("c1".to_owned(), Some(NOW), audited()).await.unwrap();
    assert!(!store.delete_unchanged_client(seen, audited()).await.unwrap());
    let seen = store.client("c1").await.unwrap().unwrap();
    assert!(store.delete_unchanged_client(seen.clone(), audited()).await.unwrap());
    assert!(!store.delete_unchanged_client(seen, audited()).await.unwrap());
    assert!(store.client("c1").await.unwrap().is_none());
}

async fn a_deleted_client_takes_its_secrets_along(fresh: &Fresh) {
    let store = fresh.store().await;
    store.add_client(client("c1"), Some(secret("s1", "c1", None)), audited()).await.unwrap();
    store.add_client(client("c2"), Some(secret("s2", "c2", None)), audited()).await.unwrap();
    assert!(store.delete_client("c1".to_owned(), audited()).await.unwrap());
    assert!(!store.delete_client("c1".to_owned(), audited()).await.unwrap());
    assert!(store.client("c1").await.unwrap().is_none());
    assert_eq!(store.client_secrets("c1").await.unwrap().len(), 0);
    assert_eq!(store.client_secrets("c2").await.unwrap().len(), 1);
    // Nothing of it is left, so the same ids may be used again.
    store.add_client(client("c1"), Some(secret("s1", "c1", None)), audited()).await.unwrap();
}

async fn a_new_secret_shortens_the_others_but_lengthens_none(fresh: &Fresh) {
    let store = fresh.store().await;
    let expiries = async |store: &countersign::store::Store| {
        let secrets = store.client_secrets("c1").await.unwrap();
        secrets.into_iter().map(|secret| (secret.id, secret.expires_at)).collect::<Vec<_>>()
    };
    let (soon, later) = (Some(NOW.plus(10)), Some(NOW.plus(1000)));
    store.add_client(client("c1"), Some(secret("s1", "c1", None)), audited()).await.unwrap();
    store.add_client(client("c2"), Some(secret("other", "c2", None)), audited()).await.unwrap();
    store.add_client_secret(secret("s2", "c1", soon), None, audited()).await.unwrap();
    store.add_client_secret(secret("s3", "c1", later), None, audited()).await.unwrap();
    let name = |id: &str| id.to_owned();
    assert_eq!(expiries(&store).await, [(name("s1"), None), (name("s2"), soon), (name("s3"), later)]);

    let end = Some(NOW.plus(100));
    store.add_client_secret(secret("s4", "c1", None), end, audited()).await.unwrap();
    let expected = [(name("s1"), end), (name("s2"), soon), (name("s3"), end), (name("s4"), None)];
    assert_eq!(expiries(&store).await, expected);
    assert_eq!(store.client_secrets("c2").await.unwrap()[0].expires_at, None);

    // One that cannot be added ends none of the others.
    assert!(store.add_client_secret(secret("s4", "c1", None), Some(NOW), audited()).await.is_err());
    assert_eq!(expiries(&store).await, expected);
    let dangling = store.add_client_secret(secret("s5", "nobody", None), None, audited()).await;
    assert!(matches!(dangling, Err(StoreError::Dangling)), "{dangling:?}");
}

async fn a_secret_is_ended_for_its_own_client_only(fresh: &Fresh) {
    let store = fresh.store().await;
    store.add_client(client("c1"), Some(secret("s1", "c1", None)), audited()).await.unwrap();
    store.add_client(client("c2"), Some(secret("s2", "c2", None)), audited()).await.unwrap();
    let delete =
        async |client: &str, id: &str| store.delete_client_secret(client.into(), id.into(), audited()).await.unwrap();
    assert!(!delete("c2", "s1").await);
    assert!(delete("c1", "s1").await);
    assert!(!delete("c1", "s1").await);
    assert_eq!(store.client_secrets("c2").await.unwrap().len(), 1);
}

async fn every_change_of_a_client_raises_its_generation(fresh: &Fresh) {
    let store = fresh.store().await;
    let added = raised(&store, async || store.add_client(client("c1"), None, audited()).await.unwrap()).await;
    assert_eq!(added, CLIENTS);
    let refused =
        raised(&store, async || assert!(store.add_client(client("c1"), None, audited()).await.is_err())).await;
    assert_eq!(refused, NONE);
    let disabled = raised(&store, async || {
        store.set_client_disabled("c1".to_owned(), Some(NOW), audited()).await.unwrap();
    });
    assert_eq!(disabled.await, CLIENTS);
    // Its introspectors go with it, so the resources change too.
    let deleted = raised(&store, async || {
        store.delete_client("c1".to_owned(), audited()).await.unwrap();
    });
    assert_eq!(deleted.await, countersign::store::generations::Generations { resources: 1, ..CLIENTS });
}
