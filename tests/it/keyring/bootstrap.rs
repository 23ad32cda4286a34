//! The first keys of an installation, and the first start of many nodes.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::keyring::Keyring;
use countersign::protocol::jwk::Algorithm;
use countersign::secret::Setting;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{encryption_files, opened, published, settings, signed, standing, verifies};
use crate::contract::database::Fresh;
use crate::contract::{NOW, on_both_databases, race};

on_both_databases! {
    a_new_installation_has_a_key_that_signs_and_one_that_waits
    a_second_start_makes_nothing
    every_algorithm_signs_and_verifies
    a_key_is_named_by_its_thumbprint
    many_nodes_that_start_at_once_end_with_one_set_of_keys
    many_nodes_that_share_an_empty_folder_all_start
}

const ALL: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

async fn a_new_installation_has_a_key_that_signs_and_one_that_waits(fresh: &Fresh) {
    let (_, keyring) = opened(fresh).await;
    assert_eq!(standing(&keyring).await, ["ES256 active", "ES256 next"]);
    let keys = keyring.list().await.unwrap();
    assert!(keys.iter().all(|key| key.origin == "generated" && key.created_at == NOW));
    let mut kids: Vec<_> = keys.into_iter().map(|key| key.kid).collect();
    let mut known = published(&keyring);
    kids.sort();
    known.sort();
    assert_eq!(known, kids);
    let token = signed(&keyring, Algorithm::Es256, NOW.plus(60)).await.unwrap();
    assert!(verifies(&keyring, &token).await);
}

async fn a_second_start_makes_nothing(fresh: &Fresh) {
    let (store, first) = opened(fresh).await;
    let before = (published(&first), first.list().await.unwrap().len(), encryption_files(&settings(fresh).directory));
    let second = Keyring::open(&store, &settings(fresh), NOW.plus(9)).await.unwrap();
    let after = (published(&second), second.list().await.unwrap().len(), encryption_files(&settings(fresh).directory));
    assert_eq!(after, before);
    assert_eq!(first.ring().published().etag, second.ring().published().etag);
    // What was hashed and authenticated before is so still.
    assert_eq!(first.secret_hash_key().mac(&[b"x"]), second.secret_hash_key().mac(&[b"x"]));
    assert_eq!(first.cache_key().mac(&[b"x"]), second.cache_key().mac(&[b"x"]));
    assert_ne!(first.cache_key().mac(&[b"x"]), first.secret_hash_key().mac(&[b"x"]));
}

async fn every_algorithm_signs_and_verifies(fresh: &Fresh) {
    let store = fresh.store().await;
    let mut settings = settings(fresh);
    settings.algorithms = vec![Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Es256];
    let keyring = Keyring::open(&store, &settings, NOW).await.unwrap();
    assert_eq!(standing(&keyring).await.len(), 6);
    assert_eq!(keyring.ring().algorithms(), settings.algorithms);
    assert_eq!(keyring.default_algorithm(), Algorithm::EdDsa);
    for algorithm in ALL {
        let token = signed(&keyring, algorithm, NOW.plus(60)).await.unwrap();
        assert!(verifies(&keyring, &token).await, "{algorithm}");
        let (input, signature) = token.rsplit_once('.').unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        bytes[0] ^= 1;
        assert!(!verifies(&keyring, &format!("{input}.{}", URL_SAFE_NO_PAD.encode(bytes))).await, "{algorithm}");
        let header = token.split('.').next().unwrap();
        let other = URL_SAFE_NO_PAD.encode(r#"{"sub":"somebody else"}"#);
        assert!(!verifies(&keyring, &format!("{header}.{other}.{signature}")).await, "{algorithm}");
    }
}

async fn a_key_is_named_by_its_thumbprint(fresh: &Fresh) {
    let store = fresh.store().await;
    let mut settings = settings(fresh);
    settings.algorithms = ALL.to_vec();
    let keyring = Keyring::open(&store, &settings, NOW).await.unwrap();
    let body = keyring.ring().published().body.clone();
    let set: Value = serde_json::from_slice(&body).unwrap();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 6);
    for key in keys {
        // RFC 7638 §3: the required members in the order of their names, without white space.
        let members: &[&str] = match key["kty"].as_str().unwrap() {
            "RSA" => &["e", "kty", "n"],
            "EC" => &["crv", "kty", "x", "y"],
            "OKP" => &["crv", "kty", "x"],
            other => panic!("{other}"),
        };
        let members: Vec<_> = members.iter().map(|name| format!("\"{name}\":{}", key[name])).collect();
        let digest = Sha256::digest(format!("{{{}}}", members.join(",")));
        assert_eq!(key["kid"].as_str().unwrap(), URL_SAFE_NO_PAD.encode(digest));
        assert_eq!(key["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
}

async fn many_nodes_that_start_at_once_end_with_one_set_of_keys(fresh: &Fresh) {
    let store = fresh.store().await;
    let mut settings = settings(fresh);
    settings.algorithms = vec![Algorithm::Es256, Algorithm::EdDsa];
    settings.encryption_keys = vec![Setting::new(STANDARD.encode([1; 32]))];
    let mut stores = Vec::new();
    for _ in 0..6 {
        stores.push(fresh.store().await);
    }
    let racers = stores.into_iter().map(|store| {
        let settings = settings.clone();
        async move { Keyring::open(&store, &settings, NOW).await.unwrap() }
    });
    let nodes = race(racers.collect()).await;
    let expected = ["ES256 active", "ES256 next", "EdDSA active", "EdDSA next"];
    assert_eq!(standing(&nodes[0]).await, expected);
    for node in &nodes {
        node.refresh().await.unwrap();
        assert_eq!(node.ring().published().etag, nodes[0].ring().published().etag);
        assert_eq!(node.secret_hash_key().mac(&[b"x"]), nodes[0].secret_hash_key().mac(&[b"x"]));
        assert_eq!(node.cache_key().mac(&[b"x"]), nodes[0].cache_key().mac(&[b"x"]));
        let token = signed(node, Algorithm::EdDsa, NOW.plus(60)).await.unwrap();
        assert!(verifies(&nodes[0], &token).await);
    }
    assert!(!settings.directory.exists(), "what the settings hold needs no file");
    Keyring::open(&store, &settings, NOW).await.unwrap();
}

async fn many_nodes_that_share_an_empty_folder_all_start(fresh: &Fresh) {
    let mut stores = Vec::new();
    for _ in 0..6 {
        stores.push(fresh.store().await);
    }
    let settings = settings(fresh);
    let racers = stores.into_iter().map(|store| {
        let settings = settings.clone();
        async move { Keyring::open(&store, &settings, NOW).await.unwrap() }
    });
    let nodes = race(racers.collect()).await;
    assert_eq!(standing(&nodes[0]).await, ["ES256 active", "ES256 next"]);
    for node in &nodes {
        node.refresh().await.unwrap();
        let token = signed(node, Algorithm::Es256, NOW.plus(60)).await.unwrap();
        assert!(verifies(&nodes[0], &token).await);
        assert_eq!(node.cache_key().mac(&[b"x"]), nodes[0].cache_key().mac(&[b"x"]));
    }
}
