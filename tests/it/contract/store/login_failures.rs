//! `login_failures`: each failure counts once, and one of them locks.

use countersign::store::Store;
use countersign::store::login_failures::{FORGOTTEN_SECONDS, LoginFailure};
use countersign::store::sweep::BATCH;
use countersign::store::users::{Amended, Amendment};
use countersign::time::UnixTime;

use super::users::{add, new_user};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::{amendment, audited};

on_both_databases! {
    of_many_failures_each_counts_and_one_locks
    a_minute_is_counted_from_its_first_failure
    a_lock_is_not_prolonged_and_what_follows_it_counts_anew
    a_lock_may_come_at_once_or_never
    what_happened_a_day_ago_no_longer_counts
    a_right_password_makes_good_what_is_not_locked
    an_account_is_forgiven_at_all_its_addresses
    an_account_is_counted_from_everywhere_as_long_as_it_is_recent
    failures_go_in_batches_once_they_no_longer_count
}

const LOCK_SECONDS: i64 = 900;

fn failure(account: &str, pair: &str, at: UnixTime) -> LoginFailure {
    let (account, pair) = (account.to_owned(), pair.to_owned());
    LoginFailure { pair, account, at, lock_after: Some(3), lock_seconds: LOCK_SECONDS, locked: Some(audited()) }
}

/// One more failure of one pair; until when it has locked.
async fn fail(store: &Store, at: UnixTime) -> Option<UnixTime> {
    store.add_login_failure(failure("ada", "ada here", at)).await.unwrap()
}

/// How many failures in all and in the minute, and until when it is locked.
async fn state(store: &Store, now: UnixTime) -> Option<(i64, i64, Option<UnixTime>)> {
    let found = store.login_failures("ada here").await.unwrap();
    found.map(|found| (found.failures, found.minute_failures, found.locked_until(now)))
}

async fn of_many_failures_each_counts_and_one_locks(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    let racers = (0..16).map(|number| {
        let store = nodes[number % 2].clone();
        async move { store.add_login_failure(failure("ada", "ada here", NOW)).await.unwrap() }
    });
    let results = race(racers.collect()).await;
    let until = Some(NOW.plus(LOCK_SECONDS));
    assert_eq!((count(&results, &until), count(&results, &None)), (1, 15), "{results:?}");
    assert_eq!(fresh.raw().await.texts("SELECT id FROM audit_log").await.len(), 1, "which is recorded once");
    assert_eq!(state(&nodes[0], NOW).await, Some((16, 16, until)));
    assert_eq!(nodes[0].login_failures("ada elsewhere").await.unwrap(), None);
}

async fn a_minute_is_counted_from_its_first_failure(fresh: &Fresh) {
    let store = fresh.store().await;
    for (after, expected) in [(0, (1, 1)), (59, (2, 2)), (60, (3, 1)), (119, (4, 2)), (120, (5, 1))] {
        let mut failure = failure("ada", "ada here", NOW.plus(after));
        failure.lock_after = None;
        store.add_login_failure(failure).await.unwrap();
        let (all, minute, _) = state(&store, NOW).await.unwrap();
        assert_eq!((all, minute), expected, "after {after}");
    }
}

async fn a_lock_is_not_prolonged_and_what_follows_it_counts_anew(fresh: &Fresh) {
    let store = fresh.store().await;
    let until = NOW.plus(LOCK_SECONDS);
    assert_eq!((fail(&store, NOW).await, fail(&store, NOW).await), (None, None));
    assert_eq!(state(&store, NOW).await, Some((2, 2, None)));
    assert_eq!(fail(&store, NOW).await, Some(until));
    assert_eq!(fail(&store, until.minus(1)).await, None, "the end of the lock stays where it is");
    assert_eq!(state(&store, until.minus(1)).await, Some((4, 1, Some(until))));
    assert_eq!(state(&store, until).await, Some((4, 1, None)));
    assert!(store.login_failures("ada here").await.unwrap().unwrap().begin_anew(until));

    assert_eq!(fail(&store, until).await, None);
    assert_eq!(state(&store, until).await, Some((1, 2, None)));
    assert_eq!((fail(&store, until).await, fail(&store, until).await), (None, Some(until.plus(LOCK_SECONDS))));
}

async fn a_lock_may_come_at_once_or_never(fresh: &Fresh) {
    let store = fresh.store().await;
    for (lock_after, expected) in [(Some(1), Some(NOW.plus(LOCK_SECONDS))), (None, None)] {
        let pair = format!("{lock_after:?}");
        let strict = LoginFailure { lock_after, ..failure("ada", &pair, NOW) };
        assert_eq!(store.add_login_failure(strict.clone()).await.unwrap(), expected);
        assert_eq!(store.add_login_failure(strict).await.unwrap(), None);
        let found = store.login_failures(&pair).await.unwrap().unwrap();
        assert_eq!(found.locked_until(NOW), expected);
    }
    // Once the lock is over the next failure locks again, and says so.
    let later = NOW.plus(LOCK_SECONDS);
    let again = LoginFailure { lock_after: Some(1), ..failure("ada", "Some(1)", later) };
    assert_eq!(store.add_login_failure(again).await.unwrap(), Some(later.plus(LOCK_SECONDS)));
}

async fn what_happened_a_day_ago_no_longer_counts(fresh: &Fresh) {
    let store = fresh.store().await;
    fail(&store, NOW).await;
    fail(&store, NOW).await;
    let later = NOW.plus(FORGOTTEN_SECONDS);
    let found = store.login_failures("ada here").await.unwrap().unwrap();
    assert!(found.begin_anew(later) && !found.begin_anew(later.minus(1)));
    assert_eq!(fail(&store, later).await, None);
    assert_eq!(state(&store, later).await, Some((1, 1, None)));
    fail(&store, later.plus(1)).await;
    let until = later.plus(FORGOTTEN_SECONDS + LOCK_SECONDS);
    assert_eq!(fail(&store, later.plus(FORGOTTEN_SECONDS)).await, Some(until), "it is a day after the last one");
}

async fn a_right_password_makes_good_what_is_not_locked(fresh: &Fresh) {
    let store = fresh.store().await;
    let forget = async |now| store.forget_login_failures("ada here".to_owned(), now).await.unwrap();
    fail(&store, NOW).await;
    store.add_login_failure(failure("bob", "bob here", NOW)).await.unwrap();
    forget(NOW).await;
    assert_eq!(state(&store, NOW).await, None);
    assert!(store.login_failures("bob here").await.unwrap().is_some());

    for _ in 0..3 {
        fail(&store, NOW).await;
    }
    let until = NOW.plus(LOCK_SECONDS);
    forget(until.minus(1)).await;
    assert_eq!(state(&store, NOW).await, Some((3, 3, Some(until))));
    forget(until).await;
    assert_eq!(state(&store, NOW).await, None);
}

async fn an_account_is_forgiven_at_all_its_addresses(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("ann")).await;
    let forgives = |from_version: i64| Amendment {
        forgives: vec!["ada".to_owned(), "nobody".to_owned()],
        from_version: Some(from_version),
        ..amendment("ann", NOW)
    };
    let left = async || fresh.raw().await.texts("SELECT pair FROM login_failures ORDER BY pair").await;
    for _ in 0..3 {
        fail(&store, NOW).await;
    }
    for (account, pair) in [("ada", "ada elsewhere"), ("bob", "bob here")] {
        store.add_login_failure(failure(account, pair, NOW)).await.unwrap();
    }
    assert!(matches!(store.amend_user(forgives(9)).await.unwrap(), Amended::Overtaken));
    assert_eq!(left().await, ["ada elsewhere", "ada here", "bob here"], "with the change or not at all");
    for version in [1, 2] {
        assert!(matches!(store.amend_user(forgives(version)).await.unwrap(), Amended::Done(_)));
        assert_eq!(left().await, ["bob here"]);
    }
}

async fn an_account_is_counted_from_everywhere_as_long_as_it_is_recent(fresh: &Fresh) {
    let store = fresh.store().await;
    let recent = async || store.tries("nobody", "ada", NOW).await.unwrap().1;
    assert_eq!(recent().await, 0);
    fail(&store, NOW).await;
    store.add_login_failure(failure("bob", "bob here", NOW.plus(1))).await.unwrap();
    assert_eq!(recent().await, 0);
    fail(&store, NOW.plus(1)).await;
    assert_eq!(recent().await, 2);
    store.add_login_failure(failure("ada", "ada elsewhere", NOW.plus(2))).await.unwrap();
    assert_eq!(recent().await, 3);
    for number in 0..40 {
        store.add_login_failure(failure("ada", &format!("ada at {number}"), NOW.plus(3))).await.unwrap();
    }
    assert_eq!(recent().await, 16, "more addresses tell nothing new");
    for pair in ["ada at 39", "ada here", "nobody"] {
        let (known, _) = store.tries(pair, "ada", NOW).await.unwrap();
        assert_eq!(known, store.login_failures(pair).await.unwrap(), "{pair}, of the latest, of earlier ones, of none");
    }
}

async fn failures_go_in_batches_once_they_no_longer_count(fresh: &Fresh) {
    let store = fresh.store().await;
    let old = NOW.minus(FORGOTTEN_SECONDS + 1);
    let row = |pair: &str, last_at: UnixTime, locked_until: UnixTime| {
        format!("('{pair}', 'ada', 1, {last_at}, 1, {last_at}, {last_at}, {locked_until})")
    };
    let never = UnixTime::from_seconds(0);
    let mut rows: Vec<_> = (0..BATCH + 7).map(|number| row(&format!("old {number}"), old, never)).collect();
    rows.push(row("its lock has ended", old, NOW.minus(1)));
    rows.push(row("locked", old, NOW));
    rows.push(row("recent", old.plus(1), never));
    let mut raw = fresh.raw().await;
    raw.execute(&format!("INSERT INTO login_failures VALUES {}", rows.join(","))).await;
    let mut swept = Vec::new();
    for _ in 0..3 {
        swept.push(i64::try_from(store.sweep_login_failures(NOW).await.unwrap()).unwrap());
    }
    assert_eq!(swept, [BATCH, 8, 0]);
    assert_eq!(raw.texts("SELECT pair FROM login_failures ORDER BY pair").await, ["locked", "recent"]);
}
