//! The end: in order, at once, or by force.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Credentials, Home, Server};
use crate::harness::{A_WHILE, Backend, stories, within};

stories![
    sigterm_drains_and_then_ends,
    a_request_under_way_is_finished,
    a_request_that_does_not_finish_is_cut_off,
    sigint_does_not_wait,
    a_second_signal_ends_the_draining,
    what_was_answered_survives_a_kill,
];

async fn drains(server: &Server) {
    within(A_WHILE, "the node says that it drains", async || {
        let ready = server.get("/health/ready").await;
        ready.status == 503 && ready.json()["status"] == "draining"
    })
    .await;
}

async fn sigterm_drains_and_then_ends(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_SERVER__DRAIN_SECONDS", "3");
    let mut server = home.start().await;
    let client = server.first_client();
    let begin = Instant::now();
    server.program().signal("TERM");
    drains(&server).await;
    while begin.elapsed() < Duration::from_millis(2_000) {
        server.token(&client).await;
        assert_eq!(server.get("/health/ready").await.status, 503);
        assert_eq!(server.get("/health/live").await.status, 200, "a restart would not help");
    }
    let ran = server.program().ended().await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let took = begin.elapsed();
    assert!((Duration::from_secs(3)..Duration::from_secs(15)).contains(&took), "{took:?}");
}

/// A token request that has reached its endpoint, and of which the last byte is missing.
async fn unfinished(home: &Home, client: &Credentials) -> TcpStream {
    let (body, basic) = ("grant_type=client_credentials", BASE64.encode(format!("{}:{}", client.id, client.secret)));
    let head = format!(
        "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {basic}\r\nExpect: 100-continue\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", home.port)).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("bytes can be sent");
    let mut wanted = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    let read = tokio::time::timeout(A_WHILE, stream.read_exact(&mut wanted)).await;
    read.expect("in time").expect("the endpoint asks for the body");
    stream.write_all(&body.as_bytes()[..body.len() - 1]).await.expect("bytes can be sent");
    stream
}

async fn nobody_new_is_let_in(home: &Home) {
    within(A_WHILE, "the listener closes", async || TcpStream::connect(("127.0.0.1", home.port)).await.is_err()).await;
}

async fn a_request_under_way_is_finished(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_SERVER__DRAIN_SECONDS", "1");
    let mut server = home.start().await;
    let mut stream = unfinished(&home, &server.first_client()).await;
    server.program().signal("TERM");
    nobody_new_is_let_in(&home).await;
    assert!(!server.program().has_ended(), "it waits for the request");
    stream.write_all(b"s").await.expect("bytes can be sent");
    let mut answer = String::new();
    let read = tokio::time::timeout(A_WHILE, stream.read_to_string(&mut answer)).await;
    read.expect("in time").expect("an answer and an end");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("access_token"), "answered");
    assert_eq!(server.program().ended().await.code, Some(0));
}

async fn a_request_that_does_not_finish_is_cut_off(backend: Backend) {
    let home = Home::new(backend).await;
    let home =
        home.with("COUNTERSIGN_SERVER__SHUTDOWN_SECONDS", "1").with("COUNTERSIGN_SERVER__BODY_TIMEOUT_SECONDS", "300");
    let mut server = home.start().await;
    let _stream = unfinished(&home, &server.first_client()).await;
    let begin = Instant::now();
    server.program().signal("INT");
    let ran = server.program().ended().await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let took = begin.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(12)).contains(&took), "{took:?}");
}

async fn sigint_does_not_wait(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_SERVER__DRAIN_SECONDS", "300");
    let ran = home.start().await.stop("INT").await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

async fn a_second_signal_ends_the_draining(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_SERVER__DRAIN_SECONDS", "300");
    let mut server = home.start().await;
    server.program().signal("TERM");
    drains(&server).await;
    let ran = server.stop("TERM").await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

async fn what_was_answered_survives_a_kill(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let client = server.first_client();
    let (ended, good) = (server.token(&client).await, server.token(&client).await);
    server.revoke(&client, &ended).await;
    let ran = server.stop("KILL").await;
    assert_eq!(ran.code, None, "killed: {ran:?}");
    let server = home.start().await;
    assert!(!server.is_active(&client, &ended).await, "it was answered that this one has ended");
    assert!(server.is_active(&client, &good).await);
    server.token(&client).await;
}
