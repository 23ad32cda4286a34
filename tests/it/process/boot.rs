//! The first start, the second one, and what they leave on the disk and on the screen.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use super::clients::client_ids;
use super::{Credentials, Home, Server};
use crate::harness::{Backend, secrets, stories, tell};

stories![
    the_first_start_shows_a_line_that_gets_a_token,
    a_second_start_shows_no_secret_and_changes_no_key,
    a_program_is_greeted_in_json,
    the_log_is_json_on_standard_error_and_nowhere_else,
    an_issuer_that_others_reach_gets_no_client_but_a_hint,
    a_first_client_that_was_deleted_stays_away,
    a_taken_port_ends_the_start_with_a_sentence,
];

async fn the_first_start_shows_a_line_that_gets_a_token(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let (out, client, issuer) = (server.out(), server.first_client(), home.local_issuer());
    assert!(out.contains(&format!("  issuer  {issuer}\n")), "{out}");
    assert!(out.contains(&format!("  docs    {issuer}/docs\n")), "{out}");
    let line = out.lines().find(|line| line.trim().starts_with("curl ")).expect("a curl line");
    let mut shell = home.command("/bin/sh");
    shell.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).args(["-c", line.trim()]);
    let ran = home.begin(shell, &[]).ended().await;
    assert_eq!(ran.code, Some(0), "the line needs curl, and works when pasted: {ran:?}");
    let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
    let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("a token: {answer}"));
    secrets::note(token);
    assert!(server.is_active(&client, token).await);
    assert_eq!(server.get("/docs").await.status, 200);
}

async fn a_program_is_greeted_in_json(backend: Backend) {
    let home = Home::new(backend).await;
    let mut server = Server::of(&home, home.spawn(&["serve", "--json"], b""), "http");
    server.is_up().await;
    let greeting: Value = serde_json::from_str(&server.out()).expect("one JSON value and nothing else");
    assert_eq!(greeting["issuer"], home.local_issuer());
    assert_eq!(greeting["docs"], format!("{}/docs", home.local_issuer()));
    server.token(&Credentials::of(&greeting)).await;
}

async fn a_second_start_shows_no_secret_and_changes_no_key(backend: Backend) {
    let home = Home::new(backend).await;
    let first = home.start().await;
    let (client, keys) = (first.first_client(), first.get("/.well-known/jwks.json").await.body);
    assert!(!first.published().await.is_empty());
    assert_eq!(first.stop("INT").await.code, Some(0));
    let second = home.start().await;
    let out = second.out();
    assert!(out.contains(&home.local_issuer()), "{out}");
    assert!(!out.contains("secret") && !out.contains(&client.id) && !out.contains("cs_client_"), "{out}");
    assert_eq!(second.get("/.well-known/jwks.json").await.body, keys);
    second.token(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_writes_is_for_its_owner_alone() {
    tell(async {
        let home = Home::new(Backend::Embedded).await;
        let _server = home.start().await;
        let (mut seen, mut waiting) = (Vec::new(), vec![home.path("data"), home.path("keys")]);
        while let Some(path) = waiting.pop() {
            let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
            assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
            if path.is_dir() {
                waiting.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
            }
            seen.push(path);
        }
        assert!(seen.contains(&home.path("data/countersign.db")), "{seen:?}");
        assert!(seen.iter().any(|path| path.extension().is_some_and(|ending| ending == "kek")), "{seen:?}");
        let made = fs::read_dir(home.path("")).expect("a folder").count();
        assert_eq!(made, 2, "nothing else is made");
    })
    .await;
}

async fn the_log_is_json_on_standard_error_and_nowhere_else(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_LOG__LEVEL", "debug");
    let server = home.start().await;
    let client = server.first_client();
    server.token(&client).await;
    server.ask(&client.with_secret("not-the-secret-of-this-client"), &[]).await.is_refused(401, "invalid_client");
    let greeting = server.out();
    let ran = server.stop("INT").await;
    assert_eq!(ran.out, greeting, "nothing but the greeting is on standard output");
    let lines: Vec<Value> =
        ran.err.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("JSON: {line}"))).collect();
    for line in &lines {
        assert!(["timestamp", "level", "target", "message"].iter().all(|name| line[name].is_string()), "{line}");
    }
    for message in ["serving", "refused", "answered", "stopped"] {
        assert!(lines.iter().any(|line| line["message"] == message), "{message}: {lines:?}");
    }
}

async fn an_issuer_that_others_reach_gets_no_client_but_a_hint(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_ISSUER", "https://id.example");
    let server = home.start().await;
    let out = server.out();
    assert!(out.contains("https://id.example\n") && !out.contains("secret"), "{out}");
    let command = out.lines().find_map(|line| line.split_once("countersign client create")).expect("which command").1;
    assert_eq!(client_ids(&home.json(&["client", "list"]).await), ["first-party"]);
    let arguments: Vec<&str> = ["client", "create"].into_iter().chain(command.split_whitespace()).collect();
    let client = super::Credentials::of(&home.json(&arguments).await);
    server.token(&client).await;
}

async fn a_first_client_that_was_deleted_stays_away(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let client = server.first_client();
    home.json(&["client", "delete", &client.id]).await;
    server.stop("INT").await;
    let server = home.start().await;
    assert!(!server.out().contains("secret"), "{}", server.out());
    assert_eq!(client_ids(&home.json(&["client", "list"]).await), ["first-party"]);
}

async fn a_taken_port_ends_the_start_with_a_sentence(backend: Backend) {
    let home = Home::new(backend).await;
    let _first = home.start().await;
    let second = Server::launch(&home).program().ended().await;
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.err.contains(&format!("countersign: cannot listen on localhost port {}", home.port)), "{second:?}");
    assert_eq!(second.out, "", "nobody is greeted");
}
