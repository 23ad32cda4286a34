//! Clients by command, at a server that runs meanwhile.

use countersign::time::Clock;
use serde_json::{Value, json};

use super::{Credentials, Home};
use crate::harness::client_key::{ASSERTION_TYPE, ClientKey, assertion};
use crate::harness::{Backend, TOKEN, stories, tell};

stories![
    a_new_client_gets_a_token_within_a_second,
    disabling_a_client_is_in_force_at_once,
    deleting_a_client_is_in_force_at_once,
    everything_that_was_said_of_a_client_is_kept,
    a_client_with_keys_has_no_secret,
    a_client_is_described_in_the_words_of_rfc_7591,
    what_a_client_registered_is_replaced_within_a_second,
    a_grant_that_is_not_served_is_stored_and_refused_when_used,
    what_cannot_be_registered_leaves_nothing_behind,
];

pub const SERVICE: [&str; 6] = ["client", "create", "--name", "Service", "--grant", "client_credentials"];

/// The ids in a list of clients.
pub fn client_ids(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|client| client["client_id"].as_str().expect("an id")).collect()
}

async fn a_new_client_gets_a_token_within_a_second(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let client = Credentials::of(&home.json(&SERVICE).await);
    server.soon("a token", async || server.ask(&client, &[]).await.status == 200).await;
    let shorter = [&SERVICE[..], &["--access-token-lifetime", "77"]].concat();
    let shorter = Credentials::of(&home.json(&shorter).await);
    assert_eq!(server.ask(&shorter, &[]).await.json()["expires_in"], 77);
}

/// A client, and another one that is told of the first one's tokens.
async fn watched(home: &Home) -> (Credentials, Credentials) {
    let watcher = Credentials::of(&home.json(&SERVICE).await);
    home.json(&["resource", "create", "https://api.example", "--introspector", &watcher.id]).await;
    let create = [&SERVICE[..], &["--audience", "https://api.example"]].concat();
    (Credentials::of(&home.json(&create).await), watcher)
}

async fn disabling_a_client_is_in_force_at_once(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let (client, watcher) = watched(&home).await;
    let token = server.token(&client).await;
    server.soon("the watcher is known", async || server.is_active(&watcher, &token).await).await;
    let disabled = home.json(&["client", "disable", &client.id]).await;
    assert_eq!(disabled["client_id"], client.id);
    server.ask(&client, &[]).await.is_refused(401, "invalid_client");
    assert!(!server.is_active(&watcher, &token).await, "its tokens ended with it");
    assert!(home.json(&["client", "show", &client.id]).await["disabled_at"].is_i64());
    home.json(&["client", "enable", &client.id]).await;
    server.token(&client).await;
    for command in ["disable", "enable", "delete", "show"] {
        let said = home.refused(&["client", command, "nobody"]).await;
        assert!(said.contains("there is no client nobody"), "{command}: {said}");
    }
}

async fn deleting_a_client_is_in_force_at_once(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let (client, watcher) = watched(&home).await;
    let token = server.token(&client).await;
    server.soon("the watcher is known", async || server.is_active(&watcher, &token).await).await;
    home.json(&["client", "delete", &client.id]).await;
    server.ask(&client, &[]).await.is_refused(401, "invalid_client");
    assert!(!server.is_active(&watcher, &token).await, "its tokens ended with it");
    let list = home.json(&["client", "list"]).await;
    assert!(list.as_array().expect("a list").iter().all(|row| row["client_id"] != client.id), "{list}");
    assert!(home.refused(&["client", "delete", &client.id]).await.contains("there is no client"));
}

async fn everything_that_was_said_of_a_client_is_kept(backend: Backend) {
    let home = Home::new(backend).await;
    for scope in ["a:read", "a:write"] {
        home.json(&["scope", "create", scope]).await;
    }
    let more = [
        ["--grant", "authorization_code"],
        ["--scope", "a:read"],
        ["--scope", "a:write"],
        ["--audience", "https://one.example"],
        ["--audience", "https://two.example"],
        ["--redirect-uri", "https://app.example/callback"],
        ["--auth-method", "client_secret_post"],
        ["--access-token-lifetime", "120"],
        ["--application-type", "native"],
    ];
    let created = home.json(&[&SERVICE[..], more.as_flattened()].concat()).await;
    let client = Credentials::of(&created);
    assert!(client.secret.starts_with("cs_client_"), "secret scanners know it");
    assert_eq!(created["client_secret_expires_at"], 0);
    let shown = home.json(&["client", "show", &client.id]).await;
    assert!(!shown.to_string().contains("secret\":\""), "shown once: {shown}");
    let said = json!({
        "client_name": "Service",
        "grant_types": ["client_credentials", "authorization_code"],
        "scope": "a:read a:write",
        "audience": ["https://one.example", "https://two.example"],
        "redirect_uris": ["https://app.example/callback"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_post",
        "access_token_lifetime": 120,
        "application_type": "native",
    });
    for (name, value) in said.as_object().expect("an object") {
        assert_eq!((&created[name], &shown[name]), (value, value), "{name}");
    }
    let server = home.start().await;
    let form =
        [("grant_type", "client_credentials"), ("client_id", &client.id), ("client_secret", client.secret.as_str())];
    let request = server.request(reqwest::Method::POST, TOKEN).form(&form);
    let answer = crate::harness::Answer::read(request.send().await.expect("an answer")).await.json();
    assert_eq!((&answer["expires_in"], &answer["scope"]), (&120.into(), &"a:read a:write".into()));
    server.ask(&client, &[]).await.is_refused(401, "invalid_client");
}

async fn a_client_with_keys_has_no_secret(backend: Backend) {
    let home = Home::new(backend).await;
    let key = ClientKey::new("ES256", "mine");
    home.write("keys.json", &ClientKey::set(&[&key]).to_string());
    let created = home.json(&[&SERVICE[..], &["--jwks", "keys.json"]].concat()).await;
    assert!(created.get("client_secret").is_none(), "{created}");
    assert_eq!(created["token_endpoint_auth_method"], "private_key_jwt");
    let id = created["client_id"].as_str().expect("an id");
    let server = home.start().await;
    let text = key.signs(&assertion(&home.local_issuer(), id, Clock::System.now()));
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", text.as_str()),
    ];
    let request = server.request(reqwest::Method::POST, TOKEN).form(&form);
    let answer = crate::harness::Answer::read(request.send().await.expect("an answer")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let elsewhere = [&SERVICE[..], &["--jwks-uri", "https://service.example/keys"]].concat();
    assert_eq!(home.json(&elsewhere).await["jwks_uri"], "https://service.example/keys");
    let said = home.refused(&["client", "secret", "add", id]).await;
    assert!(said.contains("has no secret"), "{said}");
    home.write("keys.json", &json!({"keys": [key.private]}).to_string());
    for (refused, why) in [
        (["--jwks", "keys.json"].as_slice(), "private key"),
        (&["--jwks", "nothing.json"], "nothing.json"),
        (&["--auth-method", "private_key_jwt"], "jwks"),
        (&["--jwks-uri", "http://service.example/keys"], "jwks_uri"),
    ] {
        let said = home.refused(&[&SERVICE[..], refused].concat()).await;
        assert!(said.contains(why), "{refused:?}: {said}");
    }
}

async fn a_client_is_described_in_the_words_of_rfc_7591(backend: Backend) {
    let home = Home::new(backend).await;
    let metadata = json!({
        "client_name": "Nightly import",
        "grant_types": ["client_credentials"],
        "response_types": [],
        "token_endpoint_auth_method": "client_secret_basic",
        "contacts": ["ops@example.com"],
        "client_uri": "https://import.example",
        "software_id": "of no interest here",
    });
    let created = home.json_from(&["client", "create", "--from", "-"], metadata.to_string().as_bytes()).await;
    home.write("client.json", &metadata.to_string());
    let by_file = home.json(&["client", "create", "--from", "client.json"]).await;
    for name in ["client_name", "grant_types", "response_types", "contacts", "client_uri"] {
        assert_eq!((&created[name], &by_file[name]), (&metadata[name], &metadata[name]), "{name}");
    }
    assert!(created.get("software_id").is_none(), "{created}");
    let server = home.start().await;
    server.token(&Credentials::of(&created)).await;
    server.token(&Credentials::of(&by_file)).await;
}

async fn what_a_client_registered_is_replaced_within_a_second(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let client = Credentials::of(&home.json(&SERVICE).await);
    assert_eq!(server.ask(&client, &[]).await.json()["expires_in"], 900);
    let update = ["client", "update", &client.id, "--from", "-"];
    let metadata = json!({"client_name": "New", "grant_types": ["client_credentials"], "access_token_lifetime": 60});
    let updated = home.json_from(&update, metadata.to_string().as_bytes()).await;
    assert_eq!((&updated["client_name"], &updated["client_id"]), (&"New".into(), &client.id.as_str().into()));
    server.soon("it holds", async || server.ask(&client, &[]).await.json()["expires_in"] == 60).await;
    let other_method = json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"});
    for (document, part) in [(other_method.to_string(), "stays so"), ("{".to_owned(), "JSON object")] {
        let said = home.refused_from(&update, document.as_bytes()).await;
        assert!(said.contains(part), "{said}");
    }
    let nobody = ["client", "update", "nobody", "--from", "-"];
    let said = home.refused_from(&nobody, metadata.to_string().as_bytes()).await;
    assert!(said.contains("there is no client nobody"), "{said}");
    home.json(&["client", "disable", &client.id]).await;
    home.json_from(&update, metadata.to_string().as_bytes()).await;
    server.ask(&client, &[]).await.is_refused(401, "invalid_client");
}

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn a_grant_that_is_not_served_is_stored_and_refused_when_used(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let create = ["client", "create", "--name", "App", "--grant", DEVICE_CODE, "--scope", "openid"];
    let created = home.json(&create).await;
    assert_eq!(created["grant_types"], json!([DEVICE_CODE]));
    let client = Credentials::of(&created);
    let form = [("grant_type", DEVICE_CODE), ("device_code", "a-code")];
    server.post(&client, TOKEN, &form).await.is_refused(400, "unsupported_grant_type");
    server.ask(&client, &[]).await.is_refused(400, "unauthorized_client");
    let public = ["client", "create", "--name", "Native", "--grant", "authorization_code", "--public"];
    let public = home.json(&[&public[..], &["--redirect-uri", "http://127.0.0.1/callback"]].concat()).await;
    assert_eq!(public["token_endpoint_auth_method"], "none");
    assert!(public.get("client_secret").is_none(), "{public}");
}

async fn what_cannot_be_registered_leaves_nothing_behind(backend: Backend) {
    let home = Home::new(backend).await;
    let cases: &[(&[&str], &str)] = &[
        (&["--scope", "a:red"], "there is no scope a:red: `countersign scope create` makes one"),
        (&["--scope", "two\"quotes"], "scope"),
        (&["--audience", "not a uri"], "audience"),
        (&["--auth-method", "private_key_jwt"], "private_key_jwt"),
        (&["--auth-method", "guess"], "token_endpoint_auth_method"),
        (&["--public"], "client_credentials is for clients with a secret"),
        (&["--redirect-uri", "http://app.example/callback"], "redirect"),
        (&["--access-token-lifetime", "0"], "access_token_lifetime"),
        (&["--grant", "wish"], "grant_types"),
    ];
    for (more, part) in cases {
        let said = home.refused(&[&SERVICE[..], more].concat()).await;
        assert!(said.contains(part), "{more:?}: {said}");
    }
    let logo = r#"{"redirect_uris":["https://shop.example/cb"],"logo_uri":"https://*.example/logo.png"}"#;
    for (document, part) in [
        ("[]", "not a JSON object"),
        ("{\"grant_types\":1}", "grant_types"),
        ("{", "JSON object"),
        (logo, "logo_uri: a content security policy has no name for its host"),
    ] {
        let said = home.refused_from(&["client", "create", "--from", "-"], document.as_bytes()).await;
        assert!(said.contains(part), "{document}: {said}");
    }
    let said = home.refused(&["client", "create", "--from", "nowhere.json"]).await;
    assert!(said.contains("nowhere.json"), "{said}");
    assert_eq!(client_ids(&home.json(&["client", "list"]).await), ["first-party"], "the built-in one");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_clients_than_a_page_are_all_listed() {
    tell(async {
        let home = Home::new(Backend::Embedded).await;
        home.json(&["migrate", "up"]).await;
        home.sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450) \
             INSERT INTO clients SELECT 'c' || i, 'C', 'none', '{}', NULL, 1, 1 FROM n",
        )
        .await;
        assert_eq!(home.json(&["client", "list"]).await.as_array().map(Vec::len), Some(451), "and the built-in one");
    })
    .await;
}
