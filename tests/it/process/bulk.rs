//! A large import does not become a large process.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{Credentials, Home, Server};
use crate::harness::{Answer, Backend, stories};

stories![thirty_megabytes_of_accounts_take_no_thirty_megabytes];

/// Kibibytes that a process had in memory at most.
fn peak(server: &mut Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.program().id())).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

async fn imports(server: &Server, token: &str, file: String) -> Answer {
    let request = server.request(Method::POST, "/api/v1/admin/users/import").bearer_auth(token);
    let request = request.header("content-type", "application/x-ndjson").timeout(Duration::from_secs(100));
    let answer = Answer::read(request.body(file).send().await.expect("an answer")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

async fn thirty_megabytes_of_accounts_take_no_thirty_megabytes(backend: Backend) {
    const LINES: usize = 3_000;
    let home = Home::new(backend).await;
    let mut server = home.start().await;
    let create = ["client", "create", "--name", "Import", "--grant", "client_credentials", "--scope", "admin:users"];
    let client = Credentials::of(&home.json(&create).await);
    let token = server.token(&client).await;
    // Each line is as long as a line of a true file may be, and its profile longer than is taken.
    let profile = "x".repeat(22_000);
    let line = |number: usize, profile: &str| {
        let (username, email) = (format!("u{number}"), format!("u{number}@example.org"));
        let profile = if number.is_multiple_of(2) { json!({}) } else { json!({ "x": profile }) };
        format!("{}\n", json!({"username": username, "email": email, "profile": profile}))
    };
    imports(&server, &token, line(LINES, &profile)).await;
    let before = peak(&mut server);
    let file: String = (0..LINES).map(|number| line(number, &profile)).collect();
    assert!(file.len() > 30 * 1024 * 1024, "{}", file.len());
    let report = imports(&server, &token, file).await.json();
    assert_eq!((&report["imported"], &report["refused_lines"]), (&json!(LINES / 2), &json!(LINES / 2)));
    // The kernel counts in batches, so that a peak may seem to have sunk.
    let grown = peak(&mut server).saturating_sub(before);
    assert!(grown < 16 * 1024, "it grew by {grown} KiB");
}
