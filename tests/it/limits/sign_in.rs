//! Wrong passwords: a few in a minute, a wait that doubles, a lock; never by the account alone.

use std::net::IpAddr;
use std::time::Duration;

use countersign::accounts::administer;
use countersign::authority::Authority;
use countersign::failure::{Failure, Quota, Reason};
use countersign::limits::{self, Attempt};
use countersign::protocol::ErrorCode;

use super::limited;
use crate::harness::{Backend, Node, World, stories};

stories![
    a_pair_has_five_failures_in_a_minute,
    the_wait_doubles_and_then_comes_the_lock,
    a_lock_says_the_same_to_a_right_password,
    strangers_lock_nobody_out_they_only_slow_down,
    a_pair_is_one_however_name_and_address_are_written,
    a_right_password_makes_all_good,
    guesses_made_at_once_gain_nothing,
    many_may_sign_in_at_once,
    every_node_knows_and_a_restart_forgets_nothing,
    an_administrator_forgives,
    without_limits_nothing_is_counted,
];

const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";

fn at(address: &str) -> Option<IpAddr> {
    Some(address.parse().expect("an address"))
}

/// May somebody try? Otherwise what the answer says.
async fn before(node: &Node, account: &str, address: &str) -> Result<Attempt, Quota> {
    match limits::before_sign_in(&node.app, account, at(address), node.app.clock.now()).await {
        Ok(attempt) => Ok(attempt),
        Err(Failure::Refused(refused)) => {
            assert_eq!((refused.code, refused.reason), (ErrorCode::TooManyRequests, Reason::OverLimit));
            Err(*refused.quota.expect("a quota"))
        }
        Err(Failure::Broken(broken)) => panic!("{broken:?}"),
    }
}

async fn allowed(node: &Node, account: &str, address: &str) -> Attempt {
    before(node, account, address).await.expect("one more attempt")
}

/// In how many seconds there may be another attempt.
async fn wait(node: &Node, account: &str, address: &str) -> u32 {
    before(node, account, address).await.map_or_else(|quota| quota.reset_seconds, |_| 0)
}

/// Tries in vain; for how many seconds this has locked.
async fn fail(node: &Node, account: &str, address: &str) -> Option<i64> {
    let now = node.app.clock.now();
    let attempt = allowed(node, account, address).await;
    attempt.failed(&node.app, None, now).await.expect("it is counted").map(|locked| locked.until.since(now))
}

/// Whether a right password lets in.
async fn succeeds(node: &Node, attempt: Attempt) -> bool {
    attempt.succeeded(&node.app, node.app.clock.now()).await.expect("the store answers")
}

/// Tries in vain until the pair is locked.
async fn lock(world: &World, account: &str, address: &str) -> i64 {
    for _ in 0..20 {
        world.advance(60);
        if let Some(seconds) = fail(world, account, address).await {
            return seconds;
        }
    }
    panic!("{account} was never locked");
}

async fn a_pair_has_five_failures_in_a_minute(backend: Backend) {
    let world = limited(backend, |_| ()).await;
    for passed in [0, 10, 10, 10, 10] {
        world.advance(passed);
        assert_eq!(fail(&world, "ada", HERE).await, None);
    }
    let quota = before(&world, "ada", HERE).await.expect_err("the sixth");
    assert_eq!(quota, Quota { policy: "failed-logins", limit: 5, window_seconds: 60, reset_seconds: 20 });
    assert_eq!((wait(&world, "ada", ELSEWHERE).await, wait(&world, "bob", HERE).await), (0, 0));
    world.advance(19);
    assert_eq!(wait(&world, "ada", HERE).await, 1);
    world.advance(1);
    let attempt = allowed(&world, "ada", HERE).await;
    assert!(!attempt.locked && succeeds(&world, attempt).await);
    let series = "countersign_limited_total{policy=\"failed-logins\"} 2";
    assert!(world.get("/metrics").await.body.contains(series));
}

async fn the_wait_doubles_and_then_comes_the_lock(backend: Backend) {
    let world = limited(backend, |config| {
        config.limits.failed_logins_per_minute = 2;
        config.limits.longest_wait_seconds = 7;
        config.limits.lock_after = 7;
        config.limits.lock_minutes = 2;
    })
    .await;
    let mut waits = Vec::new();
    let mut locked = Vec::new();
    for _ in 0..7 {
        // Past the minute; what is left to wait is seen from the failure on.
        world.advance(60);
        locked.push(fail(&world, "ada", HERE).await);
        waits.push(wait(&world, "ada", HERE).await);
    }
    assert_eq!(waits, [0, 1, 2, 4, 7, 7, 7]);
    assert_eq!(locked, [None, None, None, None, None, None, Some(120)]);
    world.advance(7);
    assert!(allowed(&world, "ada", HERE).await.locked);
    world.advance(112);
    assert!(allowed(&world, "ada", HERE).await.locked);
    world.advance(1);
    assert!(!allowed(&world, "ada", HERE).await.locked, "the lock has ended by itself");
    assert_eq!(fail(&world, "ada", HERE).await, None);
    assert_eq!(wait(&world, "ada", HERE).await, 0, "and all begins anew");
}

async fn a_lock_says_the_same_to_a_right_password(backend: Backend) {
    let world = limited(backend, |config| config.limits.lock_after = 3).await;
    assert_eq!(lock(&world, "ada", HERE).await, 900);
    let attempt = allowed(&world, "ada", HERE).await;
    assert!(attempt.locked);
    assert!(!succeeds(&world, attempt).await, "also when nobody has looked at the lock");
    assert_eq!(fail(&world, "ada", HERE).await, None, "a lock that is there is not announced again");
    assert_eq!(wait(&world, "ada", HERE).await, 1, "who goes on has to wait, whatever the password was");
    world.advance(900);
    let attempt = allowed(&world, "ada", HERE).await;
    assert!(!attempt.locked && succeeds(&world, attempt).await);
    assert!(world.get("/metrics").await.body.contains("countersign_limited_total{policy=\"lock\"}"));
}

async fn strangers_lock_nobody_out_they_only_slow_down(backend: Backend) {
    let world = limited(backend, |_| ()).await;
    let mut delays = vec![allowed(&world, "ada", HERE).await.slow_down];
    for number in 0..30 {
        let stranger = format!("203.0.113.{number}");
        for _ in 0..4 {
            fail(&world, "ada", &stranger).await;
            delays.push(allowed(&world, "ada", HERE).await.slow_down);
        }
    }
    let milliseconds: Vec<_> = delays.iter().map(Duration::as_millis).collect();
    assert_eq!(milliseconds[..11], [0, 0, 0, 0, 100, 200, 400, 800, 1600, 3000, 3000]);
    assert!(delays.is_sorted() && delays[120] == Duration::from_secs(3), "{delays:?}");
    let attempt = allowed(&world, "ada", HERE).await;
    assert!(!attempt.locked && succeeds(&world, attempt).await);
    assert_eq!(allowed(&world, "bob", HERE).await.slow_down, Duration::ZERO);
    world.advance(901);
    assert_eq!(allowed(&world, "ada", HERE).await.slow_down, Duration::ZERO);
}

async fn a_pair_is_one_however_name_and_address_are_written(backend: Backend) {
    let world = limited(backend, |config| config.limits.failed_logins_per_minute = 1).await;
    fail(&world, "Ada@Example.com", HERE).await;
    for (account, address) in [("ada@example.com", HERE), (" ADA@example.COM ", "::ffff:192.0.2.1")] {
        assert_eq!(wait(&world, account, address).await, 60, "{account} at {address}");
    }
    assert_eq!(wait(&world, "ada@example.org", HERE).await, 0);
    fail(&world, "ada", "2001:db8:1:2::3").await;
    assert_eq!(wait(&world, "ada", "2001:db8:1:2:ffff:ffff:ffff:ffff").await, 60);
    assert_eq!(wait(&world, "ada", "2001:db8:1:3::3").await, 0);
    // Who has no address at all is somewhere, too.
    let now = world.clock.now();
    let attempt = limits::before_sign_in(&world.app, "ada", None, now).await.expect("an attempt");
    attempt.failed(&world.app, None, now).await.expect("it is counted");
    assert!(limits::before_sign_in(&world.app, "ada", None, now).await.is_err());
    assert_eq!(wait(&world, "ada", HERE).await, 0);
}

async fn a_right_password_makes_all_good(backend: Backend) {
    let world = limited(backend, |_| ()).await;
    for _ in 0..3 {
        for _ in 0..4 {
            fail(&world, "ada", HERE).await;
        }
        let attempt = allowed(&world, "ada", HERE).await;
        assert!(succeeds(&world, attempt).await);
    }
    assert_eq!(allowed(&world, "ada", HERE).await.slow_down, Duration::ZERO);
}

async fn guesses_made_at_once_gain_nothing(backend: Backend) {
    let world = limited(backend, |_| ()).await;
    let now = world.clock.now();
    let mut guesses = Vec::new();
    for _ in 0..20 {
        guesses.push(allowed(&world, "ada", HERE).await);
    }
    let (late, early) = (guesses.pop().expect("a guess"), guesses.pop().expect("a guess"));
    let mut wrong = guesses.into_iter();
    for attempt in wrong.by_ref().take(4) {
        attempt.failed(&world.app, None, now).await.expect("it is counted");
    }
    assert!(succeeds(&world, early).await, "a right one among the first five");
    for attempt in wrong {
        attempt.failed(&world.app, None, now).await.expect("it is counted");
    }
    assert!(!succeeds(&world, late).await, "a right one after more than five");
}

async fn many_may_sign_in_at_once(backend: Backend) {
    let world = limited(backend, |_| ()).await;
    fail(&world, "ada", HERE).await;
    let mut attempts = Vec::new();
    for _ in 0..50 {
        attempts.push(allowed(&world, "ada", HERE).await);
    }
    let outcomes = futures_util::future::join_all(attempts.into_iter().map(|attempt| succeeds(&world, attempt))).await;
    assert!(outcomes.into_iter().all(|let_in| let_in));
}

async fn every_node_knows_and_a_restart_forgets_nothing(backend: Backend) {
    let world = limited(backend, |config| config.limits.failed_logins_per_minute = 2).await;
    let other = world.another_node().await;
    fail(&world, "ada", HERE).await;
    fail(&other, "ada", HERE).await;
    for node in [&*world, &other] {
        assert_eq!(wait(node, "ada", HERE).await, 60);
    }
    lock(&world, "bob", HERE).await;
    world.advance(60);
    let restarted = world.another_node_with(|config| config.cache.prefix.push_str("-wiped")).await;
    assert!(allowed(&restarted, "bob", HERE).await.locked);
    world.advance(900);
    assert!(!allowed(&restarted, "bob", HERE).await.locked);
}

async fn an_administrator_forgives(backend: Backend) {
    let world = limited(backend, |config| config.limits.lock_after = 2).await;
    let ada = world.user("Ada").await;
    for name in ["ada", "ADA@example.org"] {
        lock(&world, name, HERE).await;
        fail(&world, name, ELSEWHERE).await;
    }
    lock(&world, "bob", HERE).await;
    world.advance(60);
    assert!(allowed(&world, "ada", HERE).await.locked && allowed(&world, &ada.email, HERE).await.locked);
    let (by, now) = (Authority::operator(), world.clock.now());
    administer::set_locked(&world.app, &ada.id, false, None, &by, now).await.expect("it is unlocked");
    for (name, address) in [("ada", HERE), ("Ada@example.org", HERE), ("ada", ELSEWHERE)] {
        let attempt = allowed(&world, name, address).await;
        assert!(!attempt.locked && attempt.slow_down.is_zero(), "{name} at {address}");
    }
    assert!(allowed(&world, "bob", HERE).await.locked);
}

async fn without_limits_nothing_is_counted(backend: Backend) {
    let world = limited(backend, |config| config.limits.lock_after = 1).await;
    let free = world.another_node_with(|config| config.limits.enabled = false).await;
    assert_eq!(fail(&world, "ada", HERE).await, Some(900));
    for _ in 0..20 {
        assert_eq!(fail(&free, "ada", HERE).await, None);
    }
    let attempt = allowed(&free, "ada", HERE).await;
    assert!(!attempt.locked && attempt.slow_down.is_zero() && succeeds(&free, attempt).await);
    world.advance(60);
    assert!(allowed(&world, "ada", HERE).await.locked, "whoever has limits goes on where they were");
}
