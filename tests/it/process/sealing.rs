//! Key-encryption keys are replaced while nodes run; nothing else changes with them.

use std::fs;

use super::Home;
use super::home::files;
use super::nodes::key_encryption_key;
use crate::harness::{Backend, stories};

stories![
    a_new_key_in_the_folder_replaces_the_old_one_while_the_server_runs,
    a_new_key_in_the_settings_replaces_the_old_one_node_by_node,
];

const SETTING: &str = "COUNTERSIGN_KEYS__ENCRYPTION_KEYS";

async fn a_new_key_in_the_folder_replaces_the_old_one_while_the_server_runs(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let client = server.first_client();
    let (token, published) = (server.token(&client).await, server.published().await);
    let old = files(&home.path("keys"));
    let resealed = home.json(&["key", "reseal", "--new-key"]).await;
    assert!(resealed["resealed"].as_u64().is_some_and(|count| count >= 4), "keys and values: {resealed}");
    let all = files(&home.path("keys"));
    assert_eq!((old.len(), all.len()), (1, 2));
    assert_eq!(home.json(&["key", "reseal"]).await["resealed"], 0, "nothing is left to do");
    fs::remove_file(&old[0]).expect("the old one can go");
    assert!(server.is_active(&client, &token).await, "the server goes on");
    assert_eq!(server.published().await, published, "no signing key has changed");
    home.json(&["key", "rotate", "--emergency"]).await;
    let changed = async || server.published().await != published && server.ask(&client, &[]).await.status == 200;
    server.soon("the server opens what is sealed under the new one", changed).await;
    let token = server.token(&client).await;
    assert!(server.is_active(&client, &token).await);
    server.stop("INT").await;
    let server = home.start().await;
    assert!(server.is_active(&client, &token).await, "a secret and a token from before");
}

async fn a_new_key_in_the_settings_replaces_the_old_one_node_by_node(backend: Backend) {
    let (old, new) = (key_encryption_key(), key_encryption_key());
    let home = Home::new(backend).await.with("COUNTERSIGN_ISSUER", "https://id.example").with(SETTING, &old);
    let first = home.start().await;
    let said = home.refused(&["key", "reseal", "--new-key"]).await;
    assert!(said.contains(SETTING), "a command cannot change the environment: {said}");
    let client = super::Credentials::of(&home.json(&super::clients::SERVICE).await);
    let token = first.token(&client).await;
    let both = home.on_another_port().with(SETTING, &format!("{new},{old}"));
    let second = both.start().await;
    drop(first);
    assert!(both.json(&["key", "reseal"]).await["resealed"].as_u64().is_some_and(|count| count >= 4));
    let only = home.on_another_port().with(SETTING, &new);
    let third = only.start().await;
    for node in [&second, &third] {
        assert!(node.is_active(&client, &token).await);
        assert!(third.is_active(&client, &node.token(&client).await).await);
    }
    assert!(
        home.refused(&["key", "list"]).await.contains("which this node does not have"),
        "the old one opens nothing"
    );
}
