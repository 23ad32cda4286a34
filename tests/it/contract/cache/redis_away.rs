//! Redis while it is away: whoever asks learns it at once, and it comes back by itself.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use countersign::cache::Cache;
use countersign::config;
use countersign::secret::Setting;
use tempfile::TempDir;

use super::{MINUTE, in_memory, in_redis_over_tls, open};
use crate::contract::{eventually, race};
use crate::harness::RedisServer;

/// As an operator would set them.
fn settings(server: &RedisServer, password: Option<&str>) -> config::Cache {
    let mut settings = in_memory();
    settings.url = Some(Setting::new(server.url()));
    settings.password = password.map(Setting::new);
    settings
}

/// What every verb says while the cache is away, and how long they take together.
async fn refusals(cache: &Cache) -> Duration {
    let started = Instant::now();
    let outcomes = [
        cache.get("k").await.err(),
        cache.put("k", b"value", MINUTE).await.err(),
        cache.put_if_absent("k", b"value", MINUTE).await.err(),
        cache.take("k").await.err(),
        cache.count("k", MINUTE).await.err(),
    ];
    let elapsed = started.elapsed();
    for (number, outcome) in outcomes.into_iter().enumerate() {
        assert!(outcome.is_some(), "verb {number} did not say that the cache is away");
    }
    elapsed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_restarted_is_found_again() {
    let mut server = RedisServer::start().await;
    let cache = open(&settings(&server, None));
    cache.put("k", b"value", MINUTE).await.unwrap();
    for _ in 0..2 {
        server.stop();
        assert!(cache.get("k").await.is_err());
        assert!(cache.ping().await.is_err());
        let elapsed = refusals(&cache).await;
        assert!(elapsed < Duration::from_millis(1500), "{elapsed:?}");
        server.start_again().await;
        eventually("it answers again", async || cache.get("k").await.is_ok()).await;
        assert_eq!(cache.get("k").await.unwrap(), None);
        cache.put("k", b"value", MINUTE).await.unwrap();
        assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(b"value".as_slice()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_that_succeeds_ends_the_pause_after_a_failure() {
    let mut server = RedisServer::start().await;
    let cache = open(&settings(&server, None));
    server.stop();
    assert!(cache.get("k").await.is_err());
    server.start_again().await;
    eventually("it answers the ping", async || cache.ping().await.is_ok()).await;
    cache.get("k").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_connects_to_nothing_and_finds_the_server_when_it_comes() {
    let mut server = RedisServer::start().await;
    server.stop();
    let cache = open(&settings(&server, None));
    let elapsed = refusals(&cache).await;
    assert!(elapsed < Duration::from_millis(1500), "{elapsed:?}");
    server.start_again().await;
    eventually("it is found", async || cache.put("k", b"value", MINUTE).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_accepts_and_never_answers_holds_nobody_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = in_memory();
    settings.url = Some(Setting::new(format!("redis://{}", silent.local_addr().unwrap())));
    let cache = open(&settings);
    let started = Instant::now();
    assert!(cache.get("k").await.is_err());
    let first = started.elapsed();
    assert!(first < Duration::from_secs(2), "the first one waited for {first:?}");
    // In the pause that follows nobody waits at all.
    let racers = (0..50).map(|_| {
        let cache = cache.clone();
        async move { cache.get("k").await.is_err() }
    });
    let started = Instant::now();
    assert!(race(racers.collect()).await.into_iter().all(|refused| refused));
    assert!(started.elapsed() < Duration::from_millis(200), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_refused_and_not_repeated() {
    let server = RedisServer::start_with(Some("correct horse")).await;
    for password in [Some("hunter2hunter2"), None] {
        let cache = open(&settings(&server, password));
        let error = cache.get("k").await.unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
        let elapsed = refusals(&cache).await;
        assert!(elapsed < Duration::from_millis(1500), "{elapsed:?}");
    }
    let cache = open(&settings(&server, Some("correct horse")));
    cache.put("k", b"value", MINUTE).await.unwrap();
    // The setting takes the place of what the URL says.
    let mut settings = settings(&server, Some("correct horse"));
    settings.url = Some(Setting::new(server.url().replace("redis://", "redis://:hunter2hunter2@")));
    assert!(open(&settings).get("k").await.unwrap().is_some());
    settings.password = None;
    assert!(open(&settings).get("k").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_trusted_vouches_for_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("stranger.pem");
    fs::write(&path, rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap().cert.pem()).unwrap();
    for ca in [Some(path), None] {
        let mut settings = in_redis_over_tls();
        settings.tls_ca = ca;
        let error = open(&settings).get("k").await.unwrap_err().to_string();
        assert!(error.contains("ertificate"), "{error}");
    }
    let mut settings = in_redis_over_tls();
    settings.tls_ca = Some(folder.path().join("missing.pem"));
    let error = Cache::open(&settings, countersign::secret::MacKey::new(&[7; 32])).err().unwrap().to_string();
    assert!(error.contains("missing.pem"), "{error}");
}
