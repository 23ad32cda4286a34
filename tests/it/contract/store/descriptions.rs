//! `scopes`, `resources` and `resource_introspectors`.

use countersign::store::StoreError;
use countersign::store::generations::Generations;
use countersign::store::resources::ResourceRow;
use countersign::store::scopes::ScopeRow;

use super::{NONE, RESOURCES, SCOPES, client, raised};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::audited;

on_both_databases! {
    the_built_in_scopes_are_there_and_stay
    a_scope_comes_back_as_it_was_stored_and_goes_once
    of_many_that_add_one_scope_one_does
    a_resource_is_made_and_replaced_by_the_same_call
    an_introspector_that_is_no_client_changes_nothing
    a_deleted_resource_or_client_takes_the_introspectors_along
    every_change_of_a_description_raises_its_generation
}

fn scope(name: &str) -> ScopeRow {
    let description = format!("Use {name}");
    ScopeRow {
        name: name.to_owned(),
        description,
        built_in: false,
        identity: false,
        registrable: false,
        created_at: NOW,
    }
}

fn resource(uri: &str, scopes: &str, introspectors: &[&str]) -> ResourceRow {
    let introspectors = introspectors.iter().map(ToString::to_string).collect();
    ResourceRow { uri: uri.to_owned(), scopes: scopes.to_owned(), introspectors }
}

/// How many scopes there are from the beginning.
pub const BUILT_IN: usize = 14;

async fn the_built_in_scopes_are_there_and_stay(fresh: &Fresh) {
    let store = fresh.store().await;
    let scopes = store.scopes().await.unwrap();
    let names = |identity: bool| {
        let those = scopes.iter().filter(move |scope| scope.identity == identity);
        those.map(|scope| scope.name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(names(true), ["address", "email", "offline_access", "openid", "phone", "profile"]);
    let admin =
        ["admin:audit", "admin:clients", "admin:keys", "admin:roles", "admin:scopes", "admin:upstreams", "admin:users"];
    assert_eq!(names(false), [&["account"], &admin[..]].concat());
    assert!(scopes.iter().all(|scope| scope.built_in && !scope.description.is_empty()));
    for name in ["openid", "account"] {
        assert!(!store.delete_scope(name.to_owned(), audited()).await.unwrap());
    }
    assert_eq!(store.scopes().await.unwrap().len(), BUILT_IN);
}

async fn a_scope_comes_back_as_it_was_stored_and_goes_once(fresh: &Fresh) {
    let store = fresh.store().await;
    store.add_scope(scope("invoices:read"), audited()).await.unwrap();
    let scopes = store.scopes().await.unwrap();
    let found = scopes.iter().find(|scope| scope.name == "invoices:read").unwrap();
    assert_eq!((found.description.as_str(), found.built_in, found.created_at), ("Use invoices:read", false, NOW));
    assert!(store.delete_scope("invoices:read".to_owned(), audited()).await.unwrap());
    assert!(!store.delete_scope("invoices:read".to_owned(), audited()).await.unwrap());
    assert_eq!(store.scopes().await.unwrap().len(), BUILT_IN);
}

async fn of_many_that_add_one_scope_one_does(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    let racers = (0..8).map(|number| {
        let store = nodes[number % 2].clone();
        async move {
            match store.add_scope(scope("a"), audited()).await {
                Ok(()) => "added",
                Err(StoreError::Conflict(_)) => "conflict",
                Err(_) => "broken",
            }
        }
    });
    let results = race(racers.collect()).await;
    assert_eq!((count(&results, &"added"), count(&results, &"conflict")), (1, 7), "{results:?}");
}

async fn a_resource_is_made_and_replaced_by_the_same_call(fresh: &Fresh) {
    let store = fresh.store().await;
    for id in ["c1", "c2", "c3"] {
        store.add_client(client(id), None, audited()).await.unwrap();
    }
    let other = resource("https://b.example", "", &["c1"]);
    store.set_resource(other.clone(), NOW, audited()).await.unwrap();
    // Who is named twice introspects once.
    store.set_resource(resource("https://a.example", "x y", &["c2", "c1", "c2"]), NOW, audited()).await.unwrap();
    let first = resource("https://a.example", "x y", &["c1", "c2"]);
    assert_eq!(store.resources().await.unwrap(), [first, other.clone()]);
    let second = resource("https://a.example", "", &["c3"]);
    store.set_resource(second.clone(), NOW, audited()).await.unwrap();
    assert_eq!(store.resources().await.unwrap(), [second, other.clone()]);
    let none = resource("https://a.example", "z", &[]);
    store.set_resource(none.clone(), NOW, audited()).await.unwrap();
    assert_eq!(store.resources().await.unwrap(), [none, other]);
}

async fn an_introspector_that_is_no_client_changes_nothing(fresh: &Fresh) {
    let store = fresh.store().await;
    store.add_client(client("c1"), None, audited()).await.unwrap();
    let good = resource("https://a.example", "x", &["c1"]);
    store.set_resource(good.clone(), NOW, audited()).await.unwrap();
    let bad = store.set_resource(resource("https://a.example", "y", &["nobody"]), NOW, audited()).await;
    assert!(matches!(bad, Err(StoreError::Dangling)), "{bad:?}");
    let bad = store.set_resource(resource("https://b.example", "y", &["nobody"]), NOW, audited()).await;
    assert!(matches!(bad, Err(StoreError::Dangling)), "{bad:?}");
    assert_eq!(store.resources().await.unwrap(), [good]);
}

async fn a_deleted_resource_or_client_takes_the_introspectors_along(fresh: &Fresh) {
    let store = fresh.store().await;
    store.add_client(client("c1"), None, audited()).await.unwrap();
    store.add_client(client("c2"), None, audited()).await.unwrap();
    store.set_resource(resource("https://a.example", "", &["c1", "c2"]), NOW, audited()).await.unwrap();
    store.delete_client("c1".to_owned(), audited()).await.unwrap();
    assert_eq!(store.resources().await.unwrap(), [resource("https://a.example", "", &["c2"])]);
    assert!(store.delete_resource("https://a.example".to_owned(), audited()).await.unwrap());
    assert!(!store.delete_resource("https://a.example".to_owned(), audited()).await.unwrap());
    assert_eq!(store.resources().await.unwrap(), []);
    assert!(store.client("c2").await.unwrap().is_some());
}

async fn every_change_of_a_description_raises_its_generation(fresh: &Fresh) {
    let store = fresh.store().await;
    assert_eq!(raised(&store, async || store.add_scope(scope("a"), audited()).await.unwrap()).await, SCOPES);
    assert_eq!(raised(&store, async || assert!(store.add_scope(scope("a"), audited()).await.is_err())).await, NONE);
    assert_eq!(
        raised(&store, async || assert!(store.delete_scope("a".into(), audited()).await.unwrap())).await,
        // Roles may have given it.
        Generations { roles: 1, ..SCOPES }
    );
    let set = async |introspectors: &[&str]| {
        store.set_resource(resource("https://a.example", "", introspectors), NOW, audited()).await
    };
    assert_eq!(raised(&store, async || set(&[]).await.unwrap()).await, RESOURCES);
    assert_eq!(raised(&store, async || assert!(set(&["nobody"]).await.is_err())).await, NONE);
    let deleted =
        raised(&store, async || assert!(store.delete_resource("https://a.example".into(), audited()).await.unwrap()));
    assert_eq!(deleted.await, RESOURCES);
}
