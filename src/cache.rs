//! The cache: copies of rows and rate counters, nothing else. Losing it costs time, never a decision.
//! Five verbs, the same on both sides: get, put, put_if_absent, take, count.

mod memory;
mod redis;
mod windows;

use std::time::Duration;

use crate::config;
use crate::secret::MacKey;

use self::memory::Memory;
use self::redis::Redis;

pub use self::windows::{Counted, Windows};

/// The cache did not answer. Whoever asked goes to the store instead.
#[derive(Debug, thiserror::Error)]
#[error("the cache is away: {0}")]
pub struct CacheAway(pub String);

pub type CacheResult<T> = Result<T, CacheAway>;

/// A handle to the cache; clones share it.
#[derive(Clone)]
pub enum Cache {
    Memory(Memory),
    Redis(Redis),
}

impl Cache {
    /// Redis where a URL is set, memory otherwise. Opening connects to nothing: a server that starts while Redis is away
    /// starts all the same. `authenticity` is the key by which a value from Redis is known to be ours.
    pub fn open(settings: &config::Cache, authenticity: MacKey) -> CacheResult<Self> {
        match &settings.url {
            Some(url) => Ok(Self::Redis(Redis::open(url, settings, authenticity)?)),
            None => Ok(Self::Memory(Memory::new(settings.memory_entries))),
        }
    }

    /// What people call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Redis(_) => "Redis",
        }
    }

    pub async fn get(&self, key: &str) -> CacheResult<Option<Vec<u8>>> {
        match self {
            Self::Memory(memory) => Ok(memory.get(key)),
            Self::Redis(redis) => redis.get(key).await,
        }
    }

    /// Keeps `value` for `lifetime`, whatever was there.
    pub async fn put(&self, key: &str, value: &[u8], lifetime: Duration) -> CacheResult<()> {
        match self {
            Self::Memory(memory) => {
                memory.put(key, value, lifetime);
                Ok(())
            }
            Self::Redis(redis) => redis.put(key, value, lifetime).await,
        }
    }

    /// Keeps `value` unless something is there; `true` for the one caller that put it.
    pub async fn put_if_absent(&self, key: &str, value: &[u8], lifetime: Duration) -> CacheResult<bool> {
        match self {
            Self::Memory(memory) => Ok(memory.put_if_absent(key, value, lifetime)),
            Self::Redis(redis) => redis.put_if_absent(key, value, lifetime).await,
        }
    }

    /// Removes a value and hands it to one caller.
    pub async fn take(&self, key: &str) -> CacheResult<Option<Vec<u8>>> {
        match self {
            Self::Memory(memory) => Ok(memory.take(key)),
            Self::Redis(redis) => redis.take(key).await,
        }
    }

    /// Counts one more; the count starts anew `window` after its first.
    pub async fn count(&self, key: &str, window: Duration) -> CacheResult<u64> {
        match self {
            Self::Memory(memory) => Ok(memory.count(key, window)),
            Self::Redis(redis) => redis.count(key, window).await,
        }
    }

    /// Whether it answers right now, asked past the pause that follows a failure.
    pub async fn ping(&self) -> CacheResult<()> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Redis(redis) => redis.ping().await,
        }
    }
}
