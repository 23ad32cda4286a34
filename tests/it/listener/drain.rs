//! The orderly end: what is under way is finished, within a limit.

use std::time::{Duration, Instant};

use super::{Served, settings, within};
use countersign::config::Server;
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_finished_and_nobody_new_is_let_in() {
    let mut served = Served::start(&settings());
    let mut connection = served.connect().await;
    connection.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    within(5, served.gate.entered.notified()).await;
    served.stop();
    let refused = async {
        while TcpStream::connect(served.addresses[0]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(5, refused).await;
    assert!(!served.task.is_finished(), "waits for the request");
    served.gate.opened.notify_one();
    let answer = connection.answer().await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("passed"), "{answer}");
    connection.closed().await;
    within(5, served.task).await.expect("ends by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http2_request_under_way_is_finished() {
    let mut served = Served::start(&settings());
    let client = reqwest::Client::builder().http2_prior_knowledge().build().expect("a client");
    let request = tokio::spawn(client.get(served.url("/gate")).send());
    within(5, served.gate.entered.notified()).await;
    served.stop();
    tokio::time::sleep(Duration::from_millis(200)).await;
    served.gate.opened.notify_one();
    let answer = within(5, request).await.expect("no panic").expect("an answer");
    assert_eq!(answer.text().await.expect("a body"), "passed");
    within(5, served.task).await.expect("ends by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_do_not_hold_up_the_end() {
    let mut served = Served::start(&settings());
    let (mut used, mut unused) = (served.connect().await, served.connect().await);
    assert!(used.get("/hello").await.ends_with("hello"));
    served.stop();
    within(2, served.task).await.expect("ends at once");
    used.closed().await;
    unused.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_in_time_is_cut_off() {
    let mut served = Served::start(&Server { shutdown_seconds: 1, ..settings() });
    let mut connection = served.connect().await;
    connection.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    within(5, served.gate.entered.notified()).await;
    let begin = Instant::now();
    served.stop();
    within(5, served.task).await.expect("ends by itself");
    assert!((900..3_000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
    connection.closed().await;
}
