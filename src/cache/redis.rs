//! Redis behind one connection that pipelines what many requests ask and reconnects by itself. Every value carries a MAC
//! (a count is none): whoever can write to Redis cannot make this server believe anything.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, ExistenceCheck, FromRedisValue, IntoConnectionInfo, Script, SetExpiry, SetOptions};
use redis::{TlsCertificates, cmd};

use super::{CacheAway, CacheResult};
use crate::config;
use crate::secret::{MacKey, Setting};

/// After a failure nobody asks for this long: a request then waits for the store alone, not for Redis first.
const PAUSE: Duration = Duration::from_millis(500);
/// The length of a MAC in front of a value.
const MAC: usize = 32;

#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    prefix: Arc<str>,
    authenticity: MacKey,
    count: Arc<Script>,
    away: Arc<Away>,
}

/// When Redis may be asked again, in milliseconds since `since`.
struct Away {
    since: Instant,
    until: AtomicU64,
}

impl Redis {
    pub fn open(url: &Setting, settings: &config::Cache, authenticity: MacKey) -> CacheResult<Self> {
        let timeout = Duration::from_millis(settings.timeout_milliseconds);
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_max_delay(PAUSE)
            .set_connection_timeout(Some(timeout.max(PAUSE)))
            .set_response_timeout(Some(timeout));
        let connection = ConnectionManager::new_lazy_with_config(client(url, settings)?, config).map_err(away)?;
        Ok(Self {
            connection,
            prefix: settings.prefix.as_str().into(),
            authenticity,
            count: Arc::new(Script::new(COUNT)),
            away: Arc::new(Away { since: Instant::now(), until: AtomicU64::new(0) }),
        })
    }

    pub async fn get(&self, key: &str) -> CacheResult<Option<Vec<u8>>> {
        let key = self.key(key);
        let sealed = self.ask(async |mut c| ours(c.get(&key).await)).await?;
        Ok(sealed.and_then(|sealed| self.open_value(&key, sealed)))
    }

    pub async fn put(&self, key: &str, value: &[u8], lifetime: Duration) -> CacheResult<()> {
        let key = self.key(key);
        let sealed = self.seal_value(&key, value);
        let options = SetOptions::default().with_expiration(expiry(lifetime));
        self.ask(async |mut c| c.set_options(&key, &sealed, options).await).await
    }

    pub async fn put_if_absent(&self, key: &str, value: &[u8], lifetime: Duration) -> CacheResult<bool> {
        let key = self.key(key);
        let sealed = self.seal_value(&key, value);
        let options = SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(expiry(lifetime));
        let put: Option<String> = self.ask(async |mut c| c.set_options(&key, &sealed, options).await).await?;
        Ok(put.is_some())
    }

    pub async fn take(&self, key: &str) -> CacheResult<Option<Vec<u8>>> {
        let key = self.key(key);
        let sealed = self.ask(async |mut c| ours(c.get_del(&key).await)).await?;
        Ok(sealed.and_then(|sealed| self.open_value(&key, sealed)))
    }

    pub async fn count(&self, key: &str, window: Duration) -> CacheResult<u64> {
        let key = self.key(key);
        let window = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        self.ask(async |mut c| self.count.key(&key).arg(window).invoke_async(&mut c).await).await
    }

    pub async fn ping(&self) -> CacheResult<()> {
        let pong: Result<String, _> = cmd("PING").query_async(&mut self.connection.clone()).await;
        pong.map(|_| self.away.clear()).map_err(away)
    }

    fn key(&self, key: &str) -> String {
        format!("{}:{key}", self.prefix)
    }

    fn seal_value(&self, key: &str, value: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(MAC + value.len());
        sealed.extend_from_slice(&self.authenticity.mac(&[key.as_bytes(), value]));
        sealed.extend_from_slice(value);
        sealed
    }

    /// A value that is not ours is as good as none.
    fn open_value(&self, key: &str, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let (mac, value) = sealed.split_at_checked(MAC)?;
        if !self.authenticity.verifies(&[key.as_bytes(), value], mac) {
            tracing::warn!(key, "a value in Redis is not one that this server wrote");
            return None;
        }
        sealed.drain(..MAC);
        Some(sealed)
    }

    async fn ask<T: FromRedisValue>(
        &self,
        question: impl AsyncFnOnce(ConnectionManager) -> redis::RedisResult<T>,
    ) -> CacheResult<T> {
        if self.away.is_now() {
            return Err(CacheAway("it failed a moment ago".to_owned()));
        }
        question(self.connection.clone()).await.map_err(|error| {
            self.away.begin();
            away(error)
        })
    }
}

/// A list or the like is none of our values, so it is no answer that Redis is away either.
fn ours(found: redis::RedisResult<Option<Vec<u8>>>) -> redis::RedisResult<Option<Vec<u8>>> {
    match found {
        Err(error) if error.code() == Some("WRONGTYPE") => Ok(None),
        found => found,
    }
}

/// INCR alone would leave a counter without an end if the node died before EXPIRE. What is no count is replaced by one.
const COUNT: &str = "local n = redis.pcall('INCR', KEYS[1]) \
    if type(n) ~= 'number' or n < 1 then redis.call('DEL', KEYS[1]) n = redis.call('INCR', KEYS[1]) end \
    if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end \
    return n";

impl Away {
    fn is_now(&self) -> bool {
        self.milliseconds() < self.until.load(Ordering::Relaxed)
    }

    fn begin(&self) {
        let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
        self.until.store(self.milliseconds().saturating_add(pause), Ordering::Relaxed);
    }

    fn clear(&self) {
        self.until.store(0, Ordering::Relaxed);
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn client(url: &Setting, settings: &config::Cache) -> CacheResult<Client> {
    // The library's message may quote the URL, and with it the password.
    let unreadable = |_| CacheAway("the cache URL cannot be read".to_owned());
    let mut info = url.reveal().into_connection_info().map_err(unreadable)?;
    if let Some(password) = &settings.password {
        let redis = info.redis_settings().clone().set_password(password.reveal());
        info = info.set_redis_settings(redis);
    }
    if !url.reveal().starts_with("rediss://") {
        return Client::open(info).map_err(unreadable);
    }
    let root_cert = match &settings.tls_ca {
        Some(path) => Some(fs::read(path).map_err(|error| CacheAway(format!("{}: {error}", path.display())))?),
        None => None,
    };
    Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert }).map_err(away)
}

fn expiry(lifetime: Duration) -> SetExpiry {
    SetExpiry::PX(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX).max(1))
}

fn away(error: redis::RedisError) -> CacheAway {
    CacheAway(error.to_string())
}
