//! The cache inside the process: bounded, and each verb is one step under one lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use quick_cache::unsync::Cache as Bounded;

#[derive(Clone)]
pub struct Memory {
    entries: Arc<Mutex<Bounded<String, Entry>>>,
}

#[derive(Clone)]
struct Entry {
    value: Value,
    until: Instant,
}

#[derive(Clone)]
enum Value {
    Bytes(Vec<u8>),
    Count(u64),
}

impl Memory {
    pub fn new(entries: usize) -> Self {
        Self { entries: Arc::new(Mutex::new(Bounded::new(entries))) }
    }

    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        live(&self.lock(), key).and_then(bytes)
    }

    pub fn put(&self, key: &str, value: &[u8], lifetime: Duration) {
        let until = Instant::now() + lifetime;
        self.lock().insert(key.to_owned(), Entry { value: Value::Bytes(value.to_vec()), until });
    }

    pub fn put_if_absent(&self, key: &str, value: &[u8], lifetime: Duration) -> bool {
        let mut entries = self.lock();
        if live(&entries, key).is_some() {
            return false;
        }
        let until = Instant::now() + lifetime;
        entries.insert(key.to_owned(), Entry { value: Value::Bytes(value.to_vec()), until });
        true
    }

    pub fn take(&self, key: &str) -> Option<Vec<u8>> {
        let mut entries = self.lock();
        let found = live(&entries, key).and_then(bytes);
        entries.remove(key);
        found
    }

    pub fn count(&self, key: &str, window: Duration) -> u64 {
        let mut entries = self.lock();
        let (count, until) = match live(&entries, key) {
            Some(Entry { value: Value::Count(count), until }) => (count + 1, *until),
            _ => (1, Instant::now() + window),
        };
        entries.insert(key.to_owned(), Entry { value: Value::Count(count), until });
        count
    }

    /// A panic elsewhere cannot have left an entry half written: each is replaced whole.
    fn lock(&self) -> MutexGuard<'_, Bounded<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn live<'a>(entries: &'a Bounded<String, Entry>, key: &str) -> Option<&'a Entry> {
    entries.get(key).filter(|entry| entry.until > Instant::now())
}

fn bytes(entry: &Entry) -> Option<Vec<u8>> {
    match &entry.value {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::Count(_) => None,
    }
}
