//! Tokens by which clients register themselves, and the scopes that are open to them, by command.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Home, Server};
use crate::harness::{Answer, Backend, secrets, stories};

stories![
    a_token_is_made_shown_once_and_ended,
    a_scope_is_opened_and_closed_by_command,
    clients_of_a_token_without_pkce_are_named_by_the_doctor,
];

async fn register(server: &Server, token: &str, scope: &str) -> Answer {
    let metadata = json!({"redirect_uris": ["https://shop.example/callback"], "scope": scope});
    let request = server.request(Method::POST, "/oauth2/register").bearer_auth(token).json(&metadata);
    Answer::read(request.send().await.expect("an answer")).await
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name}: {value}")).to_owned()
}

/// The secrets of a client that was made may not stand in a log.
fn made(answer: &Answer) {
    assert_eq!(answer.status, 201, "{answer:?}");
    for secret in ["client_secret", "registration_access_token"] {
        secrets::note(&text(&answer.json(), secret));
    }
}

async fn a_token_is_made_shown_once_and_ended(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    home.json(&["scope", "create", "reports"]).await;
    let create = ["registration", "token", "create", "--uses", "3", "--expires-in", "600", "--scope", "reports"];
    let new = home.json(&create).await;
    let (token, id) = (text(&new, "token"), text(&new, "token_id"));
    secrets::note(&token);
    made(&register(&server, &token, "openid reports").await);
    let listed = home.json(&["registration", "token", "list"]).await;
    let told = (&listed[0]["token_id"], &listed[0]["uses_left"], &listed[0]["scope"]);
    assert_eq!(told, (&json!(id), &json!(2), &json!("reports")));
    assert!(!listed.to_string().contains(&token));
    home.json(&["registration", "token", "delete", &id]).await;
    assert_eq!(register(&server, &token, "openid").await.status, 401);
    assert_eq!(home.json(&["registration", "token", "list"]).await, json!([]));
    let said = home.refused(&["registration", "token", "delete", &id]).await;
    assert!(said.contains("there is no token"), "{said}");
    for scope in ["admin:users", "account", "nothing"] {
        let said = home.refused(&["registration", "token", "create", "--scope", scope]).await;
        assert!(said.contains(scope), "{said}");
    }
}

async fn a_scope_is_opened_and_closed_by_command(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let new = home.json(&["registration", "token", "create", "--uses", "9"]).await;
    let token = text(&new, "token");
    secrets::note(&token);
    assert_eq!(home.json(&["scope", "create", "reports"]).await["registrable"], false);
    assert_eq!(home.json(&["scope", "create", "invoices", "--registrable"]).await["registrable"], true);
    register(&server, &token, "reports").await.is_refused(400, "invalid_client_metadata");
    made(&register(&server, &token, "invoices").await);
    home.json(&["scope", "open", "reports"]).await;
    home.json(&["scope", "close", "invoices"]).await;
    made(&register(&server, &token, "reports").await);
    register(&server, &token, "invoices").await.is_refused(400, "invalid_client_metadata");
    for name in ["admin:users", "account", "nothing"] {
        home.refused(&["scope", "open", name]).await;
    }
}

async fn clients_of_a_token_without_pkce_are_named_by_the_doctor(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let mut clients = Vec::new();
    for more in [&[][..], &["--without-pkce"]] {
        let new = home.json(&[&["registration", "token", "create"], more].concat()).await;
        assert_eq!(new["without_pkce"], !more.is_empty());
        let listed = home.json(&["registration", "token", "list"]).await;
        assert_eq!((&listed[0]["token_id"], &listed[0]["without_pkce"]), (&new["token_id"], &new["without_pkce"]));
        let token = text(&new, "token");
        secrets::note(&token);
        let answer = register(&server, &token, "openid").await;
        made(&answer);
        clients.push(text(&answer.json(), "client_id"));
    }
    let warned = |findings: &Value, id: &str| {
        let findings = findings.as_array().expect("a list").clone();
        let about = format!("{id} gets codes without PKCE");
        findings.iter().any(|finding| finding["verdict"] == "warning" && text(finding, "message").contains(&about))
    };
    let findings = home.run(&["doctor", "--json"], &[]).await;
    let findings: Value = serde_json::from_str(&findings.out).expect("JSON");
    assert!(!warned(&findings, &clients[0]) && warned(&findings, &clients[1]), "{findings}");
}
