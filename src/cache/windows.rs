//! Counts by time as it is handed in: a window opens with what is counted first, and ends so many seconds later. Nodes share
//! a count through the cache; each also counts by itself, so that without the cache there is still a limit, and one that
//! knows what this node has seen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::unsync::Cache as Bounded;

use super::{Cache, CacheResult};
use crate::time::UnixTime;

/// How many windows one process keeps by itself.
const KEPT: usize = 65_536;

/// A handle to the counts; clones share them.
#[derive(Clone)]
pub struct Windows {
    cache: Cache,
    here: Arc<Mutex<Bounded<String, Window>>>,
}

#[derive(Clone, Copy)]
struct Window {
    since: UnixTime,
    count: u64,
}

/// How often something has happened in a window, this time included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub number: u64,
    /// When the window opened.
    pub since: UnixTime,
    /// Whether the other nodes were asked; otherwise this is what happened here.
    pub shared: bool,
}

impl Windows {
    pub fn new(cache: Cache) -> Self {
        Self { cache, here: Arc::new(Mutex::new(Bounded::new(KEPT))) }
    }

    /// Counts one more in the window that is open at `now`, or opens one of `seconds`. Without the cache it counts what it
    /// knows: it never fails.
    pub async fn count(&self, key: &str, seconds: u32, now: UnixTime) -> Counted {
        let opened = match self.open_here(key, seconds, now) {
            Some(since) => Ok(since),
            None => self.agree(key, seconds, now).await,
        };
        let Window { since, count } = self.count_here(key, seconds, *opened.as_ref().unwrap_or(&now), now);
        let shared = match opened {
            Ok(_) => self.cache.count(&format!("{key}:{since}"), lifetime(seconds)).await.ok(),
            Err(_) => None,
        };
        Counted { number: shared.unwrap_or(0).max(count), since, shared: shared.is_some() }
    }

    /// When the window opened that all nodes count in: at what the first of them says.
    async fn agree(&self, key: &str, seconds: u32, now: UnixTime) -> CacheResult<UnixTime> {
        let key = format!("{key}:since");
        let since = now.to_string();
        if self.cache.put_if_absent(&key, since.as_bytes(), lifetime(seconds)).await? {
            return Ok(now);
        }
        let said = self.cache.get(&key).await?.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
        match said.map(UnixTime::from_seconds).filter(|since| is_open(*since, seconds, now)) {
            Some(since) => Ok(since),
            // The cache keeps its own time: by ours that window has ended.
            None => self.cache.put(&key, since.as_bytes(), lifetime(seconds)).await.map(|()| now),
        }
    }

    fn open_here(&self, key: &str, seconds: u32, now: UnixTime) -> Option<UnixTime> {
        self.lock().get(key).map(|window| window.since).filter(|since| is_open(*since, seconds, now))
    }

    fn count_here(&self, key: &str, seconds: u32, since: UnixTime, now: UnixTime) -> Window {
        let mut here = self.lock();
        let before = here.get(key).copied().filter(|window| is_open(window.since, seconds, now));
        let Window { since, count } = before.unwrap_or(Window { since, count: 0 });
        let window = Window { since, count: count.saturating_add(1) };
        here.insert(key.to_owned(), window);
        window
    }

    /// A panic elsewhere cannot have left a window half written: each is replaced whole.
    fn lock(&self) -> MutexGuard<'_, Bounded<String, Window>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nodes' clocks differ, so a window may have opened a little later than now.
fn is_open(since: UnixTime, seconds: u32, now: UnixTime) -> bool {
    now.since(since).abs() < i64::from(seconds)
}

fn lifetime(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}
