//! Memory: bounded, and each cache has its own.

use super::{MINUTE, in_memory, open};

#[tokio::test]
async fn memory_holds_no_more_than_the_setting_says() {
    let mut settings = in_memory();
    settings.memory_entries = 100;
    let cache = open(&settings);
    for number in 0..1000 {
        cache.put(&number.to_string(), b"value", MINUTE).await.unwrap();
        cache.count(&format!("count {number}"), MINUTE).await.unwrap();
    }
    let mut kept = 0;
    for number in 0..1000 {
        kept += usize::from(cache.get(&number.to_string()).await.unwrap().is_some());
    }
    assert!(kept <= 100, "{kept}");
    cache.put("latest", b"value", MINUTE).await.unwrap();
    assert!(cache.get("latest").await.unwrap().is_some());
}

#[tokio::test]
async fn two_caches_in_memory_share_nothing_and_clones_share_all() {
    let (one, other) = (open(&in_memory()), open(&in_memory()));
    one.put("k", b"value", MINUTE).await.unwrap();
    assert!(other.get("k").await.unwrap().is_none());
    assert!(one.clone().get("k").await.unwrap().is_some());
    assert_eq!(one.name(), "memory");
}
