//! The directory: clients, scopes, roles and resources as they are read at every request. They describe, they do not end anything,
//! so they may be one second old: each copy belongs to a generation, and a node asks twice a second which one is current.
//!
//! A copy is looked for in this process, then in the cache that all nodes share, then in the store.

mod client;
mod copies;
mod resource;
mod roles;
mod upstream;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use quick_cache::sync::Cache as Bounded;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cache::Cache;
use crate::observe::Counters;
use crate::protocol::scope::{ScopeName, ScopeSet};
use crate::store::generations::Generations;
use crate::store::{Store, StoreError, StoreResult};

use copies::{ClientCopy, ResourceCopy, RoleCopy, ScopeCopy, UpstreamCopy};

pub use client::{Client, FIRST_PARTY};
pub use resource::Resource;
pub use roles::Roles;
pub use upstream::Upstream;

/// A description older than this is asked for again before it is used.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// Who waited for the same answer hears of its failure; who asks later asks anew.
const FAILED_FOR: Duration = Duration::from_millis(250);
/// How many clients a process keeps read; the rest are a cache's round trip away.
const CLIENTS_KEPT: usize = 4096;

#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row that no version of this program can have written.
    #[error("the stored {0} cannot be read: {1}")]
    Unreadable(&'static str, String),
}

pub type DirectoryResult<T> = Result<T, DirectoryError>;

/// A handle to the directory; clones share it.
#[derive(Clone)]
pub struct Directory {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    cache: Cache,
    counters: Counters,
    current: ArcSwap<Current>,
    asking: tokio::sync::Mutex<()>,
    clients: Bounded<(i64, String), Arc<Client>>,
    scopes: ArcSwap<(i64, Arc<Scopes>)>,
    resources: ArcSwap<(i64, Arc<Vec<Resource>>)>,
    roles: ArcSwap<(i64, Arc<Roles>)>,
    upstreams: ArcSwap<(i64, Arc<Vec<Upstream>>)>,
}

/// The generations, when they were last known to be current, and when the store last failed to say.
struct Current {
    generations: Generations,
    asked: Option<Instant>,
    failed: Option<(Instant, StoreError)>,
}

/// The scopes that exist.
#[derive(Default)]
pub struct Scopes {
    /// All of them.
    pub known: ScopeSet,
    /// Those that say who somebody is, and so mean nothing without a user.
    pub identity: ScopeSet,
}

impl Directory {
    pub fn new(store: Store, cache: Cache, counters: Counters) -> Self {
        let current = Current { generations: Generations::default(), asked: None, failed: None };
        Self {
            inner: Arc::new(Inner {
                store,
                cache,
                counters,
                current: ArcSwap::from_pointee(current),
                asking: tokio::sync::Mutex::new(()),
                clients: Bounded::new(CLIENTS_KEPT),
                scopes: ArcSwap::from_pointee((-1, Arc::default())),
                resources: ArcSwap::from_pointee((-1, Arc::default())),
                roles: ArcSwap::from_pointee((-1, Arc::default())),
                upstreams: ArcSwap::from_pointee((-1, Arc::default())),
            }),
        }
    }

    /// Asks which generations are current. A job does so twice a second, so that no request has to.
    pub async fn poll(&self) -> DirectoryResult<Generations> {
        let asked = Instant::now();
        match self.inner.store.generations().await {
            Ok(generations) => {
                self.inner.current.store(Arc::new(Current { generations, asked: Some(asked), failed: None }));
                Ok(generations)
            }
            Err(error) => {
                let Current { generations, asked, .. } = **self.inner.current.load();
                let failed = Some((Instant::now(), error.clone()));
                self.inner.current.store(Arc::new(Current { generations, asked, failed }));
                Err(error.into())
            }
        }
    }

    /// `None` when nothing of that id is registered. Strangers are not remembered: anybody could fill a cache with them.
    pub async fn client(&self, id: &str) -> DirectoryResult<Option<Arc<Client>>> {
        let generation = self.generations().await?.clients;
        let key = (generation, id.to_owned());
        if let Some(client) = self.inner.clients.get(&key) {
            return Ok(Some(client));
        }
        let row = async { Ok(self.inner.store.client_and_standing(id).await?.map(ClientCopy::from)) };
        let Some(row) = self.copied(&format!("client:{generation}:{id}"), row).await? else { return Ok(None) };
        let client = Arc::new(Client::read(row)?);
        self.inner.clients.insert(key, Arc::clone(&client));
        Ok(Some(client))
    }

    pub async fn scopes(&self) -> DirectoryResult<Arc<Scopes>> {
        let generation = self.generations().await?.scopes;
        let held = self.inner.scopes.load();
        if held.0 == generation {
            return Ok(Arc::clone(&held.1));
        }
        let rows = async { Ok(Some(self.inner.store.scopes().await?.into_iter().map(ScopeCopy::from).collect())) };
        let rows: Vec<ScopeCopy> = self.copied(&format!("scopes:{generation}"), rows).await?.unwrap_or_default();
        let scopes = Arc::new(read_scopes(&rows)?);
        self.inner.scopes.store(Arc::new((generation, Arc::clone(&scopes))));
        Ok(scopes)
    }

    /// The scopes as they were last read, however long ago: for documents that others keep for minutes anyway.
    pub fn scopes_last_read(&self) -> Option<Arc<Scopes>> {
        let held = self.inner.scopes.load();
        let current = self.inner.current.load();
        (current.asked.is_some() && held.0 == current.generations.scopes).then(|| Arc::clone(&held.1))
    }

    /// All registered resources: there are as many as APIs.
    pub async fn resources(&self) -> DirectoryResult<Arc<Vec<Resource>>> {
        let generation = self.generations().await?.resources;
        let held = self.inner.resources.load();
        if held.0 == generation {
            return Ok(Arc::clone(&held.1));
        }
        let rows =
            async { Ok(Some(self.inner.store.resources().await?.into_iter().map(ResourceCopy::from).collect())) };
        let rows: Vec<ResourceCopy> = self.copied(&format!("resources:{generation}"), rows).await?.unwrap_or_default();
        let resources = Arc::new(rows.into_iter().map(Resource::read).collect::<DirectoryResult<Vec<_>>>()?);
        self.inner.resources.store(Arc::new((generation, Arc::clone(&resources))));
        Ok(resources)
    }

    /// All roles: there are as many as kinds of people.
    pub async fn roles(&self) -> DirectoryResult<Arc<Roles>> {
        let generation = self.generations().await?.roles;
        let held = self.inner.roles.load();
        if held.0 == generation {
            return Ok(Arc::clone(&held.1));
        }
        let rows = async { Ok(Some(self.inner.store.roles().await?.into_iter().map(RoleCopy::from).collect())) };
        let rows: Vec<RoleCopy> = self.copied(&format!("roles:{generation}"), rows).await?.unwrap_or_default();
        let roles = Arc::new(Roles::read(rows)?);
        self.inner.roles.store(Arc::new((generation, Arc::clone(&roles))));
        Ok(roles)
    }

    /// All providers that people sign in with: there are as many as buttons fit on a page.
    pub async fn upstreams(&self) -> DirectoryResult<Arc<Vec<Upstream>>> {
        let generation = self.generations().await?.upstreams;
        let held = self.inner.upstreams.load();
        if held.0 == generation {
            return Ok(Arc::clone(&held.1));
        }
        let rows =
            async { Ok(Some(self.inner.store.upstreams().await?.into_iter().map(UpstreamCopy::from).collect())) };
        let rows: Vec<UpstreamCopy> = self.copied(&format!("upstreams:{generation}"), rows).await?.unwrap_or_default();
        let upstreams = Arc::new(rows.into_iter().map(Upstream::read).collect::<DirectoryResult<Vec<_>>>()?);
        self.inner.upstreams.store(Arc::new((generation, Arc::clone(&upstreams))));
        Ok(upstreams)
    }

    /// The current generations: as last polled, unless that is too long ago.
    async fn generations(&self) -> DirectoryResult<Generations> {
        if let Some(known) = self.known() {
            return known;
        }
        let _one_at_a_time = self.inner.asking.lock().await;
        match self.known() {
            Some(known) => known,
            None => self.poll().await,
        }
    }

    /// What the last poll said, if it was just now: also that the store did not answer, so that those who wait together
    /// do not each wait as long.
    fn known(&self) -> Option<DirectoryResult<Generations>> {
        let current = self.inner.current.load();
        if current.asked.is_some_and(|asked| asked.elapsed() < FRESH_FOR) {
            return Some(Ok(current.generations));
        }
        let failed = current.failed.as_ref().filter(|(at, _)| at.elapsed() < FAILED_FOR);
        failed.map(|(_, error)| Err(error.clone().into()))
    }

    /// From the cache; otherwise from the store, and into the cache for the next one who asks.
    async fn copied<T>(
        &self,
        name: &str,
        load: impl Future<Output = StoreResult<Option<T>>> + Send,
    ) -> DirectoryResult<Option<T>>
    where
        T: Serialize + DeserializeOwned + Send + Sync,
    {
        if let Some(copy) = self.copy(name).await {
            return Ok(Some(copy));
        }
        let Some(row) = load.await? else { return Ok(None) };
        self.keep(name, &row).await;
        Ok(Some(row))
    }

    /// A copy from the cache; one that cannot be had or read is none.
    async fn copy<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let found = self.inner.cache.get(name).await;
        let outcome = match &found {
            Ok(Some(_)) => "hit",
            Ok(None) => "miss",
            Err(_) => "away",
        };
        self.inner.counters.cache("get", outcome);
        serde_json::from_slice(&found.ok()??).ok()
    }

    async fn keep(&self, name: &str, row: &impl Serialize) {
        let Ok(bytes) = serde_json::to_vec(row) else { return };
        let kept = self.inner.cache.put(name, &bytes, copies::LIFETIME).await;
        self.inner.counters.cache("put", if kept.is_ok() { "kept" } else { "away" });
    }
}

fn read_scopes(rows: &[ScopeCopy]) -> DirectoryResult<Scopes> {
    let mut scopes: Vec<(ScopeName, bool)> = Vec::with_capacity(rows.len());
    for row in rows {
        let name = row.name.parse().map_err(|error| DirectoryError::Unreadable("scope", format!("{error}")))?;
        scopes.push((name, row.identity));
    }
    Ok(Scopes {
        identity: scopes.iter().filter(|(_, identity)| *identity).map(|(name, _)| name.clone()).collect(),
        known: scopes.into_iter().map(|(name, _)| name).collect(),
    })
}
