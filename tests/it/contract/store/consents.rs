//! `consents`.

use countersign::store::consents::ConsentRow;

use super::client;
use super::users::{add, new_user};
use crate::contract::database::Fresh;
use crate::contract::{NOW, on_both_databases, race};
use crate::harness::audited;

on_both_databases! {
    a_consent_is_of_one_user_for_one_client
    a_consent_takes_the_place_of_the_one_before
    of_many_that_consent_at_once_one_row_is_left
    a_consent_goes_with_its_user_and_with_its_client
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
