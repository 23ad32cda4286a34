//! `idempotency`.

use countersign::store::idempotency::{Reservation, Reserved};
use countersign::store::sweep::BATCH;

use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};

on_both_databases! {
    of_many_that_reserve_one_is_to_do_it
    what_was_done_is_answered_until_it_expires
    another_request_is_told_apart
    what_was_let_go_may_be_done_again
    who_died_is_followed_by_one_and_cannot_answer_any_more
    answers_go_in_batches_once_they_have_expired
}

fn wanted(id: &str, request: &str, holder: &str) -> Reservation {
    Reservation { id: id.to_owned(), request_hash: request.to_owned(), holder: holder.to_owned() }
}

async fn of_many_that_reserve_one_is_to_do_it(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    let racers = (0..8).map(|number| {
        let store = nodes[number % 2].clone();
        async move { store.reserve(wanted("k", "r", &format!("h{number}")), NOW).await.unwrap() }
    });
    let results = race(racers.collect()).await;
    assert_eq!((count(&results, &Reserved::Yours), count(&results, &Reserved::UnderWay)), (1, 7), "{results:?}");
}

async fn what_was_done_is_answered_until_it_expires(fresh: &Fresh) {
    let store = fresh.store().await;
    assert_eq!(store.reserve(wanted("k", "r", "one"), NOW).await.unwrap(), Reserved::Yours);
    assert!(!store.keep_answer(wanted("k", "r", "another"), "forged".to_owned()).await.unwrap());
    assert!(store.keep_answer(wanted("k", "r", "one"), "sealed".to_owned()).await.unwrap());
    assert!(!store.keep_answer(wanted("k", "r", "one"), "again".to_owned()).await.unwrap(), "there is one answer");
    assert!(!store.let_go(wanted("k", "r", "one")).await.unwrap(), "what was answered stays");
    let day = 86_400;
    for after in [0, 61, day - 1] {
        let again = store.reserve(wanted("k", "r", "two"), NOW.plus(after)).await.unwrap();
        assert_eq!(again, Reserved::Done("sealed".to_owned()), "{after}");
    }
    assert_eq!(store.reserve(wanted("k", "other", "two"), NOW.plus(day)).await.unwrap(), Reserved::Yours);
    assert_eq!(store.reserve(wanted("k", "other", "three"), NOW.plus(day)).await.unwrap(), Reserved::UnderWay);
}

async fn another_request_is_told_apart(fresh: &Fresh) {
    let store = fresh.store().await;
    assert_eq!(store.reserve(wanted("k", "r", "one"), NOW).await.unwrap(), Reserved::Yours);
    assert_eq!(store.reserve(wanted("k", "other", "two"), NOW).await.unwrap(), Reserved::OtherRequest);
    assert_eq!(store.reserve(wanted("k", "other", "two"), NOW.plus(61)).await.unwrap(), Reserved::OtherRequest);
    assert!(store.keep_answer(wanted("k", "r", "one"), "sealed".to_owned()).await.unwrap());
    assert_eq!(store.reserve(wanted("k", "other", "two"), NOW).await.unwrap(), Reserved::OtherRequest);
    assert_eq!(store.reserve(wanted("k2", "other", "two"), NOW).await.unwrap(), Reserved::Yours);
}

async fn what_was_let_go_may_be_done_again(fresh: &Fresh) {
    let store = fresh.store().await;
    assert_eq!(store.reserve(wanted("k", "r", "one"), NOW).await.unwrap(), Reserved::Yours);
    assert!(!store.let_go(wanted("k", "r", "another")).await.unwrap());
    assert!(store.let_go(wanted("k", "r", "one")).await.unwrap());
    assert_eq!(store.reserve(wanted("k", "other", "two"), NOW).await.unwrap(), Reserved::Yours);
}

async fn who_died_is_followed_by_one_and_cannot_answer_any_more(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    assert_eq!(nodes[0].reserve(wanted("k", "r", "dead"), NOW).await.unwrap(), Reserved::Yours);
    assert_eq!(nodes[0].reserve(wanted("k", "r", "early"), NOW.plus(59)).await.unwrap(), Reserved::UnderWay);
    let racers = (0..8).map(|number| {
        let store = nodes[number % 2].clone();
        async move { store.reserve(wanted("k", "r", &format!("h{number}")), NOW.plus(60)).await.unwrap() }
    });
    let results = race(racers.collect()).await;
    assert_eq!((count(&results, &Reserved::Yours), count(&results, &Reserved::UnderWay)), (1, 7), "{results:?}");
    assert!(!nodes[0].keep_answer(wanted("k", "r", "dead"), "late".to_owned()).await.unwrap());
    assert!(!nodes[0].let_go(wanted("k", "r", "dead")).await.unwrap());
    let winner = results.iter().position(|result| *result == Reserved::Yours).unwrap();
    assert!(nodes[1].keep_answer(wanted("k", "r", &format!("h{winner}")), "sealed".to_owned()).await.unwrap());
}

async fn answers_go_in_batches_once_they_have_expired(fresh: &Fresh) {
    let store = fresh.store().await;
    let row = |name: String, expires_at| format!("('{name}', 'r', 'h', 0, {expires_at})");
    let rows: Vec<_> = (0..BATCH + 3)
        .map(|number| row(format!("old {number}"), NOW.minus(1)))
        .chain([row("live".to_owned(), NOW)])
        .collect();
    let columns = "id, request_hash, holder, reserved_at, expires_at";
    let mut raw = fresh.raw().await;
    raw.execute(&format!("INSERT INTO idempotency ({columns}) VALUES {}", rows.join(","))).await;
    let mut swept = Vec::new();
    for _ in 0..3 {
        swept.push(i64::try_from(store.sweep_idempotency(NOW).await.unwrap()).unwrap());
    }
    assert_eq!(swept, [BATCH, 3, 0]);
    assert_eq!(raw.texts("SELECT id FROM idempotency").await, ["live"]);
}
