//! When something that could not be delivered is tried again: each time after twice as long, and not all at the same time.

use crate::store::outbox::{Claimed, LIFETIME_SECONDS};
use crate::time::UnixTime;

const FIRST_SECONDS: i64 = 30;
const LONGEST_SECONDS: i64 = 3_600;

/// `None` when there will be no other attempt in the lifetime of the row. `chance` spreads the attempts over half of the
/// time around the middle.
pub fn next_attempt(row: &Claimed, chance: [u8; 1], now: UnixTime) -> Option<UnixTime> {
    let doublings = u32::try_from(row.attempts - 1).unwrap_or(0).min(10);
    let middle = (FIRST_SECONDS << doublings).min(LONGEST_SECONDS);
    let wait = middle * 3 / 4 + middle * i64::from(chance[0]) / 510;
    let due_at = now.plus(wait);
    (due_at < row.created_at.plus(LIFETIME_SECONDS)).then_some(due_at)
}
