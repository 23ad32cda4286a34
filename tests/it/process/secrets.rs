//! The secrets of a client by command: several at once, each with an end of its own.

use super::clients::SERVICE;
use super::{Credentials, Home};
use crate::harness::{A_WHILE, Backend, stories, within};

stories![
    a_secret_is_replaced_without_a_pause,
    a_secret_with_an_end_ends_by_itself,
    a_deleted_secret_ends_at_once,
    secrets_are_for_confidential_clients_that_exist,
];

async fn add(home: &Home, client: &Credentials, more: &[&str]) -> (Credentials, String) {
    let added = home.json(&[&["client", "secret", "add", &client.id], more].concat()).await;
    let id = added["secret_id"].as_str().expect("an id").to_owned();
    (client.with_secret(added["client_secret"].as_str().expect("a secret")), id)
}

async fn a_secret_is_replaced_without_a_pause(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let old = Credentials::of(&home.json(&SERVICE).await);
    let (new, _) = add(&home, &old, &["--others-expire-in", "3"]).await;
    server.token(&new).await;
    server.token(&old).await;
    within(A_WHILE, "the old secret ends", async || {
        server.token(&new).await;
        server.ask(&old, &[]).await.status == 401
    })
    .await;
    let (newest, _) = add(&home, &old, &["--others-expire-in", "0"]).await;
    server.ask(&new, &[]).await.is_refused(401, "invalid_client");
    server.token(&newest).await;
}

async fn a_secret_with_an_end_ends_by_itself(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let lasting = Credentials::of(&home.json(&SERVICE).await);
    let (short, _) = add(&home, &lasting, &["--expires-in", "3"]).await;
    server.token(&short).await;
    within(A_WHILE, "the secret ends", async || server.ask(&short, &[]).await.status == 401).await;
    server.token(&lasting).await;
}

async fn a_deleted_secret_ends_at_once(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let first = Credentials::of(&home.json(&SERVICE).await);
    let (second, id) = add(&home, &first, &["--expires-in", "3600"]).await;
    server.token(&second).await;
    let list = home.json(&["client", "secret", "list", &first.id]).await;
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), 2);
    let listed = list.iter().find(|secret| secret["secret_id"] == id.as_str()).expect("it is listed");
    let lives = listed["expires_at"].as_i64().expect("a time") - listed["created_at"].as_i64().expect("a time");
    assert_eq!(lives, 3600);
    let text = format!("{list:?}");
    assert!(!text.contains(&first.secret) && !text.contains(&second.secret), "without their text");
    home.json(&["client", "secret", "delete", &first.id, &id]).await;
    server.ask(&second, &[]).await.is_refused(401, "invalid_client");
    server.token(&first).await;
    assert!(home.refused(&["client", "secret", "delete", &first.id, &id]).await.contains("has no secret"));
}

async fn secrets_are_for_confidential_clients_that_exist(backend: Backend) {
    let home = Home::new(backend).await;
    let create = ["client", "create", "--name", "Native", "--grant", "authorization_code", "--public"];
    let public = home.json(&[&create[..], &["--redirect-uri", "http://127.0.0.1/callback"]].concat()).await;
    let public = public["client_id"].as_str().expect("an id");
    assert!(home.refused(&["client", "secret", "add", public]).await.contains("a public client has no secret"));
    assert!(home.refused(&["client", "secret", "add", "nobody"]).await.contains("there is no client"));
    assert!(home.refused(&["client", "secret", "list", "nobody"]).await.contains("there is no client nobody"));
    let client = Credentials::of(&home.json(&SERVICE).await);
    for option in ["--expires-in=-1", "--others-expire-in=-1"] {
        let said = home.refused(&["client", "secret", "add", &client.id, option]).await;
        assert!(said.contains("cannot be negative"), "{said}");
    }
}
