//! The clock, and arithmetic on what it says.

use countersign::time::{Clock, UnixTime};

#[test]
fn arithmetic_saturates() {
    assert_eq!(UnixTime::from_seconds(i64::MAX).plus(1), UnixTime::from_seconds(i64::MAX));
    assert_eq!(UnixTime::from_seconds(100).since(UnixTime::from_seconds(130)), -30);
}

#[test]
fn a_stopped_clock_moves_only_when_told() {
    let clock = Clock::stopped_at(UnixTime::from_seconds(1_000));
    assert_eq!(clock.now().seconds(), 1_000);
    clock.advance(5);
    assert_eq!(clock.now().seconds(), 1_005);
}
