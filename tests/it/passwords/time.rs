//! What the time of an answer tells: nothing about who exists, nor about the kind by which a password is stored.

use std::time::{Duration, Instant};

use countersign::passwords::{Passwords, Verdict};
use countersign::secret::PasswordHash;

use super::{RIGHT, SLOW, answer, passwords, plain, verdict};

const ROUNDS: usize = 15;

/// How long the answers take, in the middle of several rounds: to a stranger, and to a wrong and a right password for
/// each of the stored ones. The rounds take turns, so that what else the machine does falls on all alike.
#[derive(Debug)]
struct Middles {
    stranger: Duration,
    wrong: Vec<Duration>,
    right: Vec<Duration>,
}

async fn measure(passwords: &Passwords, stored: &[&PasswordHash]) -> Middles {
    let (mut strangers, mut wrong, mut right) = (vec![], vec![vec![]; stored.len()], vec![vec![]; stored.len()]);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        assert_eq!(answer(passwords, RIGHT, None).await, Verdict::Wrong);
        strangers.push(started.elapsed());
        for (at, stored) in stored.iter().enumerate() {
            let started = Instant::now();
            assert_eq!(verdict(passwords, "wrong", stored).await, Verdict::Wrong);
            wrong[at].push(started.elapsed());
            let started = Instant::now();
            assert_ne!(verdict(passwords, RIGHT, stored).await, Verdict::Wrong);
            right[at].push(started.elapsed());
        }
    }
    let all = |times: Vec<Vec<Duration>>| times.into_iter().map(middle).collect();
    Middles { stranger: middle(strangers), wrong: all(wrong), right: all(right) }
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn alike(one: Duration, other: Duration) -> bool {
    let (less, more) = (one.min(other), one.max(other));
    more < less * 2
}

#[tokio::test]
async fn a_refusal_takes_as_long_as_the_slowest_kind_that_is_stored() {
    let passwords = passwords();
    let quick = passwords.hash(&plain(RIGHT)).await.unwrap();
    let slow = passwords.import(SLOW).unwrap();
    passwords.set_kinds_present(vec![quick.kind(), slow.kind()]);
    // What else the machine does may change between one round and the next: what is so, is so in one of a few tries.
    let mut seen = Vec::new();
    for _ in 0..5 {
        let found = measure(&passwords, &[&quick, &slow]).await;
        assert!(found.right[0] < found.stranger / 2, "who is right does not wait: {found:?}");
        if found.wrong.iter().all(|wrong| alike(found.stranger, *wrong)) {
            return;
        }
        seen.push(found);
    }
    panic!("times tell what is stored: {seen:#?}");
}

#[tokio::test]
async fn the_dummy_follows_what_is_stored() {
    let passwords = passwords();
    let slow = passwords.import(SLOW).unwrap();
    let alone = measure(&passwords, &[]).await.stranger;
    passwords.set_kinds_present(vec![slow.kind(), "of no known kind".to_owned(), "bcrypt$99".to_owned()]);
    let beside_a_slow_one = measure(&passwords, &[]).await.stranger;
    assert!(alone * 2 < beside_a_slow_one, "{alone:?} {beside_a_slow_one:?}");
    passwords.set_kinds_present(Vec::new());
    let alone_again = measure(&passwords, &[]).await.stranger;
    assert!(alone_again * 2 < beside_a_slow_one, "{alone_again:?} {beside_a_slow_one:?}");
    // A kind that nobody announced is known from the first password of it.
    verdict(&passwords, RIGHT, &slow).await;
    let beside_it_again = measure(&passwords, &[]).await.stranger;
    assert!(alone * 2 < beside_it_again, "{alone:?} {beside_it_again:?}");
}
