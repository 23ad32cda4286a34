//! `signing_keys`: every step is taken once.

use countersign::store::Store;
use countersign::store::signing_keys::{SigningKeyRow, Step, Succession};

use super::{NONE, SIGNING_KEYS, raised};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::audited;

on_both_databases! {
    a_key_comes_back_as_it_was_stored
    one_key_of_an_algorithm_is_next_and_one_active
    of_many_that_rotate_one_does
    of_many_that_withdraw_one_does
    a_rotation_that_does_not_fit_changes_nothing
    a_leader_that_was_replaced_rotates_nothing
    an_import_takes_the_place_of_the_next_key_alone
    an_import_of_a_known_key_changes_nothing
    of_many_that_retire_one_does_and_not_before_its_time
    a_promise_is_raised_and_never_lowered
    a_key_that_has_ended_promises_nothing
    of_many_that_reseal_a_key_one_does
    every_change_of_a_key_raises_the_generation
}

fn key(kid: &str, phase: &str) -> SigningKeyRow {
    SigningKeyRow {
        kid: kid.to_owned(),
        algorithm: "RS256".to_owned(),
        phase: phase.to_owned(),
        origin: "generated".to_owned(),
        public_jwk: format!("public {kid}"),
        sealed: Some(format!("sealed {kid}")),
        created_at: NOW,
        activated_at: (phase == "active").then_some(NOW),
        retiring_at: None,
        ended_at: None,
        covers_until: NOW,
    }
}

async fn add(store: &Store, kid: &str, phase: &str) {
    assert_eq!(store.add_signing_key(key(kid, phase), None).await.unwrap(), Step::Taken);
}

/// Every key with its phase, by its name.
async fn phases(store: &Store) -> Vec<(String, String)> {
    let mut keys: Vec<_> = store.signing_keys().await.unwrap().into_iter().map(|row| (row.kid, row.phase)).collect();
    keys.sort();
    keys
}

fn expected(phases: &[(&str, &str)]) -> Vec<(String, String)> {
    phases.iter().map(|(kid, phase)| (kid.to_string(), phase.to_string())).collect()
}

fn succession(active: Option<&str>, next: &str) -> Succession {
    Succession { active: active.map(str::to_owned), next: next.to_owned() }
}

async fn find(store: &Store, kid: &str) -> SigningKeyRow {
    store.signing_keys().await.unwrap().into_iter().find(|row| row.kid == kid).unwrap()
}

/// The same step from two nodes, eight times at once.
async fn eight<F: Future<Output = Step> + Send + 'static>(fresh: &Fresh, step: impl Fn(Store) -> F) {
    let nodes = [fresh.store().await, fresh.store().await];
    let results = race((0..8).map(|number| step(nodes[number % 2].clone())).collect()).await;
    assert_eq!(count(&results, &Step::Taken), 1, "{results:?}");
}

async fn a_key_comes_back_as_it_was_stored(fresh: &Fresh) {
    let store = fresh.store().await;
    let mut row = key("k1", "retiring");
    row.activated_at = Some(NOW.plus(1));
    row.retiring_at = Some(NOW.plus(2));
    row.covers_until = NOW.plus(3);
    store.add_signing_key(row.clone(), None).await.unwrap();
    assert_eq!(format!("{:?}", find(&store, "k1").await), format!("{row:?}"));
    let order: Vec<_> = {
        for (kid, later) in [("k3", 1), ("k2", 1), ("k0", 9)] {
            store
                .add_signing_key(SigningKeyRow { created_at: NOW.plus(later), ..key(kid, "retired") }, None)
                .await
                .unwrap();
        }
        store.signing_keys().await.unwrap().into_iter().map(|row| row.kid).collect()
    };
    assert_eq!(order, ["k1", "k2", "k3", "k0"]);
}

async fn one_key_of_an_algorithm_is_next_and_one_active(fresh: &Fresh) {
    for phase in ["active", "next"] {
        eight(fresh, move |store| async move {
            let kid = format!("{phase} {}", countersign::secret::random_id());
            store.add_signing_key(key(&kid, phase), None).await.unwrap()
        })
        .await;
    }
    let store = fresh.store().await;
    assert_eq!(store.signing_keys().await.unwrap().len(), 2);
    // Another algorithm has places of its own.
    let other = SigningKeyRow { algorithm: "ES256".to_owned(), ..key("e1", "active") };
    assert_eq!(store.add_signing_key(other, None).await.unwrap(), Step::Taken);
}

async fn of_many_that_rotate_one_does(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, "k1", "active").await;
    add(&store, "k2", "next").await;
    let later = NOW.plus(60);
    eight(fresh, move |store| async move {
        store.rotate_signing_key(succession(Some("k1"), "k2"), later, None, audited()).await.unwrap()
    })
    .await;
    assert_eq!(phases(&store).await, expected(&[("k1", "retiring"), ("k2", "active")]));
    let (old, new) = (find(&store, "k1").await, find(&store, "k2").await);
    assert_eq!((old.retiring_at, old.sealed.is_some(), old.ended_at), (Some(later), true, None));
    assert_eq!(new.activated_at, Some(later));
}

async fn of_many_that_withdraw_one_does(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, "k1", "active").await;
    add(&store, "k2", "next").await;
    let later = NOW.plus(60);
    eight(fresh, move |store| async move {
        store.withdraw_signing_key(succession(Some("k1"), "k2"), later, audited()).await.unwrap()
    })
    .await;
    assert_eq!(phases(&store).await, expected(&[("k1", "withdrawn"), ("k2", "active")]));
    let old = find(&store, "k1").await;
    assert_eq!((old.sealed, old.ended_at), (None, Some(later)));
}

async fn a_rotation_that_does_not_fit_changes_nothing(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, "k1", "active").await;
    add(&store, "k2", "next").await;
    let before = phases(&store).await;
    let wrong = [
        succession(Some("k2"), "k1"),
        succession(Some("k1"), "nobody"),
        succession(Some("nobody"), "k2"),
        succession(Some("k1"), "k1"),
        succession(None, "k2"),
    ];
    for keys in wrong {
        assert_eq!(
            store.rotate_signing_key(keys.clone(), NOW, None, audited()).await.unwrap(),
            Step::Overtaken,
            "{keys:?}"
        );
        assert_eq!(
            store.withdraw_signing_key(keys.clone(), NOW, audited()).await.unwrap(),
            Step::Overtaken,
            "{keys:?}"
        );
        assert_eq!(phases(&store).await, before);
    }
    // Without an active key the next one may sign alone.
    let next = SigningKeyRow { algorithm: "ES256".to_owned(), ..key("e1", "next") };
    store.add_signing_key(next, None).await.unwrap();
    assert_eq!(store.rotate_signing_key(succession(None, "e1"), NOW, None, audited()).await.unwrap(), Step::Taken);
    assert_eq!(find(&store, "e1").await.phase, "active");
}

async fn a_leader_that_was_replaced_rotates_nothing(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, "k1", "active").await;
    add(&store, "k2", "next").await;
    let first = store.lead("first", None).await.unwrap().unwrap();
    store.resign(first.clone()).await.unwrap();
    let second = store.lead("second", None).await.unwrap().unwrap();
    let keys = succession(Some("k1"), "k2");
    assert_eq!(store.rotate_signing_key(keys.clone(), NOW, Some(first), audited()).await.unwrap(), Step::Overtaken);
    assert_eq!(find(&store, "k1").await.phase, "active");
    assert_eq!(store.rotate_signing_key(keys, NOW, Some(second), audited()).await.unwrap(), Step::Taken);
}

async fn an_import_takes_the_place_of_the_next_key_alone(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, "k1", "active").await;
    add(&store, "k2", "next").await;
    store.add_signing_key(SigningKeyRow { algorithm: "ES256".to_owned(), ..key("e2", "next") }, None).await.unwrap();
    assert_eq!(store.replace_next_key(key("k3", "next"), NOW.plus(5), audited()).await.unwrap(), Step::Taken);
    let after = expected(&[("e2", "next"), ("k1", "active"), ("k2", "retired"), ("k3", "next")]);
    assert_eq!(phases(&store).await, after);
    let replaced = find(&store, "k2").await;
    assert_eq!((replaced.sealed, replaced.ended_at), (None, Some(NOW.plus(5))));
}

async fn an_import_of_a_known_key_changes_nothing(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, "k1", "active").await;
    add(&store, "k2", "next").await;
    let before = phases(&store).await;
    for known in ["k1", "k2"] {
        assert_eq!(store.replace_next_key(key(known, "next"), NOW, audited()).await.unwrap(), Step::Overtaken);
        assert_eq!(phases(&store).await, before, "after {known}");
    }
}

async fn of_many_that_retire_one_does_and_not_before_its_time(fresh: &Fresh) {
    let store = fresh.store().await;
    for (kid, phase) in [("k1", "retiring"), ("k2", "active"), ("k3", "next")] {
        add(&store, kid, phase).await;
    }
    let retire =
        async |kid: &str, before| store.retire_signing_key(kid.to_owned(), before, NOW, audited()).await.unwrap();
    assert_eq!(retire("k1", NOW).await, Step::Overtaken);
    assert_eq!(retire("k2", NOW.plus(9)).await, Step::Overtaken);
    assert_eq!(retire("k3", NOW.plus(9)).await, Step::Overtaken);
    eight(fresh, |store| async move {
        store.retire_signing_key("k1".to_owned(), NOW.plus(1), NOW.plus(2), audited()).await.unwrap()
    })
    .await;
    assert_eq!(phases(&store).await, expected(&[("k1", "retired"), ("k2", "active"), ("k3", "next")]));
    let ended = find(&store, "k1").await;
    assert_eq!((ended.sealed, ended.ended_at), (None, Some(NOW.plus(2))));
    assert_eq!(ended.public_jwk, "public k1");
}

async fn a_promise_is_raised_and_never_lowered(fresh: &Fresh) {
    let store = fresh.store().await;
    for (kid, phase) in [("k1", "active"), ("k2", "retiring")] {
        add(&store, kid, phase).await;
        for (until, promised) in [(10, 10), (5, 10), (10, 10), (20, 20)] {
            assert_eq!(store.cover_until(kid, NOW.plus(until)).await.unwrap(), Step::Taken);
            assert_eq!(find(&store, kid).await.covers_until, NOW.plus(promised));
        }
    }
    // Whoever retires the key and whoever promises more of it cannot both succeed.
    let nodes = [fresh.store().await, fresh.store().await];
    let retire = async |store: Store| {
        store.retire_signing_key("k2".to_owned(), NOW.plus(21), NOW, audited()).await.unwrap() == Step::Taken
    };
    let promise = async |store: Store| store.cover_until("k2", NOW.plus(99)).await.unwrap() == Step::Taken;
    let results = tokio::join!(retire(nodes[0].clone()), promise(nodes[1].clone()));
    assert_ne!(results.0, results.1);
}

async fn a_key_that_has_ended_promises_nothing(fresh: &Fresh) {
    let store = fresh.store().await;
    for (kid, phase) in [("k1", "next"), ("k2", "retired"), ("k3", "withdrawn")] {
        add(&store, kid, phase).await;
        assert_eq!(store.cover_until(kid, NOW.minus(5)).await.unwrap(), Step::Overtaken, "{phase}");
        assert_eq!(store.cover_until(kid, NOW.plus(5)).await.unwrap(), Step::Overtaken, "{phase}");
        assert_eq!(find(&store, kid).await.covers_until, NOW, "{phase}");
        assert!(!store.signs_or_signed(kid).await.unwrap(), "{phase}");
    }
    for (kid, phase) in [("k4", "active"), ("k5", "retiring")] {
        add(&store, kid, phase).await;
        assert!(store.signs_or_signed(kid).await.unwrap(), "{phase}");
    }
    assert!(!store.signs_or_signed("nobody").await.unwrap());
    assert_eq!(store.cover_until("nobody", NOW).await.unwrap(), Step::Overtaken);
}

async fn of_many_that_reseal_a_key_one_does(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, "k1", "active").await;
    add(&store, "k2", "next").await;
    eight(fresh, |store| async move {
        store.reseal_signing_key("k1".to_owned(), "sealed k1".to_owned(), "anew".to_owned()).await.unwrap()
    })
    .await;
    assert_eq!(find(&store, "k1").await.sealed.as_deref(), Some("anew"));
    assert_eq!(find(&store, "k2").await.sealed.as_deref(), Some("sealed k2"));
    // What was erased meanwhile does not come back.
    store.withdraw_signing_key(succession(Some("k1"), "k2"), NOW, audited()).await.unwrap();
    let late = store.reseal_signing_key("k1".to_owned(), "anew".to_owned(), "late".to_owned()).await.unwrap();
    assert_eq!(late, Step::Overtaken);
    assert_eq!(find(&store, "k1").await.sealed, None);
}

async fn every_change_of_a_key_raises_the_generation(fresh: &Fresh) {
    let store = fresh.store().await;
    let taken = |step: Step| assert_eq!(step, Step::Taken);
    let keys = || succession(Some("k1"), "k2");
    let added = raised(&store, async || taken(store.add_signing_key(key("k1", "active"), None).await.unwrap()));
    assert_eq!(added.await, SIGNING_KEYS);
    let replaced =
        raised(&store, async || taken(store.replace_next_key(key("k2", "next"), NOW, audited()).await.unwrap()));
    assert_eq!(replaced.await, SIGNING_KEYS);
    let rotated = raised(&store, async || taken(store.rotate_signing_key(keys(), NOW, None, audited()).await.unwrap()));
    assert_eq!(rotated.await, SIGNING_KEYS);
    let late = raised(&store, async || {
        store.rotate_signing_key(keys(), NOW, None, audited()).await.unwrap();
    });
    assert_eq!(late.await, NONE);
    let resealed = raised(&store, async || {
        taken(store.reseal_signing_key("k2".into(), "sealed k2".into(), "anew".into()).await.unwrap());
    });
    assert_eq!(resealed.await, SIGNING_KEYS);
    let retired = raised(&store, async || {
        taken(store.retire_signing_key("k1".into(), NOW.plus(1), NOW, audited()).await.unwrap())
    });
    assert_eq!(retired.await, SIGNING_KEYS);
    add(&store, "k3", "next").await;
    let withdrawn = raised(&store, async || {
        taken(store.withdraw_signing_key(succession(Some("k2"), "k3"), NOW, audited()).await.unwrap());
    });
    assert_eq!(withdrawn.await, SIGNING_KEYS);
}
