//! A program that a story starts, and that does not outlive it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::harness::log_file;

/// No program of a story works on one thing for longer.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Program {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ran {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Program {
    /// Starts `command`, with `input` on its standard input. What it prints goes to files: to `folder`, and the log to the
    /// place of logs.
    pub fn start(mut command: Command, input: &[u8], folder: &Path) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let name = format!("{}-{}", std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let (given, out) = (folder.join(format!("{name}.in")), folder.join(format!("{name}.out")));
        let err = log_file(folder, &format!("{name}.log"));
        fs::write(&given, input).expect("a file can be written");
        let file = |path: &Path| File::create(path).expect("a file can be made");
        let child = command
            .stdin(File::open(&given).expect("a file that was just written"))
            .stdout(file(&out))
            .stderr(file(&err))
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        Self { child, out, err }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn out(&self) -> String {
        fs::read_to_string(&self.out).expect("what it printed")
    }

    pub fn err(&self) -> String {
        fs::read_to_string(&self.err).expect("what it logged")
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_some()
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> Ran {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                return Ran { code: status.code(), out: self.out(), err: self.err() };
            }
            assert!(started.elapsed() < PATIENCE, "it does not end: {}{}", self.out(), self.err());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("/bin/sh").arg("-c").arg(format!("kill -{name} {}", self.child.id())).status();
        assert!(sent.expect("a shell").success(), "{name} can be sent");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
