//! Key sets that clients keep at addresses of theirs: fetched when somebody has to prove something by them, and kept for a
//! while, so that a client's server is seldom asked, may be away for a day, and keeps nobody waiting for long.
//!
//! A copy is looked for in this process, then in the cache that all nodes share, and then where the client keeps it.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use quick_cache::sync::Cache as Bounded;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::cache::Cache;
use crate::hosts::Hosts;
use crate::observe::Counters;
use crate::protocol::client_keys::ClientKeys;
use crate::remote::{Found, Outbound, Unreached};
use crate::time::UnixTime;

/// How long a set is good without another look: as the client's server says, within these bounds. So long may a key be used
/// that the client has taken out of it.
const SHORTEST_SECONDS: i64 = 60;
const LONGEST_SECONDS: i64 = 3_600;
/// How long it goes on when its server is away.
const KEPT_SECONDS: i64 = 86_400;
/// Between two looks of one node at one address, whatever is asked: strangers cannot have a client's server called all the time.
pub const PAUSE_SECONDS: i64 = 10;
/// How many addresses a process remembers.
const REMEMBERED: usize = 1024;

/// A handle to the sets; clones share it.
#[derive(Clone)]
pub struct KeySets(Arc<Inner>);

struct Inner {
    cache: Cache,
    hosts: Hosts,
    counters: Counters,
    places: Bounded<String, Arc<Place>>,
}

/// What is known of one address.
#[derive(Default)]
struct Place {
    held: ArcSwapOption<KeySet>,
    /// One at a time looks; the others wait for what it finds.
    last: Mutex<Option<Look>>,
}

/// A set that was fetched later than another, for a client that came at a time.
#[derive(Clone, Copy)]
struct Newer {
    than: UnixTime,
    since: UnixTime,
}

struct Look {
    at: UnixTime,
    failure: Option<Unreached>,
}

/// The keys of a client as they were found at its address.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeySet {
    pub keys: ClientKeys,
    fetched_at: UnixTime,
    fresh_until: UnixTime,
}

impl KeySet {
    fn read(found: Found, now: UnixTime) -> Result<Self, Unreached> {
        // An empty set is a client's word, too: none of its keys is good any more.
        if !found.json.get("keys").is_some_and(Value::is_array) {
            return Err(Unreached::Strange("its answer is no key set".to_owned()));
        }
        let keys = ClientKeys::found(&found.json);
        let seconds = found.max_age.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(LONGEST_SECONDS);
        let fresh_until = now.plus(seconds.clamp(SHORTEST_SECONDS, LONGEST_SECONDS));
        Ok(Self { keys, fetched_at: now, fresh_until })
    }

    fn is_fresh(&self, now: UnixTime) -> bool {
        now < self.fresh_until
    }

    fn is_kept(&self, now: UnixTime) -> bool {
        now < self.fetched_at.plus(KEPT_SECONDS)
    }
}

impl KeySets {
    pub fn new(cache: Cache, hosts: Hosts, counters: Counters) -> Self {
        Self(Arc::new(Inner { cache, hosts, counters, places: Bounded::new(REMEMBERED) }))
    }

    /// The set at this address.
    pub async fn at(&self, url: &str, now: UnixTime) -> Result<Arc<KeySet>, Unreached> {
        match self.place(url).held.load_full() {
            Some(held) if held.is_fresh(now) => Ok(held),
            _ => self.look(url, None, now).await,
        }
    }

    /// A newer one than `known`, if there may be one: what it lacks may have been added since. A client that came at `since`
    /// does not wait because of what was looked at for another one before.
    pub async fn newer(&self, url: &str, known: &KeySet, since: UnixTime, now: UnixTime) -> Option<Arc<KeySet>> {
        let than = known.fetched_at;
        self.look(url, Some(Newer { than, since }), now).await.ok().filter(|found| found.fetched_at > than)
    }

    fn place(&self, url: &str) -> Arc<Place> {
        let place = self.0.places.get_or_insert_with(url, || Ok::<_, ()>(Arc::default()));
        place.unwrap_or_default()
    }

    /// Whoever asked may go away; the look goes on, so that nobody can keep others from its end.
    async fn look(&self, url: &str, newer: Option<Newer>, now: UnixTime) -> Result<Arc<KeySet>, Unreached> {
        let (this, url) = (self.clone(), url.to_owned());
        let looking = tokio::spawn(async move { this.looked(&url, newer, now).await });
        looking.await.unwrap_or_else(|_| Err(Unreached::Away("nobody looked to the end".to_owned())))
    }

    async fn looked(&self, url: &str, newer: Option<Newer>, now: UnixTime) -> Result<Arc<KeySet>, Unreached> {
        let place = self.place(url);
        let mut last = place.last.lock().await;
        let is_enough = |set: &KeySet| set.is_fresh(now) && newer.is_none_or(|newer| set.fetched_at > newer.than);
        let held = place.held.load_full();
        if let Some(held) = held.clone().filter(|held| is_enough(held)) {
            return Ok(held);
        }
        // Another node may have looked since.
        let shared = self.shared(url).await.map(Arc::new);
        let known = [held, shared].into_iter().flatten().max_by_key(|set| set.fetched_at);
        place.held.store(known.clone());
        if let Some(known) = known.clone().filter(|known| is_enough(known)) {
            return Ok(known);
        }
        let is_recent =
            |look: &&Look| now.since(look.at) < PAUSE_SECONDS && newer.is_none_or(|newer| look.at >= newer.since);
        let failure = match last.as_ref().filter(is_recent) {
            Some(look) => look.failure.clone(),
            None => match self.fetch(url, now).await {
                Ok(found) => {
                    let found = Arc::new(found);
                    self.share(url, &found).await;
                    place.held.store(Some(Arc::clone(&found)));
                    *last = Some(Look { at: now, failure: None });
                    return Ok(found);
                }
                Err(failure) => {
                    let (host, is_kept) = (Outbound::host(url), known.is_some());
                    tracing::warn!(host, error = %failure, is_kept, "the keys of a client cannot be fetched");
                    *last = Some(Look { at: now, failure: Some(failure.clone()) });
                    Some(failure)
                }
            },
        };
        let failure = failure.unwrap_or_else(|| Unreached::Away("it was asked a moment ago".to_owned()));
        known.filter(|known| known.is_kept(now)).ok_or(failure)
    }

    async fn fetch(&self, url: &str, now: UnixTime) -> Result<KeySet, Unreached> {
        let set = self.0.hosts.json(url, now).await.and_then(|found| KeySet::read(found, now));
        self.0.counters.key_set_fetched(match &set {
            Ok(_) => "fetched",
            Err(Unreached::Resting) => "resting",
            Err(Unreached::Away(_)) => "away",
            Err(Unreached::NotAllowed) => "not_allowed",
            Err(Unreached::Strange(_)) => "unusable",
        });
        set
    }

    /// As another node has found it; one that cannot be had or read is none.
    async fn shared(&self, url: &str) -> Option<KeySet> {
        let found = self.0.cache.get(&name(url)).await.ok()??;
        let value: Value = serde_json::from_slice(&found).ok()?;
        serde_json::from_value(value).ok()
    }

    async fn share(&self, url: &str, set: &KeySet) {
        let Ok(bytes) = serde_json::to_vec(set) else { return };
        let lifetime = Duration::from_secs(KEPT_SECONDS.unsigned_abs());
        // Without it each node looks for itself.
        let _ = self.0.cache.put(&name(url), &bytes, lifetime).await;
    }
}

fn name(url: &str) -> String {
    format!("keys:{}", BASE64URL.encode(Sha256::digest(url)))
}
