//! The pool: its threads, its queue and who leaves it.

use std::fs;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use countersign::config;
use countersign::failure::Failure;
use countersign::passwords::{Passwords, PasswordsBusy, Verdict};
use countersign::secret::PasswordHash;
use futures_util::FutureExt;

use super::{RIGHT, SLOW, passwords, plain, settings, verdict};
use crate::harness::{A_WHILE, within};

fn slow() -> PasswordHash {
    passwords().import(SLOW).expect("a bcrypt hash")
}

fn with_queue(queue: usize) -> Passwords {
    Passwords::open(&config::Passwords { queue, ..settings() })
}

#[tokio::test]
async fn past_the_queue_the_answer_is_busy_at_once() {
    let (passwords, slow, right) = (with_queue(1), slow(), plain(RIGHT));
    let (mut running, mut waiting, mut refused) = (
        pin!(passwords.verify(&right, Some(&slow))),
        pin!(passwords.verify(&right, Some(&slow))),
        pin!(passwords.hash(&right)),
    );
    assert!(running.as_mut().now_or_never().is_none());
    assert!(waiting.as_mut().now_or_never().is_none());
    let busy = refused.as_mut().now_or_never().expect("an answer at once").expect_err("no room");
    let Failure::Broken(broken) = busy.into() else { panic!("nobody decided this") };
    assert_eq!((broken.what, broken.passing), ("passwords", true));
    assert!(broken.source.contains("passwords.queue"), "{broken:?}");
    // Those who have a place are served, and then there is room again.
    assert_eq!(running.await.unwrap().0, Verdict::Right { outdated: true });
    assert_eq!(waiting.await.unwrap().0, Verdict::Right { outdated: true });
    passwords.hash(&right).await.expect("room again");
}

#[tokio::test]
async fn who_leaves_the_queue_makes_room() {
    let (passwords, slow, right) = (with_queue(1), slow(), plain(RIGHT));
    let mut running = pin!(passwords.verify(&right, Some(&slow)));
    assert!(running.as_mut().now_or_never().is_none());
    let mut leaving = Box::pin(passwords.verify(&right, Some(&slow)));
    assert!(leaving.as_mut().now_or_never().is_none());
    assert!(matches!(passwords.hash(&right).now_or_never(), Some(Err(PasswordsBusy))));
    drop(leaving);
    let mut taken = pin!(passwords.hash(&right));
    assert!(taken.as_mut().now_or_never().is_none(), "it has a place");
    taken.await.expect("it is computed");
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_computed() {
    const LEFT: u32 = 40;
    let (passwords, slow, right) = (with_queue(100), slow(), plain(RIGHT));
    let started = Instant::now();
    verdict(&passwords, RIGHT, &slow).await;
    let one = started.elapsed();
    let started = Instant::now();
    let mut running = pin!(passwords.verify(&right, Some(&slow)));
    assert!(running.as_mut().now_or_never().is_none());
    for _ in 0..LEFT {
        let mut leaving = Box::pin(passwords.verify(&right, Some(&slow)));
        assert!(leaving.as_mut().now_or_never().is_none());
    }
    verdict(&passwords, RIGHT, &slow).await;
    let all = started.elapsed();
    assert!(all < one * LEFT / 2, "{all:?} for two, though one takes {one:?}");
    let _ = running.await.expect("it was computed long ago");
}

#[tokio::test]
async fn who_comes_first_is_served_first() {
    let passwords = with_queue(100);
    let served = Arc::new(Mutex::new(Vec::new()));
    let all = (0..8).map(|number| {
        let (passwords, served) = (passwords.clone(), Arc::clone(&served));
        tokio::spawn(async move {
            verdict(&passwords, RIGHT, &slow()).await;
            served.lock().unwrap().push(number);
        })
    });
    for task in all.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(*served.lock().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn threads_start_when_they_are_needed_and_are_no_more_than_set() {
    let passwords = Passwords::open(&config::Passwords { threads: Some(3), ..settings() });
    let (slow, right) = (slow(), plain(RIGHT));
    assert_eq!(passwords.threads(), 0);
    passwords.hash(&right).await.unwrap();
    assert_eq!(passwords.threads(), 1);
    let many = (0..20).map(|_| passwords.verify(&right, Some(&slow)));
    let verdicts = futures_util::future::join_all(many).await;
    assert!(verdicts.into_iter().all(|verdict| verdict.unwrap().0 == Verdict::Right { outdated: true }));
    assert_eq!(passwords.threads(), 3);
}

/// As the system tells it: the forty-first field is the policy by which a thread is scheduled.
fn policy(stat: &Path) -> Option<i32> {
    let line = fs::read_to_string(stat).ok()?;
    let (_, fields) = line.rsplit_once(") ")?;
    fields.split(' ').nth(38)?.parse().ok()
}

#[tokio::test]
async fn its_threads_give_way_to_others() {
    let passwords = passwords();
    passwords.hash(&plain(RIGHT)).await.unwrap();
    const IDLE: i32 = 5;
    assert_ne!(policy(Path::new("/proc/self/stat")), Some(IDLE));
    within(A_WHILE, "the threads for passwords give way", async || {
        let tasks = fs::read_dir("/proc/self/task").expect("the threads of this process");
        let tasks = tasks.filter_map(|task| Some(task.ok()?.path()));
        let named = |task: &Path| fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "passwords");
        let found: Vec<_> = tasks.filter(|task| named(task)).filter_map(|task| policy(&task.join("stat"))).collect();
        !found.is_empty() && found.iter().all(|policy| *policy == IDLE)
    })
    .await;
}

#[tokio::test]
async fn passwords_in_bulk_take_one_place_together() {
    let slow = config::Passwords { threads: Some(4), queue: 0, memory_kib: 1_024, passes: 10, ..settings() };
    let (passwords, right) = (Passwords::open(&slow), plain(RIGHT));
    let mut bulk = pin!(futures_util::future::join_all((0..12).map(|_| passwords.hash_in_bulk(&right))));
    assert!(bulk.as_mut().now_or_never().is_none());
    // There are four places, and three are left for everybody else.
    let mut others: Vec<_> = (0..3).map(|_| Box::pin(passwords.hash(&right))).collect();
    for other in &mut others {
        assert!(!matches!(other.as_mut().now_or_never(), Some(Err(PasswordsBusy))));
    }
    for hash in bulk.await {
        let hash = hash.expect("it is computed");
        assert_eq!(verdict(&passwords, RIGHT, &hash).await, Verdict::Right { outdated: false });
    }
}

#[tokio::test]
async fn passwords_in_bulk_wait_while_the_queue_is_full() {
    let (passwords, slow, right) = (with_queue(0), slow(), plain(RIGHT));
    let mut running = pin!(passwords.verify(&right, Some(&slow)));
    assert!(running.as_mut().now_or_never().is_none());
    let mut waiting = pin!(passwords.hash_in_bulk(&right));
    assert!(waiting.as_mut().now_or_never().is_none(), "it is not told that there is no room");
    assert_eq!(running.await.unwrap().0, Verdict::Right { outdated: true });
    waiting.await.expect("it is computed");
}
