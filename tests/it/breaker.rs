//! The circuit breaker, by a clock that the test moves.

use countersign::breaker::{Breaker, Change, Limits, Passage};

use crate::contract::NOW;

const LIMITS: Limits = Limits { failures: 3, rest_seconds: 10, longest_rest_seconds: 30 };

/// One that has just opened.
fn opened() -> Breaker {
    let breaker = Breaker::new(LIMITS);
    let changes = [breaker.failed(NOW), breaker.failed(NOW), breaker.failed(NOW)];
    assert_eq!(changes, [Change::None, Change::None, Change::Opened(10)]);
    breaker
}

#[test]
fn failures_in_a_row_open_it_and_others_do_not() {
    let breaker = Breaker::new(LIMITS);
    for _ in 0..5 {
        breaker.failed(NOW);
        breaker.failed(NOW);
        assert_eq!(breaker.succeeded(), Change::None);
        assert_eq!(breaker.passage(NOW), Passage::Free);
    }
    let breaker = opened();
    assert_eq!(breaker.passage(NOW.plus(9)), Passage::Closed);
    assert_eq!(breaker.failed(NOW.plus(9)), Change::None, "a try that began before it opened");
}

#[test]
fn after_a_rest_one_looks_and_a_success_lets_all_pass() {
    let breaker = opened();
    assert_eq!(breaker.passage(NOW.plus(10)), Passage::Probe);
    assert_eq!(breaker.passage(NOW.plus(10)), Passage::Closed, "one is enough");
    assert_eq!(breaker.succeeded(), Change::Closed);
    assert_eq!([breaker.passage(NOW.plus(10)), breaker.passage(NOW.plus(10))], [Passage::Free, Passage::Free]);
    assert_eq!([breaker.failed(NOW), breaker.failed(NOW)], [Change::None, Change::None], "it counts anew");
}

#[test]
fn a_look_that_fails_doubles_the_rest_up_to_a_limit() {
    let breaker = opened();
    let mut now = NOW.plus(10);
    for rest in [20, 30, 30] {
        assert_eq!(breaker.passage(now), Passage::Probe);
        assert_eq!(breaker.failed(now), Change::Opened(rest));
        assert_eq!(breaker.passage(now.plus(rest - 1)), Passage::Closed);
        now = now.plus(rest);
    }
}

#[test]
fn somebody_else_looks_when_nothing_is_heard_or_nothing_was_tried() {
    let breaker = opened();
    assert_eq!(breaker.passage(NOW.plus(10)), Passage::Probe);
    assert_eq!(breaker.passage(NOW.plus(19)), Passage::Closed);
    assert_eq!(breaker.passage(NOW.plus(20)), Passage::Probe, "whoever looked has fallen");
    breaker.unused(NOW.plus(21));
    assert_eq!(breaker.passage(NOW.plus(21)), Passage::Probe);
    let closed = Breaker::new(LIMITS);
    closed.unused(NOW);
    assert_eq!(closed.passage(NOW), Passage::Free);
}
