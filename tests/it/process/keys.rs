//! Signing keys by command, at a server that runs meanwhile.

use josekit::jwk::alg::rsa::RsaKeyPair;
use serde_json::Value;

use super::{Home, Server};
use crate::harness::{Backend, forge::Parts, secrets, stories, tell};

stories![
    rotating_waits_until_verifiers_know_the_next_key,
    rotating_keeps_what_was_signed_good,
    an_emergency_ends_what_was_signed_at_once,
    an_imported_key_is_the_next_to_sign,
    only_a_retiring_key_whose_tokens_have_expired_can_be_retired,
    one_key_can_be_withdrawn_with_all_that_it_signed,
];

async fn in_phase(home: &Home, phase: &str) -> Vec<String> {
    let keys = home.json(&["key", "list"]).await;
    let keys = keys.as_array().expect("keys").iter().filter(|key| key["phase"] == phase);
    keys.map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

fn kid(token: &str) -> String {
    Parts::of(token).header["kid"].as_str().expect("a kid").to_owned()
}

/// Rotates, once the next key has been published for long enough.
async fn rotate(home: &Home) -> Value {
    home.sql("UPDATE signing_keys SET created_at = created_at - 360 WHERE phase = 'next'").await;
    home.json(&["key", "rotate"]).await
}

async fn rotating_waits_until_verifiers_know_the_next_key(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let before = (in_phase(&home, "active").await, in_phase(&home, "next").await);
    let said = home.refused(&["key", "rotate"]).await;
    assert!(said.contains(&format!("the next RS256 key {} has not been published for long enough", before.1[0])));
    assert!(said.contains("--emergency"), "{said}");
    let wait = said.split_once(" in ").and_then(|(_, rest)| rest.split_once(' ')).expect("for how long").0;
    assert!((1..=360).contains(&wait.parse::<u32>().expect("a number")), "{said}");
    assert_eq!((in_phase(&home, "active").await, in_phase(&home, "next").await), before);
    assert_eq!(server.published().await.len(), 2);
}

async fn rotating_keeps_what_was_signed_good(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let client = server.first_client();
    let token = server.token(&client).await;
    let (old, new) = (in_phase(&home, "active").await, in_phase(&home, "next").await);
    assert_eq!(kid(&token), old[0]);
    let done = rotate(&home).await;
    let next = in_phase(&home, "next").await;
    let said = serde_json::json!([{"algorithm": "RS256", "active": new[0], "before": old[0], "next": next[0]}]);
    assert_eq!(done, said);
    assert_eq!((in_phase(&home, "retiring").await, in_phase(&home, "active").await), (old.clone(), new.clone()));
    server.soon("the new key signs", async || kid(&server.token(&client).await) == new[0]).await;
    server
        .soon("all three are published", async || {
            let published = server.published().await;
            [&old, &new, &next].iter().all(|key| published.contains(&key[0]))
        })
        .await;
    assert!(server.is_active(&client, &token).await);
}

async fn an_emergency_ends_what_was_signed_at_once(backend: Backend) {
    let home = Home::new(backend).await;
    let (server, other) = (home.start().await, home.on_another_port());
    let other = other.with("COUNTERSIGN_ISSUER", &home.local_issuer()).start().await;
    let client = server.first_client();
    let token = server.token(&client).await;
    assert!(server.is_active(&client, &token).await && other.is_active(&client, &token).await);
    let (old, new) = (in_phase(&home, "active").await, in_phase(&home, "next").await);
    home.json(&["key", "rotate", "--emergency"]).await;
    assert!(!server.is_active(&client, &token).await, "at once");
    assert!(!other.is_active(&client, &token).await, "at once, everywhere");
    assert_eq!((in_phase(&home, "withdrawn").await, in_phase(&home, "active").await), (old.clone(), new.clone()));
    let withdrawn = async |node: &Server| !node.published().await.contains(&old[0]);
    server.soon("the key set changes", async || withdrawn(&server).await && withdrawn(&other).await).await;
    server.soon("the new key signs", async || kid(&server.token(&client).await) == new[0]).await;
    assert!(server.is_active(&client, &server.token(&client).await).await);
    let next = in_phase(&home, "next").await;
    server.soon("there is a next one again", async || server.published().await.contains(&next[0])).await;
}

/// An RSA key as operators bring it.
fn pem(bits: u32) -> String {
    let pem = RsaKeyPair::generate(bits).expect("a key").to_pem_private_key();
    let pem = String::from_utf8(pem).expect("text");
    pem.lines().filter(|line| line.len() > 16 && !line.starts_with('-')).for_each(secrets::note);
    pem
}

async fn an_imported_key_is_the_next_to_sign(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let (by_file, by_input) = (pem(2048), pem(3072));
    home.write("key.pem", &by_file);
    let first = home.json(&["key", "import", "key.pem"]).await;
    assert_eq!((&first["phase"], &first["imported"]), (&"next".into(), &true.into()), "{first}");
    assert_eq!(in_phase(&home, "next").await, [first["kid"].as_str().expect("a kid")]);
    let again = home.json(&["key", "import", "key.pem"]).await;
    assert_eq!((&again["kid"], &again["imported"]), (&first["kid"], &false.into()), "{again}");
    let second = home.json_from(&["key", "import", "-"], by_input.as_bytes()).await;
    let kid_of_second = second["kid"].as_str().expect("a kid");
    assert_eq!(in_phase(&home, "next").await, [kid_of_second], "it takes the place of the other one");
    rotate(&home).await;
    let client = server.first_client();
    server.soon("it signs", async || kid(&server.token(&client).await) == kid_of_second).await;
    let (small, whole) = (pem(1024), "-----BEGIN PRIVATE KEY-----\nbm9uc2Vuc2U=\n-----END PRIVATE KEY-----");
    for (bad, part) in [(small.as_str(), "1024 bits is refused"), (whole, "not an unencrypted RSA"), ("?", "neither")] {
        let said = home.refused_from(&["key", "import", "-"], bad.as_bytes()).await;
        assert!(said.contains(part), "{said}");
    }
    assert!(home.refused(&["key", "import", "nowhere.pem"]).await.contains("nowhere.pem"));
}

async fn only_a_retiring_key_whose_tokens_have_expired_can_be_retired(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    server.token(&server.first_client()).await;
    let active = in_phase(&home, "active").await.remove(0);
    assert!(home.refused(&["key", "retire", &active]).await.contains("only a retiring key can be retired"));
    assert!(home.refused(&["key", "retire", "nothing"]).await.contains("there is no signing key nothing"));
    rotate(&home).await;
    let said = home.refused(&["key", "retire", &active]).await;
    assert!(said.contains("may live for") && said.contains("--emergency"), "{said}");
    home.sql("UPDATE signing_keys SET covers_until = 1 WHERE phase = 'retiring'").await;
    let retired = home.json(&["key", "retire", &active]).await;
    assert_eq!(retired, serde_json::json!({"kid": active, "phase": "retired"}));
    server.soon("it is published no longer", async || !server.published().await.contains(&active)).await;
}

async fn one_key_can_be_withdrawn_with_all_that_it_signed(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let client = server.first_client();
    let token = server.token(&client).await;
    let (active, next) = (in_phase(&home, "active").await.remove(0), in_phase(&home, "next").await.remove(0));
    let said = home.refused(&["key", "retire", "--emergency", &active]).await;
    assert!(said.contains("`key rotate --emergency` withdraws a key that signs"), "{said}");
    assert!(server.is_active(&client, &token).await);
    home.json(&["key", "retire", "--emergency", &next]).await;
    server.soon("another one is next", async || !server.published().await.contains(&next)).await;
    rotate(&home).await;
    assert!(server.is_active(&client, &token).await, "its key retires");
    let withdrawn = home.json(&["key", "retire", "--emergency", &active]).await;
    assert_eq!(withdrawn, serde_json::json!({"kid": active, "phase": "withdrawn"}));
    assert!(!server.is_active(&client, &token).await, "at once");
    server.soon("it is published no longer", async || !server.published().await.contains(&active)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_settings_signs_from_the_first_start_on() {
    tell(async {
        let home = Home::new(Backend::Embedded).await;
        let key = home.write("key.pem", &pem(2048));
        let home = home.with("RSA_PRIVATE_KEY_PATH", key.to_str().expect("text"));
        let server = home.start().await;
        let keys = home.json(&["key", "list"]).await;
        let active = keys.as_array().expect("keys").iter().find(|key| key["phase"] == "active").expect("one");
        assert_eq!(active["origin"], "imported", "{keys}");
        assert_eq!(kid(&server.token(&server.first_client()).await), active["kid"].as_str().expect("a kid"));
    })
    .await;
}
