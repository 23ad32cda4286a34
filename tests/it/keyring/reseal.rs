//! Replacing the key-encryption key while nodes run.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::keyring::Keyring;
use countersign::protocol::jwk::Algorithm;
use countersign::secret::{ClientSecret, Plain};

use super::{encryption_files, kid, opened, refusal, settings, signed, signer, verifies};
use crate::contract::database::{Fresh, Raw};
use crate::contract::{NOW, on_both_databases};
use crate::harness::recorder;

on_both_databases! {
    a_new_key_takes_over_while_another_node_runs
    a_file_that_an_operator_put_there_takes_over
    two_that_reseal_at_once_leave_everything_openable
    what_was_erased_stays_erased
}

/// Which key-encryption keys have sealed something.
async fn sealers(raw: &mut Raw) -> Vec<String> {
    let query = "SELECT sealed FROM signing_keys WHERE sealed IS NOT NULL UNION ALL SELECT sealed FROM sealed_values";
    let mut ids: Vec<_> =
        raw.texts(query).await.iter().map(|sealed| sealed.split('.').nth(1).unwrap().to_owned()).collect();
    ids.sort();
    ids.dedup();
    ids
}

async fn a_new_key_takes_over_while_another_node_runs(fresh: &Fresh) {
    let (store, node) = opened(fresh).await;
    let operator = Keyring::open(&store, &settings(fresh), NOW).await.unwrap();
    let secret = Plain::<ClientSecret>::generate();
    let hash = secret.hash(node.secret_hash_key());
    let token = signed(&node, Algorithm::Es256, NOW.plus(60)).await.unwrap();
    let before = sealers(&mut fresh.raw().await).await;

    assert_eq!(operator.reseal(true, NOW.plus(1), &recorder).await.unwrap(), 7);
    let after = sealers(&mut fresh.raw().await).await;
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(after, before);
    assert_eq!(encryption_files(&settings(fresh).directory).len(), 2);

    // The node that runs notices the change, finds the new file, and seals with it from then on.
    node.refresh().await.unwrap();
    assert!(verifies(&node, &token).await);
    node.rotate_in_emergency(NOW.plus(2), &recorder).await.unwrap();
    let token = signed(&node, Algorithm::Es256, NOW.plus(60)).await.unwrap();
    assert_eq!(signer(&token), kid(&node, "active").await);
    assert_eq!(sealers(&mut fresh.raw().await).await, after);

    // Nothing needs the old file any more, and no hash has changed.
    fs::remove_file(&encryption_files(&settings(fresh).directory)[0]).unwrap();
    let restarted = Keyring::open(&store, &settings(fresh), NOW.plus(3)).await.unwrap();
    assert!(verifies(&restarted, &token).await);
    assert!(secret.hash(restarted.secret_hash_key()).matches(&hash));
    assert_eq!(node.cache_key().mac(&[b"x"]), restarted.cache_key().mac(&[b"x"]));
}

async fn a_file_that_an_operator_put_there_takes_over(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    let folder = settings(fresh).directory;
    fs::write(folder.join("999999999998-mine.kek"), STANDARD.encode([3; 32])).unwrap();
    assert_eq!(keyring.reseal(false, NOW, &recorder).await.unwrap(), 7);
    assert_eq!(keyring.reseal(false, NOW, &recorder).await.unwrap(), 0);
    fs::remove_file(&encryption_files(&folder)[0]).unwrap();
    Keyring::open(&store, &settings(fresh), NOW).await.unwrap();
    // Without the file that seals, nothing opens.
    fs::remove_file(&encryption_files(&folder)[0]).unwrap();
    refusal(Keyring::open(&store, &settings(fresh), NOW).await);
}

async fn two_that_reseal_at_once_leave_everything_openable(fresh: &Fresh) {
    let (store, one) = opened(fresh).await;
    let other = Keyring::open(&store, &settings(fresh), NOW).await.unwrap();
    let (first, second) =
        tokio::join!(one.reseal(true, NOW.plus(1), &recorder), other.reseal(true, NOW.plus(2), &recorder));
    // Whoever finds something sealed under the key that the other one has just made may give up; one of them goes on.
    assert!(first.is_ok() || second.is_ok());
    for outcome in [first, second] {
        assert!(outcome.is_ok() || refusal(outcome).contains("does not have"));
    }
    let third = Keyring::open(&store, &settings(fresh), NOW.plus(3)).await.unwrap();
    third.reseal(false, NOW.plus(3), &recorder).await.unwrap();
    assert_eq!(sealers(&mut fresh.raw().await).await.len(), 1);
}

async fn what_was_erased_stays_erased(fresh: &Fresh) {
    let (_, keyring) = opened(fresh).await;
    keyring.rotate_in_emergency(NOW, &recorder).await.unwrap();
    let withdrawn = kid(&keyring, "withdrawn").await;
    // The active key, the new next one, and four values.
    assert_eq!(keyring.reseal(true, NOW.plus(1), &recorder).await.unwrap(), 7);
    let query = format!("SELECT COALESCE(sealed, 'erased') FROM signing_keys WHERE kid = '{withdrawn}'");
    assert_eq!(fresh.raw().await.texts(&query).await, ["erased"]);
}
