//! Several processes on one database: who makes the keys, and who may not come in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use countersign::secret::random;

use super::home::files;
use super::{Credentials, Home, Server};
use crate::harness::{Backend, secrets, stories, tell};

stories![
    nodes_that_start_at_once_in_one_folder_have_the_same_keys,
    a_node_with_another_key_encryption_key_does_not_start,
    a_node_without_a_key_encryption_key_does_not_start_and_makes_none,
];

/// A key-encryption key as `openssl rand -base64 32` makes it.
pub fn key_encryption_key() -> String {
    let key = BASE64.encode(random::<32>());
    secrets::note(&key);
    key
}

/// Starts all at once, and proves that they are one installation.
async fn start_as_one(homes: &[Home]) {
    let mut nodes: Vec<Server> = homes.iter().map(Server::launch).collect();
    for node in &mut nodes {
        node.is_up().await;
    }
    let keys = homes[0].json(&["key", "list"]).await;
    let phases = |phase: &str| keys.as_array().expect("keys").iter().filter(|key| key["phase"] == phase).count();
    assert_eq!((phases("active"), phases("next"), keys.as_array().map(Vec::len)), (1, 1, Some(2)), "{keys}");
    let published = nodes[0].published().await;
    let create = ["client", "create", "--name", "N", "--grant", "client_credentials"];
    let client = Credentials::of(&homes[0].json(&create).await);
    let token = nodes[0].token(&client).await;
    for node in &nodes {
        assert_eq!(node.published().await, published);
        assert!(node.is_active(&client, &token).await);
        assert!(nodes[0].is_active(&client, &node.token(&client).await).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_on_an_empty_database_have_the_same_keys() {
    tell(async {
        let home = Home::new(Backend::Cluster).await;
        let home = home
            .with("COUNTERSIGN_KEYS__ENCRYPTION_KEYS", &key_encryption_key())
            .with("COUNTERSIGN_ISSUER", "https://id.example");
        let homes = [home.elsewhere(), home.elsewhere(), home.elsewhere(), home];
        start_as_one(&homes).await;
        assert!(homes.iter().all(|home| files(&home.path("keys")).is_empty()), "the set key is the only one");
    })
    .await;
}

/// The embedded ones share the file of the database, all of them the folder of the key-encryption key.
async fn nodes_that_start_at_once_in_one_folder_have_the_same_keys(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_ISSUER", "https://id.example");
    home.json(&["migrate", "up"]).await; // so that nobody waits for the tables, and all look for keys at the same time
    start_as_one(&[home.on_another_port(), home.on_another_port(), home.on_another_port(), home.clone()]).await;
}

async fn a_node_with_another_key_encryption_key_does_not_start(backend: Backend) {
    let home = Home::new(backend).await;
    home.start().await.stop("INT").await;
    let wrong = home.clone().with("COUNTERSIGN_KEYS__ENCRYPTION_KEYS", &key_encryption_key());
    let ran = Server::launch(&wrong).program().ended().await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.contains("countersign: the signing key "), "{ran:?}");
    assert!(ran.err.contains("which this node does not have"), "{ran:?}");
    let said = wrong.refused(&["client", "list"]).await;
    assert!(said.contains("which this node does not have"), "commands are no way around it: {said}");
    home.start().await;
}

async fn a_node_without_a_key_encryption_key_does_not_start_and_makes_none(backend: Backend) {
    let home = Home::new(backend).await;
    home.start().await.stop("INT").await;
    let without = home.clone().with("COUNTERSIGN_KEYS__DIRECTORY", "other-keys");
    let ran = Server::launch(&without).program().ended().await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.contains("other-keys holds no key-encryption key"), "{ran:?}");
    assert!(ran.err.contains("COUNTERSIGN_KEYS__ENCRYPTION_KEYS"), "it says what to do: {ran:?}");
    assert!(!home.path("other-keys").exists());
}
