//! Every secret and token that the tests of this process have seen: none of them may ever stand in a log.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn seen() -> MutexGuard<'static, BTreeSet<String>> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is shorter can't be told from other words of a log.
pub const SHORTEST: usize = 8;

/// Notes a secret or a token, in this process and in the folder of COUNTERSIGN_TEST_LOG_DIR, one to a line.
pub fn note(secret: &str) {
    assert!(secret.len() >= SHORTEST && !secret.contains('\n'), "{secret:?} can't be looked for in a log");
    let mut seen = seen();
    if !seen.insert(secret.to_owned()) {
        return;
    }
    if let Some(folder) = super::log_folder() {
        let mut file = OpenOptions::new().create(true).append(true).open(folder.join("secrets")).expect("a file");
        file.write_all(format!("{secret}\n").as_bytes()).expect("a line can be written");
    }
}

pub fn all() -> Vec<String> {
    seen().iter().cloned().collect()
}
