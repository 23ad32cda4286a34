//! What ends something, as it is read at every use.

use countersign::store::revoked_tokens::RevokedToken;
use countersign::store::signing_keys::{SigningKeyRow, Succession};
use countersign::store::vitals::TokenLifeline;

use super::{client, hash, secret};
use crate::contract::database::Fresh;
use crate::contract::{NOW, on_both_databases, race};
use crate::harness::audited;

on_both_databases! {
    a_client_is_known_by_its_secrets_and_its_state
    a_token_dies_with_whatever_it_depends_on
    those_who_ask_at_one_moment_get_each_their_own_answer
    nobody_gets_an_answer_that_is_older_than_the_question
}

async fn a_client_is_known_by_its_secrets_and_its_state(fresh: &Fresh) {
    let (store, other) = (fresh.store().await, fresh.store().await);
    assert!(store.client_vitals("c1").await.unwrap().is_none());
    store.add_client(client("c1"), None, audited()).await.unwrap();
    store.add_client(client("c2"), Some(secret("foreign", "c2", None)), audited()).await.unwrap();
    let bare = other.client_vitals("c1").await.unwrap().unwrap();
    assert!(!bare.disabled && bare.secrets.is_empty());

    store.add_client_secret(secret("s1", "c1", None), None, audited()).await.unwrap();
    store.add_client_secret(secret("s2", "c1", Some(NOW)), None, audited()).await.unwrap();
    store.set_client_disabled("c1".to_owned(), Some(NOW), audited()).await.unwrap();
    let mut found = other.client_vitals("c1").await.unwrap().unwrap();
    found.secrets.sort_by_key(|(_, expires)| *expires);
    assert!(found.disabled);
    let [(first, None), (second, Some(NOW))] = found.secrets.as_slice() else { panic!("{found:?}") };
    assert!(first.matches(&hash("s1")) && second.matches(&hash("s2")) && !second.matches(&hash("s1")));

    store.delete_client("c1".to_owned(), audited()).await.unwrap();
    assert!(other.client_vitals("c1").await.unwrap().is_none());
}

fn key(kid: &str, phase: &str) -> SigningKeyRow {
    SigningKeyRow {
        kid: kid.to_owned(),
        algorithm: "RS256".to_owned(),
        phase: phase.to_owned(),
        origin: "generated".to_owned(),
        public_jwk: "public".to_owned(),
        sealed: None,
        created_at: NOW,
        activated_at: None,
        retiring_at: None,
        ended_at: None,
        covers_until: NOW,
    }
}

async fn a_token_dies_with_whatever_it_depends_on(fresh: &Fresh) {
    // What one node ends is dead on the other one.
    let (store, other) = (fresh.store().await, fresh.store().await);
    let lives = async |jti: &str, client: &str, kid: &str| {
        let (jti, client_id, kid) = (jti.to_owned(), client.to_owned(), kid.to_owned());
        other.token_lives(TokenLifeline { jti, client_id, kid }).await.unwrap()
    };
    store.add_client(client("c1"), None, audited()).await.unwrap();
    store.add_client(client("c2"), None, audited()).await.unwrap();
    store.add_signing_key(key("k1", "active"), None).await.unwrap();
    store.add_signing_key(key("k2", "next"), None).await.unwrap();
    assert!(lives("t1", "c1", "k1").await);
    assert!(!lives("t1", "nobody", "k1").await);
    assert!(!lives("t1", "c1", "nobody").await);

    let (jti, client_id) = ("t1".to_owned(), "c1".to_owned());
    let row = RevokedToken { jti, client_id, revoked_at: NOW, expires_at: NOW.plus(60) };
    store.revoke_token(row, audited()).await.unwrap();
    assert!(!lives("t1", "c1", "k1").await);
    assert!(lives("t2", "c1", "k1").await);

    store.set_client_disabled("c1".to_owned(), Some(NOW), audited()).await.unwrap();
    assert!(!lives("t2", "c1", "k1").await);
    assert!(lives("t2", "c2", "k1").await);
    store.set_client_disabled("c1".to_owned(), None, audited()).await.unwrap();
    assert!(lives("t2", "c1", "k1").await);

    let keys = Succession { active: Some("k1".to_owned()), next: "k2".to_owned() };
    store.withdraw_signing_key(keys, NOW, audited()).await.unwrap();
    assert!(!lives("t2", "c1", "k1").await);
    assert!(lives("t2", "c1", "k2").await);
    store.delete_client("c1".to_owned(), audited()).await.unwrap();
    assert!(!lives("t2", "c1", "k2").await);
}

async fn those_who_ask_at_one_moment_get_each_their_own_answer(fresh: &Fresh) {
    let store = fresh.store().await;
    store.add_signing_key(key("k1", "active"), None).await.unwrap();
    for number in 0..30 {
        let id = number.to_string();
        store.add_client(client(&id), Some(secret(&id, &id, Some(NOW.plus(number)))), audited()).await.unwrap();
        let disabled_at = (number % 3 == 0).then_some(NOW);
        store.set_client_disabled(id, disabled_at, audited()).await.unwrap();
    }
    // Every question twice, and ten about clients that are not there.
    let racers = (0..80).map(|number| {
        let (store, id) = (store.clone(), (number % 40).to_string());
        async move {
            let (jti, client_id, kid) = (format!("t{number}"), id.clone(), "k1".to_owned());
            let vitals = store.client_vitals(&id).await.unwrap();
            (vitals, store.token_lives(TokenLifeline { jti, client_id, kid }).await.unwrap())
        }
    });
    for (number, (vitals, lives)) in race(racers.collect()).await.into_iter().enumerate() {
        let number = i64::try_from(number % 40).unwrap();
        assert_eq!(vitals.is_some(), number < 30, "{number}");
        assert_eq!(lives, number < 30 && number % 3 != 0, "{number}");
        let Some(vitals) = vitals else { continue };
        assert_eq!(vitals.disabled, number % 3 == 0, "{number}");
        let [(found, Some(end))] = vitals.secrets.as_slice() else { panic!("{vitals:?}") };
        assert!(found.matches(&hash(&number.to_string())) && *end == NOW.plus(number), "{number}");
    }
}

async fn nobody_gets_an_answer_that_is_older_than_the_question(fresh: &Fresh) {
    let store = fresh.store().await;
    store.add_client(client("c1"), None, audited()).await.unwrap();
    store.add_signing_key(key("k1", "active"), None).await.unwrap();
    let token = |jti: &str| TokenLifeline { jti: jti.to_owned(), client_id: "c1".to_owned(), kid: "k1".to_owned() };
    // Others ask the same thing all the time, so that there is always a query under way to be joined.
    let others: Vec<_> = (0..6)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                loop {
                    store.token_lives(token("t0")).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for number in 0..100 {
        let jti = format!("t{number}");
        assert!(store.token_lives(token(&jti)).await.unwrap(), "{jti}");
        let client_id = "c1".to_owned();
        let row = RevokedToken { jti: jti.clone(), client_id, revoked_at: NOW, expires_at: NOW.plus(60) };
        store.revoke_token(row, audited()).await.unwrap();
        assert!(!store.token_lives(token(&jti)).await.unwrap(), "{jti}");
    }
    others.iter().for_each(tokio::task::JoinHandle::abort);
}
