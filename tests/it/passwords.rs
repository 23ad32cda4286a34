//! Passwords: every kind that can be stored, what may be imported, the pool that computes them, what their time tells, and
//! which ones people may choose.

mod import;
mod kinds;
mod policy;
mod pool;
mod time;

use std::collections::BTreeMap;

use countersign::config::{self, Config, Sources};
use countersign::passwords::{Passwords, Verdict};
use countersign::secret::{Password, PasswordHash, Plain};

pub use kinds::WRITTEN_ELSEWHERE;

/// The password of everything that is stored in these tests.
pub const RIGHT: &str = "correct horse battery staple";

/// It takes some ten milliseconds, so that something can happen meanwhile.
pub const SLOW: &str = "$2b$08$yjESIMQFLQL3sVuTu6uoZOhgvaOgGA7zNqBhD0Dn1jmCgYbVtnci2";

/// As quick as can be, in one thread.
pub fn settings() -> config::Passwords {
    config::Passwords { memory_kib: 64, passes: 1, threads: Some(1), ..config::Passwords::default() }
}

pub fn passwords() -> Passwords {
    Passwords::open(&settings())
}

pub fn plain(text: &str) -> Plain<Password> {
    Plain::presented(text)
}

pub async fn verdict(passwords: &Passwords, password: &str, stored: &PasswordHash) -> Verdict {
    answer(passwords, password, Some(stored)).await
}

/// The same, at the time at which whoever asked is told.
pub async fn answer(passwords: &Passwords, password: &str, stored: Option<&PasswordHash>) -> Verdict {
    let (verdict, rest) = passwords.verify(&plain(password), stored).await.expect("there is room in the queue");
    if verdict == Verdict::Wrong {
        rest.wait().await;
    }
    verdict
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (variables, fault) in [
        (
            &[("MEMORY_KIB", "64"), ("LANES", "9")][..],
            "passwords.memory_kib: must be at least 8 for each of passwords.lanes",
        ),
        (&[("MAX_MEMORY_KIB", "19455")], "passwords.max_memory_kib: must be at least passwords.memory_kib"),
    ] {
        let named = |(name, value): &(&str, &str)| (format!("COUNTERSIGN_PASSWORDS__{name}"), (*value).to_owned());
        let environment: BTreeMap<_, _> = variables.iter().map(named).collect();
        let faults = Config::load(&Sources { environment: environment.into_iter().collect(), ..Sources::default() });
        let faults = faults.expect_err("must be refused").to_string();
        assert!(faults.contains(&fault[fault.find(": ").unwrap() + 2..]), "{faults}");
        assert!(faults.to_lowercase().contains(fault.split(": ").next().unwrap()), "{faults}");
    }
}
