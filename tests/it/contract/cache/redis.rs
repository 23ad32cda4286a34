//! Redis: whoever can write to it cannot make this server believe anything.

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncCommands, Client};
use countersign::cache::Cache;
use countersign::secret::MacKey;

use super::{MINUTE, in_redis, open};

async fn raw(settings: &countersign::config::Cache) -> MultiplexedConnection {
    let url = settings.url.as_ref().unwrap().reveal();
    Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

#[tokio::test]
async fn nodes_share_what_they_put_and_other_installations_do_not_see_it() {
    let settings = in_redis();
    let (one, other) = (open(&settings), open(&settings));
    one.put("k", b"value", MINUTE).await.unwrap();
    assert_eq!(other.take("k").await.unwrap().as_deref(), Some(b"value".as_slice()));
    assert_eq!(one.get("k").await.unwrap(), None);
    assert_eq!(one.count("n", MINUTE).await.unwrap() + 1, other.count("n", MINUTE).await.unwrap());
    one.put("k", b"value", MINUTE).await.unwrap();
    let elsewhere = open(&in_redis());
    assert_eq!(elsewhere.get("k").await.unwrap(), None);
    assert_eq!(elsewhere.count("n", MINUTE).await.unwrap(), 1);
    assert_eq!(one.name(), "Redis");
}

#[tokio::test]
async fn a_value_that_was_changed_is_a_miss() {
    let settings = in_redis();
    let (cache, mut raw) = (open(&settings), raw(&settings).await);
    let stored_at = format!("{}:k", settings.prefix);
    cache.put("k", b"value", MINUTE).await.unwrap();
    let stored: Vec<u8> = raw.get(&stored_at).await.unwrap();
    for place in 0..stored.len() {
        let mut changed = stored.clone();
        changed[place] ^= 1;
        let () = raw.set(&stored_at, changed).await.unwrap();
        assert_eq!(cache.get("k").await.unwrap(), None, "byte {place}");
    }
    let longer = [stored.as_slice(), b"!"].concat();
    for wrong in [&stored[..stored.len() - 1], &stored[..32], &stored[..31], b"", b"value", &longer] {
        let () = raw.set(&stored_at, wrong).await.unwrap();
        assert_eq!(cache.get("k").await.unwrap(), None, "{wrong:?}");
        assert_eq!(cache.take("k").await.unwrap(), None, "{wrong:?}");
    }
    let () = raw.set(&stored_at, stored).await.unwrap();
    assert_eq!(cache.get("k").await.unwrap().as_deref(), Some(b"value".as_slice()));
}

#[tokio::test]
async fn a_value_that_was_moved_or_comes_from_elsewhere_is_a_miss() {
    let settings = in_redis();
    let (cache, mut raw) = (open(&settings), raw(&settings).await);
    let stored_at = |key: &str| format!("{}:{key}", settings.prefix);
    cache.put("weak", b"value", MINUTE).await.unwrap();
    let () = raw.rename(stored_at("weak"), stored_at("strong")).await.unwrap();
    assert_eq!(cache.get("strong").await.unwrap(), None);

    // The same key, written by a server that has another key for its MACs.
    let stranger = Cache::open(&settings, MacKey::new(&[8; 32])).unwrap();
    stranger.put("k", b"value", MINUTE).await.unwrap();
    assert_eq!(stranger.get("k").await.unwrap().as_deref(), Some(b"value".as_slice()));
    assert_eq!(cache.get("k").await.unwrap(), None);
    assert_eq!(cache.take("k").await.unwrap(), None);
}

#[tokio::test]
async fn something_that_is_no_value_at_all_is_a_miss_and_holds_nobody_up() {
    let settings = in_redis();
    let (cache, mut raw) = (open(&settings), raw(&settings).await);
    let stored_at = |key: &str| format!("{}:{key}", settings.prefix);
    for key in ["get", "take", "count"] {
        let () = raw.lpush(stored_at(key), "a list").await.unwrap();
    }
    assert_eq!(cache.get("get").await.unwrap(), None);
    assert_eq!(cache.take("take").await.unwrap(), None);
    assert_eq!(cache.count("count", MINUTE).await.unwrap(), 1);
    let () = raw.set(stored_at("negative"), -7).await.unwrap();
    assert_eq!(cache.count("negative", MINUTE).await.unwrap(), 1);
    cache.put("get", b"value", MINUTE).await.unwrap();
    assert_eq!(cache.get("get").await.unwrap().as_deref(), Some(b"value".as_slice()));
}

#[tokio::test]
async fn nothing_stays_without_an_end() {
    let settings = in_redis();
    let (cache, mut raw) = (open(&settings), raw(&settings).await);
    cache.put("put", b"", MINUTE).await.unwrap();
    cache.put_if_absent("absent", b"", MINUTE).await.unwrap();
    cache.count("count", MINUTE).await.unwrap();
    let () = raw.set(format!("{}:endless", settings.prefix), 5).await.unwrap();
    assert_eq!(cache.count("endless", MINUTE).await.unwrap(), 6);
    for key in ["put", "absent", "count", "endless"] {
        let left: i64 = raw.pttl(format!("{}:{key}", settings.prefix)).await.unwrap();
        assert!((1..=60_000).contains(&left), "{key}: {left}");
    }
}
