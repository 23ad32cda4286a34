//! Where a program of a story lives: a working directory, and an environment in which nothing else is set.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use countersign::config::Config;
use countersign::secret::{Setting, random, random_id};
use countersign::store::Store;
use serde_json::Value;
use tempfile::TempDir;

use super::database::Database;
use super::program::Ran;
use super::{Program, Server};
use crate::harness::{Backend, given, new_database, secrets};

#[derive(Clone)]
pub struct Home {
    folder: Arc<TempDir>,
    environment: BTreeMap<String, String>,
    pub port: u16,
}

impl Home {
    /// An empty directory, and on the cluster an empty database. For the embedded server only the port is set, because
    /// stories are told side by side.
    pub async fn new(backend: Backend) -> Self {
        let home = Self { folder: folder(), environment: BTreeMap::new(), port: 0 }.on_another_port();
        match backend {
            Backend::Embedded => home,
            Backend::Cluster => home
                .with("DATABASE_URL", &new_database().await)
                .with("REDIS_URL", &given("COUNTERSIGN_TEST_REDIS_URL"))
                .with("COUNTERSIGN_CACHE__PREFIX", &format!("test-{}", random_id())),
        }
    }

    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.environment.insert(variable.to_owned(), value.to_owned());
        self
    }

    /// The same settings in an empty directory of its own.
    pub fn elsewhere(&self) -> Self {
        Self { folder: folder(), ..self.clone() }.on_another_port()
    }

    /// The same directory and the same settings, but for the port.
    pub fn on_another_port(&self) -> Self {
        let port = free_port();
        Self { port, ..self.clone() }.with("PORT", &port.to_string())
    }

    /// A file or folder of the working directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.work().join(name)
    }

    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a file can be written");
        path
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The issuer of a server that was told none.
    pub fn local_issuer(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// A command in this directory and environment.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        // Where an instrumented program is to leave what it counted; else it would leave that here.
        let counted = std::env::var_os("LLVM_PROFILE_FILE").map(|place| ("LLVM_PROFILE_FILE", place));
        command.env_clear().envs(&self.environment).envs(counted).current_dir(self.work());
        command
    }

    pub fn begin(&self, command: Command, input: &[u8]) -> Program {
        Program::start(command, input, &self.folder.path().join("printed"))
    }

    /// `countersign` with arguments, not waited for.
    pub fn spawn(&self, arguments: &[&str], input: &[u8]) -> Program {
        let mut command = self.command(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments);
        self.begin(command, input)
    }

    /// A server that has begun to answer.
    pub async fn start(&self) -> Server {
        Server::start(self).await
    }

    /// `countersign` with arguments, up to its end.
    pub async fn run(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let ran = self.spawn(arguments, input).ended().await;
        self.note_keys();
        ran
    }

    /// The one JSON value that a command prints, and nothing else.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        self.json_from(arguments, &[]).await
    }

    pub async fn json_from(&self, arguments: &[&str], input: &[u8]) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat(), input).await;
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        let value = only_json(&ran);
        if let Some(secret) = value["client_secret"].as_str() {
            secrets::note(secret);
        }
        value
    }

    /// What a command says that refuses to do what it was asked to.
    pub async fn refused(&self, arguments: &[&str]) -> String {
        self.refused_from(arguments, &[]).await
    }

    pub async fn refused_from(&self, arguments: &[&str], input: &[u8]) -> String {
        let ran = self.run(&[arguments, &["--json"]].concat(), input).await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{arguments:?}: {ran:?}");
        // Lines of the log may stand before it.
        let said = format!("\n{}", ran.err);
        let said = said.split_once("\ncountersign: ").unwrap_or_else(|| panic!("{arguments:?}: a sentence: {ran:?}")).1;
        said.trim_end().to_owned()
    }

    fn database(&self) -> Database {
        match self.environment.get("DATABASE_URL") {
            Some(url) => Database::Postgres(url.clone()),
            None => Database::Sqlite(self.path("data/countersign.db")),
        }
    }

    /// The store of a node that is not there: for rows that no command makes.
    pub async fn store(&self) -> Store {
        let mut settings = Config::default().database;
        settings.url = Setting::new(match self.database() {
            Database::Postgres(url) => url,
            Database::Sqlite(file) => format!("sqlite:{}", file.display()),
        });
        Store::open(&settings).await.expect("a store")
    }

    /// Changes rows behind the program's back.
    pub async fn sql(&self, statement: &str) {
        self.database().change(statement).await;
    }

    /// Every file with its mode and content, and every row. The files of the database count by what they hold.
    pub async fn everything(&self) -> Vec<String> {
        let mut seen = self.database().rows().await;
        let mut waiting = vec![self.work()];
        while let Some(folder) = waiting.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let mode = fs::metadata(&path).expect("it is there").permissions().mode();
                let of_database = path.extension().is_some_and(|ending| ending.to_string_lossy().starts_with("db"));
                match (path.is_dir(), of_database) {
                    (true, _) => waiting.push(path.clone()),
                    (false, true) => continue,
                    (false, false) => seen.push(format!("{:?}", fs::read(&path).expect("a file"))),
                }
                seen.push(format!("{} {mode:o}", path.display()));
            }
        }
        seen
    }

    /// The key-encryption keys of the folder are as secret as anything.
    pub fn note_keys(&self) {
        self.key_encryption_keys().iter().for_each(|key| secrets::note(key));
    }

    pub fn key_encryption_keys(&self) -> Vec<String> {
        let all = files(&self.path("keys")).into_iter();
        let keys = all.filter(|path| path.extension().is_some_and(|ending| ending == "kek"));
        keys.map(|path| fs::read_to_string(path).expect("a key").trim().to_owned()).collect()
    }

    /// The password of the database, where there is one.
    pub fn password(&self) -> Vec<String> {
        let url = self.environment.get("DATABASE_URL").map(|url| url::Url::parse(url).expect("a URL"));
        url.and_then(|url| url.password().map(str::to_owned)).into_iter().collect()
    }
}

/// The value that a command with `--json` printed, on one line.
pub fn only_json(ran: &Ran) -> Value {
    let line = ran.out.strip_suffix('\n').unwrap_or_else(|| panic!("a line: {ran:?}"));
    assert!(!line.contains('\n'), "one line: {ran:?}");
    serde_json::from_str(line).unwrap_or_else(|error| panic!("one JSON value ({error}): {ran:?}"))
}

/// The files of a folder; none, when it is not there.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

fn folder() -> Arc<TempDir> {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["work", "printed"] {
        fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    Arc::new(folder)
}

/// A port that nobody has, below those that the system gives to whoever connects: none of these is taken by chance before
/// the program listens there.
pub fn free_port() -> u16 {
    loop {
        let port = 10_000 + u16::from_be_bytes(random()) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("::1", port)).is_ok() {
            return port;
        }
    }
}
