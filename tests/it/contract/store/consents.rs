//! `consents`.

use countersign::store::codes::CodeRow;
use countersign::store::consents::ConsentRow;
use countersign::store::grants::{GrantRow, SignIn};

use super::client;
use super::codes::code;
use super::grants::grant;
use super::sessions;
use super::users::{add, new_user};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::audited;

on_both_databases! {
    a_consent_is_of_one_user_for_one_client
    a_consent_takes_the_place_of_the_one_before
    of_many_that_consent_at_once_one_row_is_left
    a_consent_goes_with_its_user_and_with_its_client
    what_a_user_allowed_is_listed_page_by_page
    what_is_withdrawn_ends_all_that_came_of_it
    of_many_that_withdraw_one_has_done_it
}

fn consent(user: &str, client: &str, scope: &str) -> ConsentRow {
    ConsentRow {
        user_id: user.to_owned(),
        client_id: client.to_owned(),
        scope: scope.to_owned(),
        created_at: NOW,
        updated_at: NOW,
    }
}

async fn peopled(fresh: &Fresh) -> countersign::store::Store {
    let store = fresh.store().await;
    for id in ["c1", "c2"] {
        store.add_client(client(id), None, audited()).await.unwrap();
    }
    for id in ["u1", "u2"] {
        add(&store, new_user(id)).await;
    }
    store
}

async fn a_consent_is_of_one_user_for_one_client(fresh: &Fresh) {
    let store = peopled(fresh).await;
    store.set_consent(consent("u1", "c1", "openid email"), audited()).await.unwrap();
    let found = store.consent("u1", "c1").await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", consent("u1", "c1", "openid email")));
    for (user, client) in [("u1", "c2"), ("u2", "c1"), ("c1", "u1")] {
        assert!(store.consent(user, client).await.unwrap().is_none(), "{user} {client}");
    }
    for (user, client) in [("nobody", "c1"), ("u1", "nobody")] {
        assert!(store.set_consent(consent(user, client, "openid"), audited()).await.is_err(), "{user} {client}");
    }
}

async fn a_consent_takes_the_place_of_the_one_before(fresh: &Fresh) {
    let store = peopled(fresh).await;
    store.set_consent(consent("u1", "c1", "openid"), audited()).await.unwrap();
    let later = NOW.plus(100);
    let wider = ConsentRow { created_at: later, updated_at: later, ..consent("u1", "c1", "openid email") };
    store.set_consent(wider, audited()).await.unwrap();
    let found = store.consent("u1", "c1").await.unwrap().unwrap();
    assert_eq!((found.scope.as_str(), found.created_at, found.updated_at), ("openid email", NOW, later));
}

async fn of_many_that_consent_at_once_one_row_is_left(fresh: &Fresh) {
    let store = peopled(fresh).await;
    let racers = (0..8).map(|_| {
        let store = store.clone();
        async move { store.set_consent(consent("u1", "c1", "openid"), audited()).await.unwrap() }
    });
    race(racers.collect()).await;
    assert_eq!(fresh.raw().await.texts("SELECT scope FROM consents").await, ["openid"]);
}

async fn a_consent_goes_with_its_user_and_with_its_client(fresh: &Fresh) {
    let store = peopled(fresh).await;
    for (user, client) in [("u1", "c1"), ("u1", "c2"), ("u2", "c1"), ("u2", "c2")] {
        store.set_consent(consent(user, client, "openid"), audited()).await.unwrap();
    }
    store.erase_user("u1".to_owned(), None, audited()).await.unwrap();
    store.delete_client("c1".to_owned(), audited()).await.unwrap();
    let left = fresh.raw().await.texts("SELECT user_id || ' ' || client_id FROM consents").await;
    assert_eq!(left, ["u2 c2"]);
}

async fn what_a_user_allowed_is_listed_page_by_page(fresh: &Fresh) {
    let store = peopled(fresh).await;
    store.add_client(client("c3"), None, audited()).await.unwrap();
    for (user, client) in [("u1", "c3"), ("u1", "c1"), ("u2", "c2"), ("u1", "c2")] {
        store.set_consent(consent(user, client, "openid"), audited()).await.unwrap();
    }
    let listed = async |user: &str, after: Option<&str>, limit: i64| {
        let rows = store.consents_of(user, after, limit).await.unwrap();
        assert!(rows.iter().all(|row| row.user_id == user && row.scope == "openid"), "{rows:?}");
        rows.into_iter().map(|row| row.client_id).collect::<Vec<_>>()
    };
    assert_eq!(listed("u1", None, 10).await, ["c1", "c2", "c3"]);
    assert_eq!(listed("u1", None, 2).await, ["c1", "c2"]);
    assert_eq!(listed("u1", Some("c2"), 2).await, ["c3"]);
    assert_eq!(listed("u2", None, 10).await, ["c2"]);
    assert_eq!(listed("nobody", None, 10).await, Vec::<String>::new());
}

async fn what_is_withdrawn_ends_all_that_came_of_it(fresh: &Fresh) {
    let store = peopled(fresh).await;
    for user in ["u1", "u2"] {
        sessions::open(&store, user, user).await;
        for client in ["c1", "c2"] {
            store.set_consent(consent(user, client, "openid"), audited()).await.unwrap();
            let id = format!("{user} {client}");
            let own = code(&id, user);
            let (user_id, client_id) = (user.to_owned(), client.to_owned());
            let row = CodeRow { user_id, client_id: client_id.clone(), ..own };
            assert!(store.add_code(row, NOW).await.unwrap());
            let sign_in = SignIn { epoch: 1, ends_others: false, upgraded: None, spends: None };
            let row = GrantRow { client_id, ..grant(&id, user) };
            assert!(store.open_grant(row, sign_in, audited(), NOW).await.unwrap());
        }
    }
    let withdraw = async |user: &str, client: &str| {
        store.withdraw_consent(user.to_owned(), client.to_owned(), audited(), NOW.plus(5)).await.unwrap()
    };
    assert!(!withdraw("u1", "nobody").await && !withdraw("nobody", "c1").await);
    assert!(withdraw("u1", "c1").await && !withdraw("u1", "c1").await, "once");
    let texts = async |query: &str| fresh.raw().await.texts(query).await;
    let others = ["u1 c2", "u2 c1", "u2 c2"];
    assert_eq!(texts("SELECT user_id || ' ' || client_id FROM consents ORDER BY 1").await, others);
    assert_eq!(texts("SELECT user_id || ' ' || client_id FROM codes ORDER BY 1").await, others);
    assert_eq!(texts("SELECT id FROM grants WHERE ended_at IS NULL ORDER BY 1").await, others);
    let ended = format!("SELECT id FROM grants WHERE ended_at = {}", NOW.plus(5).seconds());
    assert_eq!(texts(&ended).await, ["u1 c1"]);
}

async fn of_many_that_withdraw_one_has_done_it(fresh: &Fresh) {
    let store = peopled(fresh).await;
    store.set_consent(consent("u1", "c1", "openid"), audited()).await.unwrap();
    let before = fresh.raw().await.texts("SELECT act FROM audit_log").await.len();
    let racers = (0..8).map(|_| {
        let store = store.clone();
        async move { store.withdraw_consent("u1".to_owned(), "c1".to_owned(), audited(), NOW).await.unwrap() }
    });
    assert_eq!(count(&race(racers.collect()).await, &true), 1);
    assert_eq!(fresh.raw().await.texts("SELECT act FROM audit_log").await.len(), before + 1, "it is written down once");
}
