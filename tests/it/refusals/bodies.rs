//! Bodies that are too large, or too slow.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Bad;
use crate::harness::{Backend, raw, stories};

stories![
    a_body_of_64_kibibytes_is_read_and_no_more,
    a_body_that_does_not_arrive_is_not_waited_for,
    a_body_that_breaks_off_is_refused,
];

const LONGEST: usize = 64 * 1024;

impl Bad {
    /// The head of a request of the client, with what it says of its body.
    fn head(&self, path: &str, of_body: &str) -> String {
        let credentials = BASE64.encode(format!("{}:{}", self.client.id, self.client.secret));
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {credentials}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n{of_body}\r\n\r\n"
        )
    }
}

async fn a_body_of_64_kibibytes_is_read_and_no_more(backend: Backend) {
    let bad = Bad::start(backend).await;
    for (path, (name, value)) in bad.endpoints() {
        let form = format!("{name}={value}&more=");
        let fitting = format!("{form}{}", "a".repeat(LONGEST - form.len()));
        let announced = format!("Content-Length: {}", fitting.len());
        let answer = raw::send(&bad.world, format!("{}{fitting}", bad.head(path, &announced)).as_bytes()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        // Nothing of it needs to arrive.
        let announced = format!("Content-Length: {}", LONGEST + 1);
        let too_large = raw::send(&bad.world, bad.head(path, &announced).as_bytes()).await;
        let head = bad.head(path, "Transfer-Encoding: chunked");
        let chunked = format!("{head}{:x}\r\n{fitting}a\r\n", fitting.len() + 1);
        let chunked = raw::send(&bad.world, chunked.as_bytes()).await;
        for answer in [too_large, chunked] {
            answer.is_refused(413, "invalid_request");
            answer.never_says(&bad.kept());
        }
    }
    bad.client.token(&bad.world).await;
}

async fn a_body_that_does_not_arrive_is_not_waited_for(backend: Backend) {
    let bad = Bad::start(backend).await;
    for (path, (name, value)) in bad.endpoints() {
        let half = format!("{}{name}={value}", bad.head(path, "Content-Length: 60000"));
        let started = Instant::now();
        let answer = raw::send(&bad.world, half.as_bytes()).await;
        assert!(started.elapsed() >= Duration::from_secs(1), "the setting says a second");
        answer.is_refused(408, "invalid_request");
        answer.never_says(&bad.kept());
    }
    bad.all_is_well().await;
}

async fn a_body_that_breaks_off_is_refused(backend: Backend) {
    let bad = Bad::start(backend).await;
    for (path, (name, value)) in bad.endpoints() {
        let head = bad.head(path, "Transfer-Encoding: chunked");
        let broken = format!("{head}{:x}\r\n{name}={value}\r\nthis is no chunk\r\n", name.len() + 1 + value.len());
        let answer = raw::send(&bad.world, broken.as_bytes()).await;
        answer.is_refused(400, "invalid_request");
        answer.never_says(&bad.kept());
    }
    bad.all_is_well().await;
}
