//! Slow, silent, idle and too many connections.

use std::time::{Duration, Instant};

use super::{Connection, Served, settings, within};
use countersign::config::Server;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

fn limited(header_timeout_seconds: u64, idle_timeout_seconds: u64) -> Server {
    Server { header_timeout_seconds, idle_timeout_seconds, ..settings() }
}

/// Sends one byte after the other until the other side has closed; says how long that took.
async fn trickle(connection: &mut Connection) -> Duration {
    let begin = Instant::now();
    let head = format!("GET /hello HTTP/1.1\r\nX-Slow: {}\r\n\r\n", "a".repeat(1_000));
    for byte in head.as_bytes() {
        if connection.0.write_all(&[*byte]).await.is_err() {
            break;
        }
        if !connection.is_silent_for(Duration::from_millis(100)).await {
            break;
        }
    }
    begin.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_trickles_loses_its_socket() {
    let served = Served::start(&limited(1, 60));
    let took = within(10, trickle(&mut served.connect().await)).await;
    assert!((900..3_000).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_trickles_after_a_good_request_loses_its_socket_too() {
    let served = Served::start(&limited(1, 60));
    let mut connection = served.connect().await;
    assert!(connection.get("/hello").await.ends_with("hello"));
    let took = within(10, trickle(&mut connection)).await;
    assert!((900..3_500).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_is_closed() {
    let served = Served::start(&limited(1, 60));
    let begin = Instant::now();
    served.connect().await.closed().await;
    assert!((900..3_000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_kept_for_the_idle_time_and_then_closed() {
    let served = Served::start(&limited(1, 3));
    let mut connection = served.connect().await;
    assert!(connection.get("/hello").await.ends_with("hello"));
    sleep(Duration::from_millis(1_800)).await;
    assert!(connection.get("/hello").await.ends_with("hello"), "longer than the head may take, shorter than idle");
    let begin = Instant::now();
    connection.closed().await;
    assert!((2_900..5_000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_http2_connection_is_closed() {
    let served = Served::start(&limited(1, 1));
    let client = reqwest::Client::builder().http2_prior_knowledge().build().expect("a client");
    within(5, client.get(served.url("/hello")).send()).await.expect("an answer");
    assert!(served.counters.encode().contains("countersign_connections 1\n"));
    let closed = async {
        while !served.counters.encode().contains("countersign_connections 0\n") {
            sleep(Duration::from_millis(50)).await;
        }
    };
    within(5, closed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_may_take_longer_than_heads_and_pauses() {
    let served = Served::start(&limited(1, 1));
    let mut connection = served.connect().await;
    connection.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    within(5, served.gate.entered.notified()).await;
    assert!(connection.is_silent_for(Duration::from_millis(2_500)).await);
    served.gate.opened.notify_one();
    assert!(connection.answer().await.ends_with("passed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_over_the_cap_wait_for_their_turn() {
    let served = Served::start(&Server { connections: 1, ..settings() });
    let mut first = served.connect().await;
    assert!(first.get("/hello").await.ends_with("hello"));
    let mut second = served.connect().await;
    second.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(second.is_silent_for(Duration::from_millis(500)).await, "no answer while the first is open");
    assert!(served.counters.encode().contains("countersign_connections 1\n"));
    drop(first);
    assert!(second.answer().await.ends_with("hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_without_end_is_refused() {
    let served = Served::start(&settings());
    let mut connection = served.connect().await;
    let head = format!("GET /hello HTTP/1.1\r\nX-Long: {}", "a".repeat(80 * 1024));
    let _ = connection.0.write_all(head.as_bytes()).await;
    assert!(connection.answer().await.starts_with("HTTP/1.1 431 "));
}
