//! The servers of clients: what is fetched from them, and how one that does not answer is left alone for a while, whatever it is
//! that it should answer.

use std::sync::Arc;

use quick_cache::sync::Cache as Bounded;

use crate::breaker::{Breaker, Limits, Passage};
use crate::remote::{Found, Outbound, Unreached};
use crate::time::UnixTime;

/// How many of them a process remembers.
const REMEMBERED: usize = 1024;
const LIMITS: Limits = Limits { failures: 5, rest_seconds: 30, longest_rest_seconds: 600 };

/// A handle to all of them; clones share it.
#[derive(Clone)]
pub struct Hosts {
    outbound: Outbound,
    breakers: Arc<Bounded<String, Arc<Breaker>>>,
}

impl Hosts {
    pub fn new(outbound: Outbound) -> Self {
        Self { outbound, breakers: Arc::new(Bounded::new(REMEMBERED)) }
    }

    /// A JSON document.
    pub async fn json(&self, url: &str, now: UnixTime) -> Result<Found, Unreached> {
        self.unless_away(url, now, self.outbound.get(url)).await
    }

    /// A text of one of these types.
    pub async fn text(&self, url: &str, types: &str, now: UnixTime) -> Result<String, Unreached> {
        self.unless_away(url, now, self.outbound.get_text(url, types)).await
    }

    async fn unless_away<T>(
        &self,
        url: &str,
        now: UnixTime,
        fetched: impl Future<Output = Result<T, Unreached>>,
    ) -> Result<T, Unreached> {
        let breaker = self.breaker(&Outbound::host(url));
        if breaker.passage(now) == Passage::Closed {
            return Err(Unreached::Resting);
        }
        let found = fetched.await;
        match &found {
            Err(Unreached::Away(_)) => drop(breaker.failed(now)),
            Err(Unreached::NotAllowed | Unreached::Resting) => breaker.unused(now),
            Ok(_) | Err(Unreached::Strange(_)) => drop(breaker.succeeded()),
        }
        found
    }

    fn breaker(&self, host: &str) -> Arc<Breaker> {
        let new = || Arc::new(Breaker::new(LIMITS));
        self.breakers.get_or_insert_with(host, || Ok::<_, ()>(new())).unwrap_or_else(|()| new())
    }
}
