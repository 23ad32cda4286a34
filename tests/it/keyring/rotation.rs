//! What happens to keys over time, and how often.

use countersign::keyring::Keyring;
use countersign::protocol::jwk::Algorithm;
use countersign::store::leases::Leadership;

use super::{DAY, RIPE, kid, opened, published, refusal, settings, signed, signer, standing, verifies};
use crate::contract::database::Fresh;
use crate::contract::{NOW, on_both_databases, race};
use crate::harness::recorder;

on_both_databases! {
    a_key_is_published_long_enough_before_it_signs
    an_old_key_stays_until_its_last_token_has_expired
    the_leader_rotates_by_schedule
    without_a_schedule_nothing_rotates_by_itself
    who_no_longer_leads_rotates_nothing
    an_emergency_withdraws_all_that_the_key_signed
    of_two_operators_who_rotate_at_once_one_does
    an_algorithm_that_is_added_later_waits_like_any_next_key
    an_operator_retires_a_key_only_when_its_time_is_over
}

async fn lead(store: &countersign::store::Store) -> Leadership {
    store.lead("the leader", None).await.unwrap().unwrap()
}

async fn a_key_is_published_long_enough_before_it_signs(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    let (active, next) = (kid(&keyring, "active").await, kid(&keyring, "next").await);
    for early in [0, 1, RIPE - 1] {
        let why = refusal(keyring.rotate(NOW.plus(early), &recorder).await);
        assert!(why.contains(&format!("in {} seconds", RIPE - early)) && why.contains(&next), "{why}");
    }
    assert_eq!(kid(&keyring, "active").await, active);
    let done = keyring.rotate(NOW.plus(RIPE), &recorder).await.unwrap();
    let [rotated] = done.as_slice() else { panic!("{done:?}") };
    let after_that = rotated.next.clone().unwrap();
    assert_eq!((&rotated.active, &rotated.before), (&next, &Some(active.clone())));
    assert_eq!(standing(&keyring).await, ["ES256 active", "ES256 next", "ES256 retiring"]);
    let mut known = published(&keyring);
    known.sort();
    let mut expected = vec![active, next.clone(), after_that];
    expected.sort();
    assert_eq!(known, expected);
    assert_eq!(signer(&signed(&keyring, Algorithm::Es256, NOW.plus(RIPE + 60)).await.unwrap()), next);

    // The settings say how long.
    let mut patient = settings(fresh);
    (patient.jwks_max_age_seconds, patient.publish_margin_seconds) = (1000, 10);
    let patient = Keyring::open(&store, &patient, NOW.plus(RIPE)).await.unwrap();
    refusal(patient.rotate(NOW.plus(RIPE + 1009), &recorder).await);
    patient.rotate(NOW.plus(RIPE + 1010), &recorder).await.unwrap();
}

async fn an_old_key_stays_until_its_last_token_has_expired(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    let leader = lead(&store).await;
    let old = kid(&keyring, "active").await;
    let token = signed(&keyring, Algorithm::Es256, NOW.plus(RIPE + 900)).await.unwrap();
    keyring.rotate(NOW.plus(RIPE), &recorder).await.unwrap();
    assert!(verifies(&keyring, &token).await);
    keyring.keep(NOW.plus(RIPE + 900), &leader).await.unwrap();
    assert!(published(&keyring).contains(&old) && verifies(&keyring, &token).await);
    // A promise reaches an hour beyond the token it was made for, and clocks differ by two minutes at most.
    let gone = RIPE + 900 + 3600 + 120;
    keyring.keep(NOW.plus(gone), &leader).await.unwrap();
    assert!(published(&keyring).contains(&old));
    keyring.keep(NOW.plus(gone + 1), &leader).await.unwrap();
    assert!(!published(&keyring).contains(&old));
    assert_eq!(kid(&keyring, "retired").await, old);
    assert!(!verifies(&keyring, &token).await);
}

async fn the_leader_rotates_by_schedule(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    let leader = lead(&store).await;
    let (first, second) = (kid(&keyring, "active").await, kid(&keyring, "next").await);
    keyring.keep(NOW.plus(90 * DAY - 1), &leader).await.unwrap();
    assert_eq!(kid(&keyring, "active").await, first);
    let due = NOW.plus(90 * DAY);
    keyring.keep(due, &leader).await.unwrap();
    assert_eq!(kid(&keyring, "active").await, second);
    let third = kid(&keyring, "next").await;
    assert!(published(&keyring).contains(&third), "the key after the next one is known at once");
    assert_eq!(signer(&signed(&keyring, Algorithm::Es256, due.plus(60)).await.unwrap()), second);
    // The same round again does nothing, and the next rotation is ninety days away.
    keyring.keep(due.plus(5), &leader).await.unwrap();
    keyring.keep(due.plus(90 * DAY - 1), &leader).await.unwrap();
    assert_eq!(kid(&keyring, "active").await, second);
    keyring.keep(due.plus(90 * DAY), &leader).await.unwrap();
    assert_eq!(kid(&keyring, "active").await, third);
    let keys = keyring.list().await.unwrap();
    let found = keys.iter().find(|key| key.kid == second).unwrap();
    assert_eq!((found.activated_at, found.retiring_at), (Some(due), Some(due.plus(90 * DAY))));
}

async fn without_a_schedule_nothing_rotates_by_itself(fresh: &Fresh) {
    let store = fresh.store().await;
    let mut settings = settings(fresh);
    settings.rotate_days = 0;
    let keyring = Keyring::open(&store, &settings, NOW).await.unwrap();
    let before = standing(&keyring).await;
    keyring.keep(NOW.plus(10_000 * DAY), &lead(&store).await).await.unwrap();
    assert_eq!(standing(&keyring).await, before);
}

async fn who_no_longer_leads_rotates_nothing(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    let former = lead(&store).await;
    store.resign(former.clone()).await.unwrap();
    let leader = store.lead("another", None).await.unwrap().unwrap();
    let active = kid(&keyring, "active").await;
    keyring.keep(NOW.plus(90 * DAY), &former).await.unwrap();
    assert_eq!(kid(&keyring, "active").await, active);
    keyring.keep(NOW.plus(90 * DAY), &leader).await.unwrap();
    assert_ne!(kid(&keyring, "active").await, active);
}

async fn an_emergency_withdraws_all_that_the_key_signed(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    let elsewhere = Keyring::open(&store, &settings(fresh), NOW).await.unwrap();
    let (active, next) = (kid(&keyring, "active").await, kid(&keyring, "next").await);
    let token = signed(&keyring, Algorithm::Es256, NOW.plus(900)).await.unwrap();
    let done = keyring.rotate_in_emergency(NOW.plus(1), &recorder).await.unwrap();
    assert_eq!((&done[0].active, &done[0].before), (&next, &Some(active.clone())));
    assert_eq!(standing(&keyring).await, ["ES256 active", "ES256 next", "ES256 withdrawn"]);
    assert!(!verifies(&keyring, &token).await);
    assert!(!published(&keyring).contains(&active));
    let replacement = signed(&keyring, Algorithm::Es256, NOW.plus(900)).await.unwrap();
    assert_eq!(signer(&replacement), next);
    // Another node follows when it looks again, and knows the new signer even before.
    assert!(verifies(&elsewhere, &replacement).await);
    elsewhere.refresh().await.unwrap();
    assert!(!verifies(&elsewhere, &token).await);
    assert_eq!(published(&elsewhere), published(&keyring));
    // It does not come back by any later step.
    keyring.keep(NOW.plus(365 * DAY), &lead(&store).await).await.unwrap();
    assert_eq!(kid(&keyring, "withdrawn").await, active);
}

async fn of_two_operators_who_rotate_at_once_one_does(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    let mut racers = Vec::new();
    for _ in 0..4 {
        let keyring = Keyring::open(&store, &settings(fresh), NOW).await.unwrap();
        racers.push(async move { keyring.rotate(NOW.plus(RIPE), &recorder).await.is_ok() });
    }
    let results = race(racers).await;
    assert_eq!(results.iter().filter(|done| **done).count(), 1, "{results:?}");
    assert_eq!(standing(&keyring).await, ["ES256 active", "ES256 next", "ES256 retiring"]);
}

async fn an_algorithm_that_is_added_later_waits_like_any_next_key(fresh: &Fresh) {
    let (store, _) = opened(fresh).await;
    let mut settings = settings(fresh);
    settings.algorithms = vec![Algorithm::EdDsa, Algorithm::Es256];
    let keyring = Keyring::open(&store, &settings, NOW.plus(DAY)).await.unwrap();
    assert_eq!(standing(&keyring).await, ["ES256 active", "ES256 next", "EdDSA next"]);
    assert_eq!(published(&keyring).len(), 3);
    assert!(!keyring.ring().can_sign(Algorithm::EdDsa));
    let refused = signed(&keyring, Algorithm::EdDsa, NOW.plus(DAY + 60)).await;
    assert!(matches!(refused, Err(countersign::keyring::KeyringError::NoSigner(Algorithm::EdDsa))));
    assert_eq!(keyring.default_algorithm(), Algorithm::Es256);

    let leader = lead(&store).await;
    keyring.keep(NOW.plus(DAY + RIPE - 1), &leader).await.unwrap();
    assert!(!keyring.ring().can_sign(Algorithm::EdDsa));
    keyring.keep(NOW.plus(DAY + RIPE), &leader).await.unwrap();
    assert_eq!(standing(&keyring).await, ["ES256 active", "ES256 next", "EdDSA active", "EdDSA next"]);
    assert_eq!(keyring.default_algorithm(), Algorithm::EdDsa);
    let token = signed(&keyring, Algorithm::EdDsa, NOW.plus(DAY + 600)).await.unwrap();
    assert!(verifies(&keyring, &token).await);
}

async fn an_operator_retires_a_key_only_when_its_time_is_over(fresh: &Fresh) {
    let (_, keyring) = opened(fresh).await;
    let old = kid(&keyring, "active").await;
    signed(&keyring, Algorithm::Es256, NOW.plus(900)).await.unwrap();
    keyring.rotate(NOW.plus(RIPE), &recorder).await.unwrap();
    for phase in ["active", "next"] {
        let why = refusal(keyring.retire(&kid(&keyring, phase).await, NOW.plus(100 * DAY), &recorder).await);
        assert!(why.contains(phase), "{why}");
    }
    assert!(refusal(keyring.retire("nobody", NOW, &recorder).await).contains("nobody"));
    let covered = 900 + 3600;
    let why = refusal(keyring.retire(&old, NOW.plus(covered), &recorder).await);
    assert!(why.contains("0 seconds more"), "{why}");
    keyring.retire(&old, NOW.plus(covered + 1), &recorder).await.unwrap();
    assert!(!published(&keyring).contains(&old));
    refusal(keyring.retire(&old, NOW.plus(covered + 2), &recorder).await);
}
