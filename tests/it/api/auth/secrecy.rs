//! Nobody learns who has an account: neither from what an answer says, nor from the time that it takes.

use std::time::{Duration, Instant};

use countersign::config::Config;
use serde_json::{Value, json};

use crate::api::people::{FORGOT, LOGIN, REGISTER, RESEND, WRONG, a_password, somebody, visible};
use crate::harness::{Answer, Backend, Node, User, stories};

stories![
    asking_for_a_letter_tells_nothing,
    signing_in_in_vain_tells_nothing,
    registering_a_known_address_tells_nothing,
    a_lock_tells_nothing,
];

const ROUNDS: usize = 11;
/// What else the machine does falls on all alike only in the long run.
const TRIES: usize = 6;
/// Out of a hundred pairs of times, one of each of two kinds, the first is the longer one fifty times if nothing is told,
/// and a hundred times if everything is.
const ALIKE: std::ops::RangeInclusive<usize> = 30..=70;

/// A request whose answer may depend on what it must not tell: the `number`th of its kind.
type Ask<'a> = &'a dyn Fn(usize) -> (&'static str, Value);

/// The answers must be equal, and their times alike: kinds take turns, and each is compared with each other one.
async fn tell_nothing(node: &Node, kinds: &[(&str, Ask<'_>)]) {
    let mut times = vec![Vec::new(); kinds.len()];
    let mut first = None;
    for number in 0..ROUNDS * TRIES {
        for (at, (what, ask)) in kinds.iter().enumerate() {
            let (path, body) = ask(number * kinds.len() + at);
            let started = Instant::now();
            let answer = node.tell(path, &body).await;
            times[at].push(started.elapsed());
            let seen = visible(&answer);
            assert_eq!(*first.get_or_insert_with(|| seen.clone()), seen, "{what}");
        }
        let is_a_try = (number + 1) % ROUNDS == 0;
        if is_a_try && pairs(&times).iter().all(|longer| ALIKE.contains(longer)) {
            return;
        }
    }
    let names: Vec<&str> = kinds.iter().map(|(what, _)| *what).collect();
    let middles: Vec<Duration> = times.iter().cloned().map(middle).collect();
    panic!("the times tell one from another: {names:?} {middles:?} {:?}", pairs(&times));
}

/// For each two kinds: how often out of a hundred pairs the first time is the longer one.
fn pairs(times: &[Vec<Duration>]) -> Vec<usize> {
    let mut pairs = Vec::new();
    for (at, one) in times.iter().enumerate() {
        for other in &times[at + 1..] {
            let longer: usize = one.iter().map(|time| other.iter().filter(|each| *each < time).count()).sum();
            pairs.push(100 * longer / (one.len() * other.len()));
        }
    }
    pairs
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Passwords that take as long as they do for users.
pub fn slow(config: &mut Config) {
    let passwords = Config::default().passwords;
    (config.passwords.memory_kib, config.passwords.passes) = (passwords.memory_kib, passwords.passes);
}

async fn asking_for_a_letter_tells_nothing(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user_with("ann", |new| new.user.verified_at = None).await;
    let (bob, shut_out) = (world.user("bob").await, world.user("shut").await);
    world.disable_user(&shut_out, Some(world.clock.now())).await;
    for path in [FORGOT, RESEND] {
        let to = |email: &str| (path, json!({ "email": email }));
        tell_nothing(
            &world,
            &[
                ("an address that is not confirmed", &|_| to(&ann.email)),
                ("an address that is", &|_| to(&bob.email)),
                ("somebody who was shut out", &|_| to(&shut_out.email)),
                ("nobody", &|number| to(&format!("nobody{number}@example.org"))),
            ],
        )
        .await;
    }
}

async fn signing_in_in_vain_tells_nothing(backend: Backend) {
    let world = backend.world_with(slow).await;
    let (ann, disabled, locked) = (world.user("ann").await, world.user("disabled").await, world.user("locked").await);
    world.disable_user(&disabled, Some(world.clock.now())).await;
    world.lock(&locked, Some(world.clock.now())).await;
    let without = world.user_with("without", |new| new.user.password_hash = None).await;
    let with = |name: &str, password: &str| (LOGIN, json!({"username": name, "password": password}));
    tell_nothing(
        &world,
        &[
            ("a wrong password", &|_| with(&ann.username, WRONG)),
            ("a wrong password for an address", &|_| with(&ann.email, WRONG)),
            ("nobody", &|number| with(&format!("nobody{number}"), WRONG)),
            ("a disabled user", &|_| with(&disabled.username, &disabled.password)),
            ("a locked user", &|_| with(&locked.username, &locked.password)),
            ("a user without a password", &|_| with(&without.username, &without.password)),
        ],
    )
    .await;
}

async fn registering_a_known_address_tells_nothing(backend: Backend) {
    let world = backend
        .world_with(|config| {
            slow(config);
            config.accounts.require_verified_email = true;
        })
        .await;
    let ann = world.user("ann").await;
    let password = a_password();
    let register = |number: usize, email: String| {
        let (_, mut body) = somebody(&format!("new{number}"));
        body["email"] = email.into();
        body["password"] = password.as_str().into();
        (REGISTER, body)
    };
    tell_nothing(
        &world,
        &[
            ("a known address", &|number| register(number, ann.email.clone())),
            ("a new one", &|number| register(number, format!("new{number}@example.org"))),
        ],
    )
    .await;
}

async fn a_lock_tells_nothing(backend: Backend) {
    let world = backend
        .world_with(|config| {
            config.limits.enabled = true;
            config.limits.lock_after = 3;
            config.limits.longest_slow_down_milliseconds = 0;
        })
        .await;
    let ann = world.user("ann").await;
    let attempt = async |user: &User, password: &str| -> Answer { world.try_login(&user.username, password).await };
    let wrong = attempt(&ann, WRONG).await;
    for _ in 0..2 {
        attempt(&ann, WRONG).await;
    }
    let locked = [attempt(&ann, &ann.password).await, attempt(&ann, WRONG).await];
    for answer in &locked {
        answer.is_problem(401, "invalid_credentials");
        assert_eq!(visible(answer), visible(&wrong));
    }
    let reasons = "SELECT reason FROM audit_log WHERE act = 'sign_in_refused' ORDER BY at, id";
    let reasons = world.texts(reasons).await;
    assert_eq!(reasons.iter().filter(|reason| *reason == "login_locked").count(), 2, "{reasons:?}");
}
