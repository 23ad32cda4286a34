//! Which kinds of passwords are stored, how long each takes here, and so how long a refusal has to take.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::kind::Kind;

/// How many measurements of a kind are kept: few, so that they tell how busy the machine is now.
const KEPT: usize = 16;

pub struct Times(Mutex<Vec<Measured>>);

struct Measured {
    kind: Kind,
    /// The latest at the end.
    took: VecDeque<Duration>,
    /// Which of them was sampled last.
    sampled: usize,
}

impl Times {
    pub fn new(own: Kind) -> Self {
        Self(Mutex::new(vec![Measured::new(own)]))
    }

    /// Says which kinds there are; what is known of them stays.
    pub fn set_present(&self, kinds: &[Kind]) {
        let mut all = self.all();
        all.retain(|measured| kinds.contains(&measured.kind));
        for &kind in kinds {
            find(&mut all, kind);
        }
    }

    pub fn record(&self, kind: Kind, took: Duration) {
        let mut all = self.all();
        let measured = find(&mut all, kind);
        if measured.took.len() == KEPT {
            measured.took.pop_front();
        }
        measured.took.push_back(took);
    }

    /// The kind that takes longest.
    pub fn slowest(&self, own: Kind) -> Kind {
        let all = self.all();
        let slowest = if all.len() == 1 { all.first() } else { all.iter().max_by_key(|measured| measured.typical()) };
        slowest.map_or(own, |measured| measured.kind)
    }

    /// How long a computation of this kind took lately: another one of the last measurements each time, so that what
    /// waits for so long varies as what is computed does.
    pub fn sample(&self, kind: Kind) -> Duration {
        let mut all = self.all();
        let measured = find(&mut all, kind);
        measured.sampled = (measured.sampled + 1) % KEPT;
        let index = measured.sampled % measured.took.len().max(1);
        measured.took.get(index).copied().unwrap_or_else(|| measured.typical())
    }

    fn all(&self) -> MutexGuard<'_, Vec<Measured>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A kind that nobody spoke of is stored, or it would not be measured.
fn find(all: &mut Vec<Measured>, kind: Kind) -> &mut Measured {
    let index = all.iter().position(|measured| measured.kind == kind).unwrap_or_else(|| {
        all.push(Measured::new(kind));
        all.len() - 1
    });
    &mut all[index]
}

impl Measured {
    fn new(kind: Kind) -> Self {
        Self { kind, took: VecDeque::with_capacity(KEPT), sampled: 0 }
    }

    /// The middle one of the measurements; until there are any, the estimate.
    fn typical(&self) -> Duration {
        let mut took: Vec<_> = self.took.iter().copied().collect();
        took.sort_unstable();
        took.get(took.len() / 2).copied().unwrap_or_else(|| Duration::from_nanos(self.kind.nanoseconds()))
    }
}
