//! RSA keys that an operator brings along.

use std::fs;
use std::sync::OnceLock;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::config;
use countersign::keyring::Keyring;
use countersign::protocol::jwk::{Algorithm, JwkSet, PublicKey};
use countersign::secret::Setting;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};

use super::{DAY, RIPE, kid, published, refusal, settings, signed, signer, standing, verifies};
use crate::contract::database::Fresh;
use crate::contract::{NOW, on_both_databases, race};
use crate::harness::recorder;

on_both_databases! {
    every_form_of_one_key_is_one_key_and_signs_where_no_key_is
    a_key_is_imported_once
    where_keys_are_an_imported_one_waits
    many_nodes_that_import_one_key_at_once_import_it_once
    two_different_keys_are_refused
    a_key_that_is_too_short_is_refused
    what_is_no_key_is_refused_and_not_repeated
    a_command_imports_a_key_once
}

fn rsa_key(bits: usize) -> RsaPrivateKey {
    RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits).unwrap()
}

/// Two keys for all of these tests, because making one takes its time.
fn ours() -> &'static [RsaPrivateKey; 2] {
    static KEYS: OnceLock<[RsaPrivateKey; 2]> = OnceLock::new();
    KEYS.get_or_init(|| [rsa_key(2048), rsa_key(2048)])
}

fn pkcs8(key: &RsaPrivateKey) -> String {
    key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}

fn pkcs1(key: &RsaPrivateKey) -> String {
    key.to_pkcs1_pem(LineEnding::CRLF).unwrap().to_string()
}

fn rsa_settings(fresh: &Fresh) -> config::Keys {
    let mut settings = settings(fresh);
    settings.algorithms = vec![Algorithm::Rs256];
    settings
}

fn with_content(fresh: &Fresh, content: &str) -> config::Keys {
    let mut settings = rsa_settings(fresh);
    settings.rsa_private_key_content = Some(Setting::new(content));
    settings
}

fn with_path(fresh: &Fresh, pem: &str) -> config::Keys {
    let mut settings = rsa_settings(fresh);
    let path = fresh.folder().join("imported.pem");
    fs::write(&path, pem).unwrap();
    settings.rsa_private_key_path = Some(path);
    settings
}

async fn every_form_of_one_key_is_one_key_and_signs_where_no_key_is(fresh: &Fresh) {
    let store = fresh.store().await;
    let key = &ours()[0];
    let wrapped: Vec<_> = STANDARD.encode(pkcs8(key)).as_bytes().chunks(76).map(<[u8]>::to_vec).collect();
    let forms = [
        with_path(fresh, &pkcs8(key)),
        with_path(fresh, &pkcs1(key)),
        with_content(fresh, &pkcs8(key)),
        with_content(fresh, &format!("\n {}\n\n", pkcs1(key))),
        with_content(fresh, &STANDARD.encode(pkcs1(key))),
        with_content(fresh, std::str::from_utf8(&wrapped.join(&b'\n')).unwrap()),
    ];
    let mut kids = Vec::new();
    for settings in &forms {
        let keyring = Keyring::open(&store, settings, NOW).await.unwrap();
        // On the first of them nothing was there; on the others this very key was.
        assert_eq!(standing(&keyring).await, ["RS256 active", "RS256 next"]);
        kids.push(kid(&keyring, "active").await);
        let token = signed(&keyring, Algorithm::Rs256, NOW.plus(60)).await.unwrap();
        assert!(verifies(&keyring, &token).await);
    }
    kids.dedup();
    assert_eq!(kids.len(), 1, "{kids:?}");
    let keyring = Keyring::open(&store, &rsa_settings(fresh), NOW).await.unwrap();
    let keys = keyring.list().await.unwrap();
    let origin = |phase: &str| keys.iter().find(|key| key.phase == phase).unwrap().origin.clone();
    assert_eq!((origin("active"), origin("next")), ("imported".to_owned(), "generated".to_owned()));
}

async fn a_key_is_imported_once(fresh: &Fresh) {
    let store = fresh.store().await;
    let settings = with_content(fresh, &pkcs8(&ours()[0]));
    let keyring = Keyring::open(&store, &settings, NOW).await.unwrap();
    let imported = kid(&keyring, "active").await;
    keyring.rotate(NOW.plus(RIPE), &recorder).await.unwrap();
    let before = standing(&keyring).await;
    // It is retiring by now, and a restart with the same setting does not bring it back.
    let restarted = Keyring::open(&store, &settings, NOW.plus(RIPE + 1)).await.unwrap();
    assert_eq!(standing(&restarted).await, before);
    assert_eq!(kid(&restarted, "retiring").await, imported);
    // Nor when it was withdrawn.
    restarted.rotate_in_emergency(NOW.plus(DAY), &recorder).await.unwrap();
    let again = Keyring::open(&store, &settings, NOW.plus(DAY)).await.unwrap();
    assert!(!published(&again).is_empty());
    assert_ne!(kid(&again, "active").await, imported);
}

async fn where_keys_are_an_imported_one_waits(fresh: &Fresh) {
    let store = fresh.store().await;
    let first = Keyring::open(&store, &rsa_settings(fresh), NOW).await.unwrap();
    let (active, waiting) = (kid(&first, "active").await, kid(&first, "next").await);
    let settings = with_content(fresh, &pkcs8(&ours()[0]));
    let keyring = Keyring::open(&store, &settings, NOW.plus(DAY)).await.unwrap();
    assert_eq!(standing(&keyring).await, ["RS256 active", "RS256 next", "RS256 retired"]);
    assert_eq!(kid(&keyring, "active").await, active);
    assert_eq!(kid(&keyring, "retired").await, waiting);
    let imported = kid(&keyring, "next").await;
    assert!(published(&keyring).contains(&imported) && !published(&keyring).contains(&waiting));
    // It has to be published for as long as any other.
    refusal(keyring.rotate(NOW.plus(DAY + RIPE - 1), &recorder).await);
    keyring.rotate(NOW.plus(DAY + RIPE), &recorder).await.unwrap();
    assert_eq!(signer(&signed(&keyring, Algorithm::Rs256, NOW.plus(2 * DAY)).await.unwrap()), imported);
}

async fn many_nodes_that_import_one_key_at_once_import_it_once(fresh: &Fresh) {
    let mut settings = with_content(fresh, &pkcs8(&ours()[0]));
    settings.encryption_keys = vec![Setting::new(STANDARD.encode([1; 32]))];
    let mut racers = Vec::new();
    for _ in 0..4 {
        let (store, settings) = (fresh.store().await, settings.clone());
        racers.push(async move { Keyring::open(&store, &settings, NOW).await.unwrap() });
    }
    let nodes = race(racers).await;
    assert_eq!(standing(&nodes[0]).await, ["RS256 active", "RS256 next"]);
    let keys = nodes[0].list().await.unwrap();
    assert!(keys.iter().all(|key| (key.origin == "imported") == (key.phase == "active")), "{keys:?}");
}

async fn two_different_keys_are_refused(fresh: &Fresh) {
    let store = fresh.store().await;
    let [one, other] = ours();
    let mut settings = with_path(fresh, &pkcs8(one));
    settings.rsa_private_key_content = Some(Setting::new(pkcs8(other)));
    let why = refusal(Keyring::open(&store, &settings, NOW).await);
    assert!(why.contains("RSA_PRIVATE_KEY_PATH") && why.contains("RSA_PRIVATE_KEY_CONTENT"), "{why}");
    // The same one twice is one.
    settings.rsa_private_key_content = Some(Setting::new(STANDARD.encode(pkcs1(one))));
    let keyring = Keyring::open(&store, &settings, NOW).await.unwrap();
    assert_eq!(standing(&keyring).await, ["RS256 active", "RS256 next"]);
}

async fn a_key_that_is_too_short_is_refused(fresh: &Fresh) {
    let store = fresh.store().await;
    let short = rsa_key(1024);
    for settings in [with_path(fresh, &pkcs8(&short)), with_content(fresh, &pkcs1(&short))] {
        let why = refusal(Keyring::open(&store, &settings, NOW).await);
        assert!(why.contains("1024 bits") && why.contains("2048"), "{why}");
    }
    assert_eq!(store.signing_keys().await.unwrap().len(), 0);
}

async fn what_is_no_key_is_refused_and_not_repeated(fresh: &Fresh) {
    let store = fresh.store().await;
    let good = pkcs8(&ours()[0]);
    let elliptic = EcKeyPair::generate(EcCurve::P256).unwrap().to_pem_private_key();
    let bad = [
        "hunter2-hunter2-hunter2".to_owned(),
        STANDARD.encode("hunter2-hunter2-hunter2"),
        STANDARD.encode([255; 64]),
        String::from_utf8(elliptic).unwrap(),
        good[..good.len() / 2].to_owned(),
        good.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
        good.replace("PRIVATE KEY", "CERTIFICATE"),
        String::new(),
    ];
    for content in &bad {
        for (name, settings) in [
            ("RSA_PRIVATE_KEY_CONTENT", with_content(fresh, content)),
            ("RSA_PRIVATE_KEY_PATH", with_path(fresh, content)),
        ] {
            let why = refusal(Keyring::open(&store, &settings, NOW).await);
            assert!(why.starts_with(name), "{why}");
            let longest = content.lines().max_by_key(|line| line.len()).unwrap_or_default();
            assert!(!why.contains("hunter2") && (longest.is_empty() || !why.contains(longest)), "{why}");
        }
    }
    let mut missing = rsa_settings(fresh);
    missing.rsa_private_key_path = Some(fresh.folder().join("missing.pem"));
    assert!(refusal(Keyring::open(&store, &missing, NOW).await).contains("missing.pem"));
    assert_eq!(store.signing_keys().await.unwrap().len(), 0);
}

async fn a_command_imports_a_key_once(fresh: &Fresh) {
    let store = fresh.store().await;
    let [one, other] = ours();
    let keyring = Keyring::open(&store, &with_content(fresh, &pkcs8(one)), NOW).await.unwrap();
    let first = keyring.import(&pkcs8(other), NOW, &recorder).await.unwrap();
    assert_eq!((first.phase.as_str(), first.imported), ("next", true));
    assert_eq!(kid(&keyring, "next").await, first.kid);
    let again = keyring.import(&STANDARD.encode(pkcs1(other)), NOW, &recorder).await.unwrap();
    assert_eq!((&again.kid, again.phase.as_str(), again.imported), (&first.kid, "next", false));
    let active = keyring.import(&pkcs1(one), NOW, &recorder).await.unwrap();
    assert_eq!((active.phase.as_str(), active.imported), ("active", false));
    refusal(keyring.import(&pkcs8(&rsa_key(1024)), NOW, &recorder).await);
    refusal(keyring.import("hunter2", NOW, &recorder).await);
    assert_eq!(standing(&keyring).await, ["RS256 active", "RS256 next", "RS256 retired"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_as_long_as_the_setting_says() {
    for (bits, brought) in [(3072, false), (4096, true)] {
        let fresh = Fresh::sqlite();
        // One of the longest is made, not two: the other one is brought along.
        let mut settings = if brought { with_content(&fresh, &pkcs8(&ours()[0])) } else { rsa_settings(&fresh) };
        settings.rsa_bits = bits;
        let started = Instant::now();
        let keyring = Keyring::open(&fresh.store().await, &settings, NOW).await.unwrap();
        eprintln!("{bits} bits: {:?}", started.elapsed());
        let next = kid(&keyring, "next").await;
        let body = keyring.ring().published().body.clone();
        let set: JwkSet = serde_json::from_slice(&body).unwrap();
        let key = set.keys.into_iter().find(|key| key.kid == next).unwrap();
        let PublicKey::Rsa { n, .. } = key.key else { panic!("it is no RSA key") };
        let modulus = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(n).unwrap();
        assert_eq!((modulus.len() * 8, modulus[0] >> 7), (bits, 1));
        keyring.rotate_in_emergency(NOW, &recorder).await.unwrap();
        let token = signed(&keyring, Algorithm::Rs256, NOW.plus(60)).await.unwrap();
        assert_eq!(signer(&token), next);
        assert!(verifies(&keyring, &token).await);
    }
}
