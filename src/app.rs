//! The handles of everything outside, and no behaviour: what a decision needs, it takes from here.

use crate::cache::{Cache, CacheAway, Windows};
use crate::config::Config;
use crate::directory::Directory;
use crate::hosts::Hosts;
use crate::key_sets::KeySets;
use crate::keyring::{Keyring, KeyringError};
use crate::mail::{Mail, MailError};
use crate::observe::Counters;
use crate::pages::{Pages, PagesError};
use crate::passwords::Passwords;
use crate::provider::Providers;
use crate::remembered::Remembered;
use crate::remote::Outbound;
use crate::store::{Store, StoreError};
use crate::time::Clock;

#[derive(Clone)]
pub struct App {
    pub config: Config,
    pub store: Store,
    pub cache: Cache,
    pub windows: Windows,
    pub keyring: Keyring,
    pub directory: Directory,
    pub mail: Mail,
    pub pages: Pages,
    pub remembered: Remembered,
    pub outbound: Outbound,
    pub hosts: Hosts,
    pub key_sets: KeySets,
    pub passwords: Passwords,
    pub providers: Providers,
    pub counters: Counters,
    pub clock: Clock,
}

/// Why a start did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Keyring(#[from] KeyringError),
    #[error("{0}")]
    Cache(#[from] CacheAway),
    #[error("{0}")]
    Mail(#[from] MailError),
    #[error("{0}")]
    Pages(#[from] PagesError),
    #[error("the database lacks migrations ({0}) and `database.migrate_at_start` is off: run `countersign migrate up`")]
    Unmigrated(String),
}

impl App {
    /// Opens every door, in the order in which they need each other.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, StartError> {
        let counters = Counters::new(clock.now());
        let (mail, pages) = (Mail::open(&config)?, Pages::open(&config)?);
        let store = Store::open(&config.database).await?;
        if config.database.migrate_at_start {
            store.migrate_up().await?;
        } else {
            let pending = store.migration_status().await?.pending;
            if !pending.is_empty() {
                return Err(StartError::Unmigrated(pending.join(", ")));
            }
        }
        let keyring = Keyring::open(&store, &config.keys, clock.now()).await?;
        let cache = Cache::open(&config.cache, keyring.cache_key().clone())?;
        let windows = Windows::new(cache.clone());
        let directory = Directory::new(store.clone(), cache.clone(), counters.clone());
        let remembered = Remembered::default();
        let may_be_private = config.outbound.private_addresses || config.issuer.is_loopback();
        let outbound = Outbound::new(may_be_private);
        let hosts = Hosts::new(outbound.clone());
        let key_sets = KeySets::new(cache.clone(), hosts.clone(), counters.clone());
        let passwords = Passwords::open(&config.passwords);
        let providers = Providers::default();
        Ok(Self {
            config,
            store,
            cache,
            windows,
            keyring,
            directory,
            mail,
            pages,
            remembered,
            outbound,
            hosts,
            key_sets,
            passwords,
            providers,
            counters,
            clock,
        })
    }
}
