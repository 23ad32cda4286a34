//! A circuit breaker: after a few failures in a row nobody is sent to a server that does not answer; after a rest one is
//! sent to look, and when that goes well, all may pass again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::time::UnixTime;

/// How a breaker behaves.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open at first; each look that fails doubles it.
    pub rest_seconds: i64,
    pub longest_rest_seconds: i64,
}

/// Whether somebody may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// As many as like to.
    Free,
    /// This one, to look how things are; whoever got this reports what came of it.
    Probe,
    Closed,
}

/// What a report has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    None,
    /// Nobody passes from now on, for this many seconds.
    Opened(i64),
    /// All pass again.
    Closed,
}

#[derive(Debug)]
pub struct Breaker {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: UnixTime,
        rest: i64,
    },
    /// Somebody looks. When nothing is heard of it until then, somebody else does.
    HalfOpen {
        until: UnixTime,
        rest: i64,
    },
}

impl Breaker {
    pub fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Asked before each try, or before a batch of them.
    pub fn passage(&self, now: UnixTime) -> Passage {
        let mut state = self.state();
        match *state {
            State::Closed { .. } => Passage::Free,
            State::Open { until, rest } | State::HalfOpen { until, rest } if until <= now => {
                *state = State::HalfOpen { until: now.plus(rest), rest };
                Passage::Probe
            }
            State::Open { .. } | State::HalfOpen { .. } => Passage::Closed,
        }
    }

    /// The server did its part.
    pub fn succeeded(&self) -> Change {
        let mut state = self.state();
        let before = std::mem::replace(&mut *state, State::Closed { failures: 0 });
        if matches!(before, State::Closed { .. }) { Change::None } else { Change::Closed }
    }

    /// The server did not do its part.
    pub fn failed(&self, now: UnixTime) -> Change {
        let mut state = self.state();
        let rest = match *state {
            State::Closed { failures } if failures + 1 < self.limits.failures => {
                *state = State::Closed { failures: failures + 1 };
                return Change::None;
            }
            State::Closed { .. } => self.limits.rest_seconds,
            State::HalfOpen { rest, .. } => rest.saturating_mul(2).min(self.limits.longest_rest_seconds),
            // A try that began before it opened.
            State::Open { .. } => return Change::None,
        };
        *state = State::Open { until: now.plus(rest), rest };
        Change::Opened(rest)
    }

    /// A probe found nothing to try, so the next who comes is the probe.
    pub fn unused(&self, now: UnixTime) {
        let mut state = self.state();
        if let State::HalfOpen { rest, .. } = *state {
            *state = State::Open { until: now, rest };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
