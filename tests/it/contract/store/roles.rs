//! `roles` and `role_scopes`.

use countersign::store::StoreError;
use countersign::store::roles::{RoleSet, RoleSetting};
use countersign::store::scopes::ScopeRow;
use countersign::store::users::NewUser;

use super::users::{add, new_user};
use super::{NONE, ROLES, raised};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::{amendment, audited};

on_both_databases! {
    everybody_and_the_administrator_are_there_and_stay
    a_role_is_made_and_replaced_by_the_same_call
    a_role_of_a_scope_that_is_not_there_changes_nothing
    of_many_that_change_one_role_one_does
    a_role_or_a_scope_that_goes_is_taken_from_all_who_have_it
    every_change_of_a_role_raises_its_generation
    what_is_changed_and_removed_at_once_is_never_broken
}

fn setting(name: &str, scopes: &[&str]) -> RoleSetting {
    let scopes = scopes.iter().map(ToString::to_string).collect();
    RoleSetting { name: name.to_owned(), description: None, scopes, from_version: None }
}

async fn scope(store: &countersign::store::Store, name: &str) {
    let row = ScopeRow {
        name: name.to_owned(),
        description: String::new(),
        built_in: false,
        identity: false,
        registrable: false,
        created_at: NOW,
    };
    store.add_scope(row, audited()).await.unwrap();
}

async fn everybody_and_the_administrator_are_there_and_stay(fresh: &Fresh) {
    let store = fresh.store().await;
    let roles = store.roles().await.unwrap();
    let [admin, user] = roles.as_slice() else { panic!("{roles:?}") };
    assert_eq!((user.name.as_str(), user.scopes.as_slice()), ("user", &["account".to_owned()][..]));
    let all =
        ["admin:audit", "admin:clients", "admin:keys", "admin:roles", "admin:scopes", "admin:upstreams", "admin:users"];
    assert_eq!((admin.name.as_str(), admin.scopes.as_slice()), ("admin", &all.map(str::to_owned)[..]));
    for role in &roles {
        assert!(role.built_in && role.version == 1 && !role.description.is_empty(), "{role:?}");
        assert!(!store.delete_role(role.name.clone(), None, audited()).await.unwrap());
    }
    assert_eq!(store.roles().await.unwrap(), roles);
}

async fn a_role_is_made_and_replaced_by_the_same_call(fresh: &Fresh) {
    let store = fresh.store().await;
    scope(&store, "read").await;
    let set = async |setting| store.set_role(setting, audited(), NOW).await.unwrap();
    let described = RoleSetting { description: Some("Reads".to_owned()), ..setting("reader", &["read", "read"]) };
    assert_eq!(set(described).await, RoleSet::Created);
    let made = store.role("reader").await.unwrap().unwrap();
    assert_eq!((made.description.as_str(), made.built_in, made.version), ("Reads", false, 1));
    assert_eq!(made.scopes, ["read"], "each once");
    assert_eq!(set(setting("reader", &["account", "openid"])).await, RoleSet::Replaced);
    let made = store.role("reader").await.unwrap().unwrap();
    assert_eq!((made.description.as_str(), made.version), ("Reads", 2));
    assert_eq!(made.scopes, ["account", "openid"]);
    assert_eq!(set(setting("user", &[])).await, RoleSet::Replaced, "also a built-in one");
    assert!(store.role("Reader").await.unwrap().is_none());
    for (from_version, expected) in [(0, RoleSet::Overtaken), (1, RoleSet::Overtaken), (2, RoleSet::Replaced)] {
        let changed = RoleSetting { from_version: Some(from_version), ..setting("reader", &[]) };
        assert_eq!(set(changed).await, expected, "from {from_version}");
    }
    let unknown = RoleSetting { from_version: Some(1), ..setting("another", &[]) };
    assert_eq!(set(unknown).await, RoleSet::Overtaken, "it is gone");
}

async fn a_role_of_a_scope_that_is_not_there_changes_nothing(fresh: &Fresh) {
    let store = fresh.store().await;
    let before = store.roles().await.unwrap();
    for name in ["reader", "user"] {
        let refused = store.set_role(setting(name, &["openid", "no-such-scope"]), audited(), NOW).await;
        assert!(matches!(refused, Err(StoreError::Dangling)), "{refused:?}");
    }
    assert_eq!(store.roles().await.unwrap(), before);
}

async fn of_many_that_change_one_role_one_does(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    for (from_version, done) in [(0, RoleSet::Created), (1, RoleSet::Replaced), (2, RoleSet::Replaced)] {
        let racers = (0..12).map(|number| {
            let store = nodes[number % 2].clone();
            let setting = RoleSetting { from_version: Some(from_version), ..setting("reader", &["openid"]) };
            async move { store.set_role(setting, audited(), NOW).await.expect("losing is an answer") }
        });
        let results = race(racers.collect()).await;
        let counted = (count(&results, &done), count(&results, &RoleSet::Overtaken));
        assert_eq!(counted, (1, 11), "from {from_version}: {results:?}");
    }
}

async fn a_role_or_a_scope_that_goes_is_taken_from_all_who_have_it(fresh: &Fresh) {
    let store = fresh.store().await;
    for name in ["read", "write"] {
        scope(&store, name).await;
    }
    store.set_role(setting("reader", &["read", "write"]), audited(), NOW).await.unwrap();
    add(&store, NewUser { roles: vec!["reader".to_owned(), "admin".to_owned()], ..new_user("u1") }).await;
    let deleted = raised(&store, async || assert!(store.delete_scope("write".to_owned(), audited()).await.unwrap()));
    let deleted = deleted.await;
    assert_eq!((deleted.scopes, deleted.roles), (1, 1), "what roles give has changed");
    assert_eq!(store.role("reader").await.unwrap().unwrap().scopes, ["read"]);
    let seen = store.role("reader").await.unwrap().unwrap().version;
    store.set_role(setting("reader", &["read"]), audited(), NOW).await.unwrap();
    assert!(!store.delete_role("reader".to_owned(), Some(seen), audited()).await.unwrap(), "it was changed meanwhile");
    assert!(store.delete_role("reader".to_owned(), Some(seen + 1), audited()).await.unwrap());
    assert!(!store.delete_role("reader".to_owned(), None, audited()).await.unwrap());
    assert_eq!(store.roles_of("u1").await.unwrap(), ["admin"]);
}

async fn every_change_of_a_role_raises_its_generation(fresh: &Fresh) {
    let store = fresh.store().await;
    let set = async |scopes: &[&str]| store.set_role(setting("reader", scopes), audited(), NOW).await;
    assert_eq!(raised(&store, async || assert!(set(&[]).await.is_ok())).await, ROLES);
    assert_eq!(raised(&store, async || assert!(set(&["openid"]).await.is_ok())).await, ROLES);
    assert_eq!(raised(&store, async || assert!(set(&["nothing"]).await.is_err())).await, NONE);
    let deleted =
        raised(&store, async || assert!(store.delete_role("reader".to_owned(), None, audited()).await.unwrap()));
    assert_eq!(deleted.await, ROLES);
}

/// Those who wait for each other are told to come back, at worst.
async fn what_is_changed_and_removed_at_once_is_never_broken(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    add(&nodes[0], new_user("u1")).await;
    for _ in 0..6 {
        scope(&nodes[0], "read").await;
        nodes[0].set_role(setting("reader", &["read"]), audited(), NOW).await.unwrap();
        let racers = (0..12).map(|number| {
            let store = nodes[number % 2].clone();
            async move {
                let mut roles = amendment("u1", NOW);
                roles.roles = Some(vec!["reader".to_owned()]);
                match number % 6 {
                    0 => store.delete_scope("read".to_owned(), audited()).await.err(),
                    1 => store.delete_role("reader".to_owned(), None, audited()).await.err(),
                    2 => store.amend_user(roles).await.err(),
                    _ => store.set_role(setting("reader", &["read", "openid"]), audited(), NOW).await.err(),
                }
            }
        });
        for error in race(racers.collect()).await.into_iter().flatten() {
            assert!(matches!(error, StoreError::Dangling) || error.is_passing(), "{error:?}");
        }
        nodes[1].delete_scope("read".to_owned(), audited()).await.unwrap();
    }
}
