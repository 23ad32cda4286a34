//! Passwords: hashed by Argon2id, and verified in every kind that was imported. All of it is computed in one pool of
//! threads, and a refusal tells by its time neither who exists nor by which kind a password is stored.

mod compute;
mod huge_pages;
mod kind;
mod parse;
mod pool;
mod times;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;

use compute::Recipe;
use kind::Kind;
use parse::Stored;
use pool::{Computed, Pool};
use times::Times;

use crate::config;
use crate::secret::{self, Password, PasswordHash, Plain};

/// Timers go by milliseconds: each refusal waits for one, so that none is the only one that does not.
const TICK: Duration = Duration::from_millis(1);
const HASH_BYTES: usize = 32;
/// How long, and how often, a password of many waits while the queue is full.
const BULK_PAUSE: Duration = Duration::from_millis(100);
const BULK_ATTEMPTS: usize = 100;

/// More passwords wait to be computed than the settings allow.
#[derive(Debug, thiserror::Error)]
#[error("more passwords are waiting to be computed than `passwords.queue` allows")]
pub struct PasswordsBusy;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right {
        /// Whether it should be hashed again, because new passwords are hashed otherwise.
        outdated: bool,
    },
}

/// What is left of the time that a refusal takes, so that it tells nothing. What is to be noted of the refusal is noted before, or
/// others would be let through meanwhile; that takes as long whoever is refused.
#[must_use = "whoever refuses waits"]
#[derive(Clone, Copy, Debug)]
pub struct Rest(Duration);

impl Rest {
    pub async fn wait(self) {
        tokio::time::sleep(self.0).await;
    }
}

/// A handle on the pool; clones share it.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    own: Kind,
    max_memory_kib: u64,
    max_milliseconds: u64,
    pool: Pool,
    times: Times,
    bulk: tokio::sync::Mutex<()>,
}

impl Passwords {
    /// No thread is started and no memory taken before the first password.
    pub fn open(settings: &config::Passwords) -> Self {
        let own = Kind::own(settings);
        Self(Arc::new(Inner {
            own,
            max_memory_kib: settings.max_memory_kib.into(),
            max_milliseconds: settings.max_milliseconds,
            pool: Pool::open(settings),
            times: Times::new(own),
            bulk: tokio::sync::Mutex::default(),
        }))
    }

    /// The form in which a new password is stored.
    pub async fn hash(&self, password: &Plain<Password>) -> Result<PasswordHash, PasswordsBusy> {
        let salt = secret::random::<16>();
        let recipe = Recipe { kind: self.0.own, salt: salt.to_vec(), length: HASH_BYTES };
        let Some(hash) = self.compute(recipe, password).await?.hash else {
            tracing::error!(kind = %self.0.own, "a password could not be hashed: the settings ask for the impossible");
            return Err(PasswordsBusy);
        };
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash.as_slice()));
        Ok(PasswordHash::stored(format!("${}${salt}${hash}", self.0.own.as_phc())))
    }

    /// The same for one password of many: they take one thread together, and wait while the queue is full.
    pub async fn hash_in_bulk(&self, password: &Plain<Password>) -> Result<PasswordHash, PasswordsBusy> {
        let _one_at_a_time = self.0.bulk.lock().await;
        for _ in 0..BULK_ATTEMPTS {
            if let Ok(hash) = self.hash(password).await {
                return Ok(hash);
            }
            tokio::time::sleep(BULK_PAUSE).await;
        }
        self.hash(password).await
    }

    /// Whether this is the password, and how much longer to wait before answering that it does not let in. Without a stored one
    /// it is wrong, and that takes as long as if there were one.
    pub async fn verify(
        &self,
        password: &Plain<Password>,
        stored: Option<&PasswordHash>,
    ) -> Result<(Verdict, Rest), PasswordsBusy> {
        let slowest = self.0.times.slowest(self.0.own);
        let stored = stored.and_then(|hash| self.readable(hash));
        let (recipe, expected) = match stored {
            Some(Stored { recipe, expected }) => (recipe, Some(expected)),
            None => (Recipe::dummy(slowest), None),
        };
        let kind = recipe.kind;
        let Computed { hash, took } = self.compute(recipe, password).await?;
        let is_right = expected.zip(hash).is_some_and(|(expected, hash)| hash.ct_eq(&expected).into());
        let verdict = if is_right { Verdict::Right { outdated: kind != self.0.own } } else { Verdict::Wrong };
        let more = if kind == slowest { Duration::ZERO } else { self.0.times.sample(slowest).saturating_sub(took) };
        Ok((verdict, Rest(more + TICK)))
    }

    /// Says which kinds are stored, in the words of [`PasswordHash::kind`].
    pub fn set_kinds_present(&self, kinds: Vec<String>) {
        let known = kinds.iter().filter_map(|kind| Kind::read(kind)).filter(|kind| self.has_memory_for(*kind));
        self.0.times.set_present(&known.chain([self.0.own]).collect::<Vec<_>>());
    }

    /// Takes a hash that another system made. What is wrong with it comes back as the rest of a sentence about it.
    pub fn import(&self, text: &str) -> Result<PasswordHash, String> {
        let kind = parse::parse(text)?.recipe.kind;
        let (memory, most) = (kind.memory_kib(), self.0.max_memory_kib);
        if memory > most {
            return Err(format!("needs {memory} KiB of memory ({kind}), and `passwords.max_memory_kib` is {most}"));
        }
        let (milliseconds, most) = (kind.nanoseconds() / 1_000_000, self.0.max_milliseconds);
        if milliseconds > most {
            return Err(format!(
                "takes about {milliseconds} ms to compute ({kind}), and `passwords.max_milliseconds` is {most}"
            ));
        }
        Ok(PasswordHash::stored(text.to_owned()))
    }

    /// How many threads compute passwords now.
    pub fn threads(&self) -> usize {
        self.0.pool.threads()
    }

    async fn compute(&self, recipe: Recipe, password: &Plain<Password>) -> Result<Computed, PasswordsBusy> {
        let kind = recipe.kind;
        let computed = self.0.pool.compute(recipe, password).await?;
        self.0.times.record(kind, computed.took);
        Ok(computed)
    }

    /// What is stored, when it can be computed here. The ceiling of memory holds for what was stored under another one, too.
    fn readable(&self, hash: &PasswordHash) -> Option<Stored> {
        let stored = parse::parse(hash.as_str())
            .inspect_err(|wrong| tracing::error!("a stored password {wrong}: nobody can sign in with it"))
            .ok()?;
        let fits = self.has_memory_for(stored.recipe.kind);
        if !fits {
            let kind = stored.recipe.kind;
            tracing::warn!(%kind, "a stored password needs more memory than `passwords.max_memory_kib` allows");
        }
        fits.then_some(stored)
    }

    fn has_memory_for(&self, kind: Kind) -> bool {
        kind.is_possible() && kind.memory_kib() <= self.0.max_memory_kib
    }
}

impl PasswordHash {
    /// Algorithm and parameters: `argon2id$m=19456,t=2,p=1`, `bcrypt$12`; `unknown` when the text is none of ours.
    pub fn kind(&self) -> String {
        parse::parse(self.as_str()).map_or_else(|_| "unknown".to_owned(), |stored| stored.recipe.kind.to_string())
    }
}
