//! `held_usernames`, and accounts that nobody confirmed.

use countersign::store::Store;
use countersign::store::held_usernames::{FORGOTTEN_AT_ONCE, HeldUsername};
use countersign::store::outbox::{Delivery, OutboxRow};
use countersign::store::sweep::BATCH;
use countersign::store::users::{Amended, Name, UserChange};
use countersign::time::UnixTime;

use super::users::{add, new_user};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::{amendment, audited};

on_both_databases! {
    a_held_name_is_taken_until_its_time
    a_name_is_held_with_its_letter_or_not_at_all
    of_holds_and_accounts_at_the_same_moment_one_has_the_name
    what_was_asked_for_again_is_held_longer
    an_account_that_nobody_confirmed_makes_way
    holds_and_unconfirmed_accounts_go_in_batches
    who_is_confirmed_stays
}

fn held(username: &str, expires_at: UnixTime) -> HeldUsername {
    HeldUsername { username_key: username.to_owned(), address: "a digest".to_owned(), expires_at }
}

async fn names(fresh: &Fresh) -> Vec<String> {
    fresh.raw().await.texts("SELECT username_key FROM held_usernames ORDER BY username_key").await
}

/// Adds a user at another time.
async fn adds(store: &Store, id: &str, now: UnixTime) -> Result<(), Name> {
    let mut new = new_user(id);
    new.user.created_at = now;
    store.add_user(new, audited()).await.expect("a refusal is an answer")
}

async fn waits(store: &Store, id: &str, until: UnixTime) {
    let mut new = new_user(id);
    (new.user.verified_at, new.user.unconfirmed_until) = (None, Some(until));
    add(store, new).await;
}

async fn a_held_name_is_taken_until_its_time(fresh: &Fresh) {
    let store = fresh.store().await;
    let until = NOW.plus(60);
    add(&store, new_user("ann")).await;
    assert!(store.hold_username(held("bob", until), None, audited(), NOW).await.unwrap());
    assert!(!store.hold_username(held("bob", until.plus(60)), None, audited(), NOW).await.unwrap(), "it is held");
    assert!(!store.hold_username(held("ann", until), None, audited(), NOW).await.unwrap(), "it is taken");
    let renamed = async |now: UnixTime| {
        let mut change = amendment("ann", now);
        change.change.username_key = Some("bob".to_owned());
        store.amend_user(change).await.unwrap()
    };
    for now in [NOW, until.minus(1)] {
        assert_eq!(adds(&store, "bob", now).await, Err(Name::Username));
        assert!(matches!(renamed(now).await, Amended::Taken(Name::Username)));
    }
    assert_eq!(names(fresh).await, ["bob"]);
    assert_eq!(adds(&store, "bob", until).await, Ok(()));
    assert!(names(fresh).await.is_empty(), "a name is a user's or held");
    assert!(matches!(renamed(until).await, Amended::Taken(Name::Username)));
    assert!(store.hold_username(held("cem", until), None, audited(), NOW).await.unwrap());
    assert!(store.hold_username(held("cem", until.plus(9)), None, audited(), until).await.unwrap(), "and held anew");
}

async fn a_name_is_held_with_its_letter_or_not_at_all(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("ann")).await;
    let letter = |id: &str| Some(OutboxRow::new(id.to_owned(), Delivery::Mail, "sealed".to_owned(), NOW));
    assert!(store.hold_username(held("bob", NOW.plus(1)), letter("l1"), audited(), NOW).await.unwrap());
    assert!(!store.hold_username(held("bob", NOW.plus(1)), letter("l2"), audited(), NOW).await.unwrap());
    assert!(!store.hold_username(held("ann", NOW.plus(1)), letter("l3"), audited(), NOW).await.unwrap());
    assert_eq!(fresh.raw().await.texts("SELECT id FROM outbox").await, ["l1"]);
    let records = "SELECT id FROM audit_log WHERE act = 'client_updated'";
    assert_eq!(fresh.raw().await.texts(records).await.len(), 2, "one of the account, one of the name");
    assert_eq!(names(fresh).await, ["bob"]);
}

async fn of_holds_and_accounts_at_the_same_moment_one_has_the_name(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    for round in 0..5 {
        let wanted = format!("wanted{round}");
        let racers = (0..16).map(|number| {
            let (store, wanted) = (nodes[number % 2].clone(), wanted.clone());
            async move {
                if number % 4 < 2 {
                    return store
                        .hold_username(held(&wanted, NOW.plus(60)), None, audited(), NOW)
                        .await
                        .expect("an answer");
                }
                let mut new = new_user(&format!("{round} {number}"));
                new.user.username_key = wanted;
                store.add_user(new, audited()).await.expect("a refusal is an answer").is_ok()
            }
        });
        let results = race(racers.collect()).await;
        assert_eq!(count(&results, &true), 1, "{results:?}");
    }
}

async fn what_was_asked_for_again_is_held_longer(fresh: &Fresh) {
    let store = fresh.store().await;
    let other = HeldUsername { address: "another".to_owned(), ..held("other", NOW.plus(60)) };
    for row in [held("one", NOW.plus(60)), held("two", NOW.plus(50)), held("late", NOW.plus(9)), other] {
        assert!(store.hold_username(row, None, audited(), NOW).await.unwrap());
    }
    store.prolong_holds("a digest".to_owned(), NOW.plus(100), NOW.plus(10)).await.unwrap();
    let until = "SELECT CAST(expires_at AS TEXT) FROM held_usernames ORDER BY username_key";
    let expected = [9, 100, 60, 100].map(|seconds| NOW.plus(seconds).to_string());
    assert_eq!(fresh.raw().await.texts(until).await, expected);
}

async fn an_account_that_nobody_confirmed_makes_way(fresh: &Fresh) {
    let store = fresh.store().await;
    let until = NOW.plus(60);
    for id in ["ann", "bob"] {
        waits(&store, id, until).await;
    }
    assert!(adds(&store, "ann", until.minus(1)).await.is_err());
    let mut new = new_user("ann again");
    (new.user.username_key, new.user.created_at) = ("ann".to_owned(), until);
    add(&store, new).await;
    let mut new = new_user("bob again");
    (new.user.email_key, new.user.created_at) = ("bob@example.org".to_owned(), until);
    add(&store, new).await;
    assert!(store.user("ann").await.unwrap().is_none() && store.user("bob").await.unwrap().is_none());
    let mut raw = fresh.raw().await;
    let erased = "SELECT target_id FROM audit_log WHERE act = 'account_erased' ORDER BY target_id";
    assert_eq!(raw.texts(erased).await, ["ann", "bob"]);
    // Whose own time has passed does not make way for themselves.
    waits(&store, "cem", until).await;
    let mut change = amendment("cem", until.plus(9));
    (change.change.username_key, change.change.verified_at) = (Some("cem".to_owned()), Some(Some(until)));
    assert!(matches!(store.amend_user(change).await.unwrap(), Amended::Done(_)));
}

async fn holds_and_unconfirmed_accounts_go_in_batches(fresh: &Fresh) {
    let store = fresh.store().await;
    let mut raw = fresh.raw().await;
    let rows: Vec<_> = (0..BATCH + 7)
        .map(|number| format!("('old {number}', 'x', {})", NOW.minus(1)))
        .chain([format!("('live', 'x', {NOW})")])
        .collect();
    let insert = format!("INSERT INTO held_usernames (username_key, address, expires_at) VALUES {}", rows.join(","));
    raw.execute(&insert).await;
    let mut swept = Vec::new();
    for _ in 0..3 {
        swept.push(i64::try_from(store.sweep_held_usernames(NOW).await.unwrap()).unwrap());
    }
    assert_eq!((swept, names(fresh).await), (vec![BATCH, 7, 0], vec!["live".to_owned()]));
    for number in 0..FORGOTTEN_AT_ONCE + 3 {
        waits(&store, &format!("old{number}"), NOW.minus(1)).await;
    }
    waits(&store, "live", NOW).await;
    add(&store, new_user("ann")).await;
    let mut swept = Vec::new();
    for _ in 0..3 {
        swept.push(i64::try_from(store.sweep_unconfirmed_users(NOW, NOW).await.unwrap()).unwrap());
    }
    assert_eq!(swept, [FORGOTTEN_AT_ONCE, 3, 0]);
    assert_eq!(raw.texts("SELECT id FROM users ORDER BY id").await, ["ann", "live"]);
    let erased = "SELECT target_id FROM audit_log WHERE act = 'account_erased' AND actor_kind = 'system'";
    assert_eq!(i64::try_from(raw.texts(erased).await.len()).unwrap(), FORGOTTEN_AT_ONCE + 3);
}

async fn who_is_confirmed_stays(fresh: &Fresh) {
    let store = fresh.store().await;
    for id in ["confirmed", "named", "nobody", "signed"] {
        waits(&store, id, NOW).await;
    }
    for (id, verified_at) in [("confirmed", Some(Some(NOW))), ("named", None), ("nobody", Some(None))] {
        let mut change = amendment(id, NOW);
        change.change = UserChange { verified_at, name: Some(Some("A".to_owned())), ..UserChange::default() };
        assert!(matches!(store.amend_user(change).await.unwrap(), Amended::Done(_)));
    }
    super::grants::open(&store, "g1", "signed").await;
    assert_eq!(store.sweep_unconfirmed_users(NOW.plus(1), NOW).await.unwrap(), 2);
    let left = fresh.raw().await.texts("SELECT id FROM users ORDER BY id").await;
    assert_eq!(left, ["confirmed", "signed"]);
}
