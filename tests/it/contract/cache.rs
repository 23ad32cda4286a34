//! What the cache promises: five verbs, the same in memory, in Redis, and in Redis over TLS.

mod memory;
mod redis;
mod redis_away;

use std::time::{Duration, Instant};

use countersign::cache::Cache;
use countersign::config::{self, Config};
use countersign::secret::{MacKey, Setting};

use super::{PATIENCE, count, eventually, race};
use crate::harness::given;

const MINUTE: Duration = Duration::from_secs(60);

/// Runs each story on every kind of cache.
macro_rules! on_every_cache {
    ($($story:ident)+) => {
        $(mod $story {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memory() {
                super::$story(super::open(&super::in_memory())).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                super::$story(super::open(&super::in_redis())).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis_over_tls() {
                super::$story(super::open(&super::in_redis_over_tls())).await;
            }
        })+
    };
}

on_every_cache! {
    a_value_comes_back_as_it_was_put
    a_value_goes_when_its_time_is_over
    a_later_value_replaces_an_earlier_one_and_its_time
    what_is_there_is_not_put_again
    what_is_taken_is_gone
    of_fifty_that_put_one_value_one_does
    of_fifty_that_take_one_value_one_gets_it
    fifty_that_count_get_fifty_numbers
    a_count_starts_anew_after_its_window_and_not_before
    a_count_is_no_value_and_a_value_is_no_count
    it_answers
}

fn in_memory() -> config::Cache {
    Config::default().cache
}

/// A prefix that nobody else uses.
fn in_redis() -> config::Cache {
    let mut settings = in_memory();
    settings.url = Some(Setting::new(given("COUNTERSIGN_TEST_REDIS_URL")));
    settings.prefix = countersign::secret::random_id();
    // The machine may be busy; how fast it fails is a test of its own.
    settings.timeout_milliseconds = 5_000;
    settings
}

fn in_redis_over_tls() -> config::Cache {
    let mut settings = in_redis();
    settings.url = Some(Setting::new(given("COUNTERSIGN_TEST_REDIS_TLS_URL")));
    settings.tls_ca = Some(given("COUNTERSIGN_TEST_REDIS_CA").into());
    settings
}

fn open(settings: &config::Cache) -> Cache {
    Cache::open(settings, MacKey::new(&[7; 32])).unwrap()
}

async fn a_value_comes_back_as_it_was_put(cache: Cache) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let long = vec![b'x'; 200_000];
    for value in [b"".as_slice(), b"value", &every_byte, &long] {
        for key in ["k", "clients:7:a b\r\nc", "ключ", ""] {
            cache.put(key, value, MINUTE).await.unwrap();
            assert_eq!(cache.get(key).await.unwrap().as_deref(), Some(value), "{key:?}");
        }
    }
    assert_eq!(cache.get("another").await.unwrap(), None);
}

async fn a_value_goes_when_its_time_is_over(cache: Cache) {
    cache.put("long", b"1", MINUTE).await.unwrap();
    let started = Instant::now();
    let lifetime = Duration::from_millis(300);
    cache.put("short", b"2", lifetime).await.unwrap();
    assert!(cache.put_if_absent("absent", b"3", lifetime).await.unwrap());
    let found = cache.get("short").await.unwrap();
    assert!(found.is_some() || started.elapsed() >= lifetime);
    eventually("both have gone", async || {
        cache.get("short").await.unwrap().is_none() && cache.get("absent").await.unwrap().is_none()
    })
    .await;
    assert!(started.elapsed() >= lifetime, "{:?}", started.elapsed());
    assert_eq!(cache.take("short").await.unwrap(), None);
    assert!(cache.put_if_absent("absent", b"4", MINUTE).await.unwrap());
    assert_eq!(cache.get("long").await.unwrap().as_deref(), Some(b"1".as_slice()));
}

async fn a_later_value_replaces_an_earlier_one_and_its_time(cache: Cache) {
    cache.put("k", b"early", Duration::from_millis(100)).await.unwrap();
    cache.put("k", b"late", MINUTE).await.unwrap();
    cache.put("other", b"", Duration::from_millis(100)).await.unwrap();
    eventually("the time of the first is over", async || cache.get("other").await.unwrap().is_none()).await;
    assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(b"late".as_slice()));
}

async fn what_is_there_is_not_put_again(cache: Cache) {
    assert!(cache.put_if_absent("k", b"first", MINUTE).await.unwrap());
    assert!(!cache.put_if_absent("k", b"second", MINUTE).await.unwrap());
    assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(b"first".as_slice()));
}

async fn what_is_taken_is_gone(cache: Cache) {
    cache.put("k", b"value", MINUTE).await.unwrap();
    assert_eq!(cache.take("k").await.unwrap().as_deref(), Some(b"value".as_slice()));
    assert_eq!(cache.take("k").await.unwrap(), None);
    assert_eq!(cache.get("k").await.unwrap(), None);
    assert!(cache.put_if_absent("k", b"again", MINUTE).await.unwrap());
}

async fn of_fifty_that_put_one_value_one_does(cache: Cache) {
    let racers = (0..50_u8).map(|number| {
        let cache = cache.clone();
        async move { cache.put_if_absent("k", &[number], MINUTE).await.unwrap() }
    });
    let results = race(racers.collect()).await;
    assert_eq!(count(&results, &true), 1);
    let winner = results.iter().position(|won| *won).unwrap();
    assert_eq!(cache.get("k").await.unwrap(), Some(vec![u8::try_from(winner).unwrap()]));
}

async fn of_fifty_that_take_one_value_one_gets_it(cache: Cache) {
    cache.put("k", b"value", MINUTE).await.unwrap();
    let racers = (0..50).map(|_| {
        let cache = cache.clone();
        async move { cache.take("k").await.unwrap() }
    });
    let results = race(racers.collect()).await;
    assert_eq!(count(&results, &Some(b"value".to_vec())), 1);
    assert_eq!(count(&results, &None), 49);
}

async fn fifty_that_count_get_fifty_numbers(cache: Cache) {
    let racers = (0..50).map(|_| {
        let cache = cache.clone();
        async move { cache.count("k", MINUTE).await.unwrap() }
    });
    let mut results = race(racers.collect()).await;
    results.sort_unstable();
    assert!(results.into_iter().eq(1..=50));
    assert_eq!(cache.count("other", MINUTE).await.unwrap(), 1);
}

async fn a_count_starts_anew_after_its_window_and_not_before(cache: Cache) {
    let window = Duration::from_millis(500);
    let started = Instant::now();
    let mut last = 0;
    // Whoever goes on counting does not keep the window open.
    loop {
        let number = cache.count("k", window).await.unwrap();
        if number == 1 && last > 0 {
            break;
        }
        assert_eq!(number, last + 1);
        assert!(started.elapsed() < PATIENCE, "the window never ended");
        last = number;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(last > 1);
    assert!(started.elapsed() >= window, "{:?}", started.elapsed());
}

async fn a_count_is_no_value_and_a_value_is_no_count(cache: Cache) {
    assert_eq!(cache.count("counted", MINUTE).await.unwrap(), 1);
    assert_eq!(cache.get("counted").await.unwrap(), None);
    assert_eq!(cache.take("counted").await.unwrap(), None);
    assert_eq!(cache.count("counted", MINUTE).await.unwrap(), 1);
    cache.put("put", b"value", MINUTE).await.unwrap();
    assert_eq!(cache.count("put", MINUTE).await.unwrap(), 1);
    assert_eq!(cache.count("put", MINUTE).await.unwrap(), 2);
}

async fn it_answers(cache: Cache) {
    cache.ping().await.unwrap();
    assert!(["memory", "Redis"].contains(&cache.name()));
}
