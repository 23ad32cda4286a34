//! The server as a child process: made in an empty directory with a client of its own, started, stopped.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::fault::{Fault, Result};
use crate::flows;
use crate::http;
use crate::machine::{Core, Process, free_port};
use crate::seed::Seed;

const START: Duration = Duration::from_mins(1);
const STOP: Duration = Duration::from_mins(1);

/// Where the server keeps its things.
#[derive(Clone)]
pub enum Storage {
    /// What it uses when nobody says anything: `SQLite` and its own memory.
    Embedded,
    Shared {
        database: String,
        cache: String,
    },
}

impl Storage {
    /// The embedded one, and the servers that `scripts/with-servers` has started, when it has.
    pub fn all() -> Vec<Self> {
        let test = |name: &str| std::env::var(format!("COUNTERSIGN_TEST_{name}_URL")).ok();
        let shared = test("POSTGRES").zip(test("REDIS")).map(|(database, cache)| Self::Shared { database, cache });
        std::iter::once(Self::Embedded).chain(shared).collect()
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "SQLite",
            Self::Shared { .. } => "Postgres+Redis",
        }
    }
}

/// An installation of the server, running or not.
pub struct Installation {
    binary: PathBuf,
    core: Core,
    storage: Storage,
    directory: TempDir,
    pub port: u16,
    /// `Authorization` of the client that the load comes from.
    pub authorization: String,
    /// The same of a client that signs people in, and its id.
    pub people: String,
    pub people_id: String,
    /// The same of one that sends people here with a browser.
    pub web: String,
    pub web_id: String,
}

impl Installation {
    pub fn new(binary: &Path, core: Core, storage: Storage) -> Result<Self> {
        let (directory, port) = (TempDir::new()?, free_port()?);
        let binary = binary.to_owned();
        let [authorization, people, people_id, web, web_id] = [const { String::new() }; 5];
        let mut made = Self { binary, core, storage, directory, port, authorization, people, people_id, web, web_id };
        (_, made.authorization) = made.client("bench", &["--grant", "client_credentials"])?;
        (made.people_id, made.people) = made.client("people", &["--grant", "password", "--grant", "refresh_token"])?;
        let of_web = ["--grant", "authorization_code", "--redirect-uri", flows::CALLBACK, "--scope", flows::SCOPE];
        (made.web_id, made.web) = made.client("web", &of_web)?;
        Ok(made)
    }

    /// The id of a new client, and how it proves itself.
    fn client(&self, name: &str, arguments: &[&str]) -> Result<(String, String)> {
        let mut command = self.command();
        command.args(["client", "create", "--json", "--name", name]).args(arguments);
        let output = command.output()?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            return Err(Fault::Unable(format!("client create: {}: {reason}", output.status)));
        }
        let client: Value = serde_json::from_slice(&output.stdout)?;
        let member =
            |name: &str| client[name].as_str().ok_or_else(|| Fault::Unable(format!("client create prints no {name}")));
        let id = member("client_id")?;
        Ok((id.to_owned(), http::basic(id, member("client_secret")?)))
    }

    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Its store, opened from this process.
    pub async fn seed(&self) -> Result<Seed> {
        Seed::open(self.directory.path(), &self.issuer(), &self.storage).await
    }

    pub fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The program in its directory, with these settings and none that this process happens to have.
    fn command(&self) -> Command {
        let mut command = self.core.command(&self.binary);
        command.current_dir(self.directory.path()).env_clear();
        for name in ["PATH", "TMPDIR"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.env("PORT", self.port.to_string()).env("COUNTERSIGN_ISSUER", self.issuer());
        // What is measured is how fast it is, not how it holds callers back.
        command.env("COUNTERSIGN_LIMITS__ENABLED", "false");
        if let Storage::Shared { database, cache } = &self.storage {
            command.env("DATABASE_URL", database).env("REDIS_URL", cache);
        }
        command
    }

    /// Starts the server and waits for its first 200 to a GET of `path`. Says how long that took.
    pub fn start(&self, path: &str) -> Result<(Process, Duration)> {
        let log = self.directory.path().join("bench.log");
        let file = File::create(&log)?;
        let begin = Instant::now();
        let mut process = Process::spawn(self.command().arg("serve").stdout(file.try_clone()?).stderr(file))?;
        while !answers(self.port, path) {
            if process.has_ended() || begin.elapsed() > START {
                let log = std::fs::read_to_string(&log)?;
                let tail: Vec<&str> = log.lines().rev().take(20).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                return Err(Fault::Unable(format!("the server does not start:\n{}", tail.join("\n"))));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok((process, begin.elapsed()))
    }

    /// Times of `count` starts with the keys that are there, each to the first answer, in milliseconds.
    pub fn start_times(&self, count: usize) -> Result<Vec<f64>> {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let (process, took) = self.start("/.well-known/jwks.json")?;
            times.push(took.as_secs_f64() * 1000.0);
            process.stop(STOP)?;
        }
        Ok(times)
    }

    pub fn stop(process: Process) -> Result<()> {
        process.stop(STOP)
    }
}

/// A bare server of this same program; see `bare.rs`.
pub fn start_bare(core: Core, length: usize) -> Result<(Process, u16)> {
    let port = free_port()?;
    let arguments = ["bare".to_owned(), port.to_string(), length.to_string()];
    let mut process = Process::spawn(core.command(std::env::current_exe()?).args(arguments))?;
    let begin = Instant::now();
    while !answers(port, "/") {
        if process.has_ended() || begin.elapsed() > START {
            return Err(Fault::Unable("the bare server does not start".into()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok((process, port))
}

fn answers(port: u16, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(START))?;
        stream.write_all(&http::get(path))?;
        let mut beginning = [0; 12];
        stream.read_exact(&mut beginning)?;
        Ok(&beginning == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}
