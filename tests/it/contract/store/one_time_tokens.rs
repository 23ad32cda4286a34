//! `one_time_tokens`.

use countersign::secret::{Hash, OneTimeToken};
use countersign::store::Store;
use countersign::store::one_time_tokens::{OneTimeLetter, OneTimeRow, Spent};
use countersign::store::outbox::{Delivery, OutboxRow};
use countersign::store::users::Amended;
use countersign::time::UnixTime;

use super::users::{add, new_user};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::{amendment, audited};

on_both_databases! {
    a_token_and_its_letter_come_together
    a_token_is_known_until_it_expires
    of_many_that_spend_one_token_one_does
    a_token_is_good_for_one_user_and_one_purpose
    a_spent_token_takes_the_others_of_its_purpose_along
}

pub fn hash(id: &str) -> Hash<OneTimeToken> {
    Hash::stored(id.to_owned())
}

pub fn token(id: &str, user: &str, purpose: &str, expires_at: UnixTime) -> OneTimeRow {
    OneTimeRow {
        hash: hash(id),
        user_id: user.to_owned(),
        purpose: purpose.to_owned(),
        email: format!("{user}@example.org"),
        created_at: NOW,
        expires_at,
    }
}

pub fn spent(id: &str, purpose: &str) -> Spent {
    Spent { hash: hash(id), purpose: purpose.to_owned() }
}

async fn send(store: &Store, token: OneTimeRow) {
    let letter = OutboxRow::new(token.hash.as_str().to_owned(), Delivery::Mail, "sealed".to_owned(), NOW);
    store.send_one_time_token(OneTimeLetter { token, letter }, false, audited()).await.unwrap();
}

/// Whether a token does what tokens are for.
async fn spend(store: &Store, user: &str, spent: Spent, now: UnixTime) -> bool {
    let mut change = amendment(user, now);
    change.spends = Some(spent);
    match store.amend_user(change).await.expect("a refusal is an answer") {
        Amended::Done(_) => true,
        Amended::Overtaken => false,
        other => panic!("{other:?}"),
    }
}

async fn a_token_and_its_letter_come_together(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    send(&store, token("t1", "u1", "verify", NOW.plus(60))).await;
    for bad in [token("t1", "u1", "verify", NOW.plus(60)), token("t2", "nobody", "verify", NOW.plus(60))] {
        let letter = OutboxRow::new("another".to_owned(), Delivery::Mail, "sealed".to_owned(), NOW);
        assert!(store.send_one_time_token(OneTimeLetter { token: bad, letter }, false, audited()).await.is_err());
    }
    assert_eq!(fresh.raw().await.texts("SELECT id FROM outbox").await, ["t1"]);
}

async fn a_token_is_known_until_it_expires(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    send(&store, token("t1", "u1", "verify", NOW.plus(60))).await;
    let found = store.one_time_token(&hash("t1"), NOW.plus(59)).await.unwrap().unwrap();
    assert_eq!((found.user_id.as_str(), found.purpose.as_str()), ("u1", "verify"));
    assert_eq!((found.email.as_str(), found.expires_at), ("u1@example.org", NOW.plus(60)));
    assert!(store.one_time_token(&hash("t1"), NOW.plus(60)).await.unwrap().is_none());
    assert!(store.one_time_token(&hash("t2"), NOW).await.unwrap().is_none());
    assert!(!spend(&store, "u1", spent("t1", "verify"), NOW.plus(60)).await, "nor is it good any more");
}

async fn of_many_that_spend_one_token_one_does(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    add(&nodes[0], new_user("u1")).await;
    for round in 0..5 {
        let id = format!("t{round}");
        send(&nodes[0], token(&id, "u1", "reset", NOW.plus(60))).await;
        let racers = (0..20).map(|number| {
            let (store, spent) = (nodes[number % 2].clone(), spent(&id, "reset"));
            async move { spend(&store, "u1", spent, NOW).await }
        });
        assert_eq!(count(&race(racers.collect()).await, &true), 1);
        assert!(nodes[1].one_time_token(&hash(&id), NOW).await.unwrap().is_none());
    }
    assert_eq!(nodes[0].user("u1").await.unwrap().unwrap().version, 6, "one change for each token");
}

async fn a_token_is_good_for_one_user_and_one_purpose(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    add(&store, new_user("u2")).await;
    send(&store, token("t1", "u1", "verify", NOW.plus(60))).await;
    send(&store, token("another", "u2", "verify", NOW.plus(60))).await;
    send(&store, token("reset", "u1", "reset", NOW.plus(60))).await;
    assert!(!spend(&store, "u2", spent("t1", "verify"), NOW).await, "another user's");
    assert!(!spend(&store, "u1", spent("t1", "reset"), NOW).await, "for another purpose");
    assert!(!spend(&store, "u1", spent("t2", "verify"), NOW).await, "no token at all");
    for kept in ["t1", "another", "reset"] {
        assert!(store.one_time_token(&hash(kept), NOW).await.unwrap().is_some(), "{kept} is as good as before");
    }
    assert!(spend(&store, "u1", spent("t1", "verify"), NOW).await);
}

async fn a_spent_token_takes_the_others_of_its_purpose_along(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    add(&store, new_user("u2")).await;
    for (id, user, purpose) in
        [("t1", "u1", "reset"), ("t2", "u1", "reset"), ("t3", "u1", "verify"), ("t4", "u2", "reset")]
    {
        send(&store, token(id, user, purpose, NOW.plus(60))).await;
    }
    assert!(spend(&store, "u1", spent("t1", "reset"), NOW).await);
    let left = fresh.raw().await.texts("SELECT hash FROM one_time_tokens ORDER BY hash").await;
    assert_eq!(left, ["t3", "t4"]);
}
