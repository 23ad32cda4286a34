//! Signing: a key stays published for as long as its tokens live, and a node that is behind does no harm.

use countersign::keyring::{Keyring, KeyringError};
use countersign::protocol::jwk::Algorithm;
use countersign::protocol::jws::Compact;

use super::{RIPE, kid, opened, published, settings, signed, signer, verifies};
use crate::contract::database::Fresh;
use crate::contract::{NOW, on_both_databases, race};
use crate::harness::recorder;

on_both_databases! {
    a_token_says_its_type_its_algorithm_and_its_key
    the_promise_is_raised_before_the_token_is_signed
    many_tokens_of_one_moment_share_a_promise
    without_a_promise_nothing_is_signed
    a_node_that_missed_a_rotation_still_signs_what_others_verify
    a_node_that_missed_a_withdrawal_signs_with_the_new_key_at_the_next_promise
    a_key_that_nobody_knows_verifies_nothing
}

/// Until when the store knows that the active key stays published.
async fn promised(fresh: &Fresh) -> i64 {
    let query = "SELECT CAST(covers_until AS TEXT) FROM signing_keys WHERE phase = 'active'";
    fresh.raw().await.texts(query).await[0].parse().unwrap()
}

async fn a_token_says_its_type_its_algorithm_and_its_key(fresh: &Fresh) {
    let (_, keyring) = opened(fresh).await;
    let token = signed(&keyring, Algorithm::Es256, NOW.plus(60)).await.unwrap();
    let compact = Compact::parse(&token).unwrap();
    let header = compact.header();
    assert_eq!((header.alg.as_str(), header.typ.as_deref()), ("ES256", Some("at+jwt")));
    assert_eq!(header.kid, Some(kid(&keyring, "active").await));
    assert_eq!(compact.payload(), br#"{"sub":"somebody"}"#);
    let missing = signed(&keyring, Algorithm::EdDsa, NOW.plus(60)).await;
    assert!(matches!(missing, Err(KeyringError::NoSigner(Algorithm::EdDsa))));
}

async fn the_promise_is_raised_before_the_token_is_signed(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    assert_eq!(promised(fresh).await, 0);
    signed(&keyring, Algorithm::Es256, NOW.plus(60)).await.unwrap();
    let first = promised(fresh).await;
    assert!(first >= NOW.plus(60).seconds());
    // One promise lasts for many tokens, and a longer token asks for a longer one.
    signed(&keyring, Algorithm::Es256, NOW.plus(61)).await.unwrap();
    assert_eq!(promised(fresh).await, first);
    signed(&keyring, Algorithm::Es256, NOW.plus(86_400)).await.unwrap();
    let second = promised(fresh).await;
    assert!(second >= NOW.plus(86_400).seconds());
    // Another node's shorter tokens do not take anything back.
    let other = Keyring::open(&store, &settings(fresh), NOW).await.unwrap();
    signed(&other, Algorithm::Es256, NOW.plus(60)).await.unwrap();
    assert_eq!(promised(fresh).await, second);
}

async fn many_tokens_of_one_moment_share_a_promise(fresh: &Fresh) {
    let (_, keyring) = opened(fresh).await;
    let racers = (0..50).map(|number| {
        let keyring = keyring.clone();
        async move { signed(&keyring, Algorithm::Es256, NOW.plus(number)).await.unwrap() }
    });
    for token in race(racers.collect()).await {
        assert!(verifies(&keyring, &token).await);
    }
    assert!(promised(fresh).await >= NOW.plus(49).seconds());
}

async fn without_a_promise_nothing_is_signed(fresh: &Fresh) {
    let (_, keyring) = opened(fresh).await;
    let promised = 60 + 3600;
    signed(&keyring, Algorithm::Es256, NOW.plus(60)).await.unwrap();
    // The store cannot note anything any more.
    fresh.raw().await.execute("ALTER TABLE signing_keys RENAME TO away").await;
    signed(&keyring, Algorithm::Es256, NOW.plus(promised)).await.unwrap();
    let longer = signed(&keyring, Algorithm::Es256, NOW.plus(promised + 1)).await;
    assert!(matches!(longer, Err(KeyringError::Store(_))), "{longer:?}");
    fresh.raw().await.execute("ALTER TABLE away RENAME TO signing_keys").await;
    signed(&keyring, Algorithm::Es256, NOW.plus(promised + 1)).await.unwrap();
}

async fn a_node_that_missed_a_rotation_still_signs_what_others_verify(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    let behind = Keyring::open(&store, &settings(fresh), NOW).await.unwrap();
    let old = kid(&keyring, "active").await;
    keyring.rotate(NOW.plus(RIPE), &recorder).await.unwrap();
    let late = signed(&behind, Algorithm::Es256, NOW.plus(RIPE + 900)).await.unwrap();
    assert_eq!(signer(&late), old);
    assert!(verifies(&keyring, &late).await && published(&keyring).contains(&old));
    let fresh_one = signed(&keyring, Algorithm::Es256, NOW.plus(RIPE + 900)).await.unwrap();
    assert!(verifies(&behind, &fresh_one).await, "the store is asked before the answer is no");
}

async fn a_node_that_missed_a_withdrawal_signs_with_the_new_key_at_the_next_promise(fresh: &Fresh) {
    let (store, keyring) = opened(fresh).await;
    let behind = Keyring::open(&store, &settings(fresh), NOW).await.unwrap();
    keyring.rotate_in_emergency(NOW, &recorder).await.unwrap();
    let token = signed(&behind, Algorithm::Es256, NOW.plus(900)).await.unwrap();
    assert_eq!(signer(&token), kid(&keyring, "active").await);
    assert!(verifies(&keyring, &token).await);
}

async fn a_key_that_nobody_knows_verifies_nothing(fresh: &Fresh) {
    let (_, keyring) = opened(fresh).await;
    for kid in ["", "nobody", "' OR ''='"] {
        assert!(keyring.verifier(kid).await.unwrap().is_none(), "{kid}");
    }
    // One that only waits has signed nothing.
    assert!(keyring.verifier(&kid(&keyring, "next").await).await.unwrap().is_none());
}
