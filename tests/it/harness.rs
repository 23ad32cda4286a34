//! What stories are told with: whole servers in this process, personas that call them, a clock that a story moves.

mod answer;
mod apache;
mod backend;
mod browser;
pub mod chromium;
pub mod client_key;
pub mod forge;
mod mailbox;
mod outside;
mod people;
mod persona;
mod provider;
mod proxy;
pub mod raw;
mod receiver;
mod redis_server;
mod relying_party;
pub mod secrets;
mod site;
mod world;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use countersign::audit::{Act, By};
use countersign::keyring::KeyChange;
use countersign::observe::log::{self, Captured};
use countersign::store::audit::Record;
use countersign::time::Clock;

pub use answer::Answer;
pub use apache::Apache;
pub use backend::{Backend, new_database};
pub use browser::{Arrived, Browser};
pub use mailbox::{Mailbox, Manner};
pub use outside::{Outside, verify_in_javascript, verify_in_python};
pub use people::{User, amendment, user_row};
pub use persona::{INTROSPECT, Persona, REVOKE, TOKEN, Token, resources, scopes, sorted};
pub use provider::Provider;
pub use proxy::Proxy;
pub use receiver::Receiver;
pub use redis_server::RedisServer;
pub use relying_party::{RelyingParty, Written};
pub use site::Site;
pub use world::{Node, World};

/// The private key that signs in every world: made for tests, known to everybody who reads them.
pub const SIGNING_KEY: &str = include_str!("harness/made_for_tests.pem");

/// No story takes longer, whatever it waits for.
const LONGEST: Duration = Duration::from_mins(2);

/// Each story becomes two tests: `story::embedded` on SQLite and memory, `story::cluster` on Postgres and Redis.
macro_rules! stories {
    ($($story:ident),+ $(,)?) => {$(
        mod $story {
            use $crate::harness::{Backend, tell};

            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                tell(super::$story(Backend::Embedded)).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn cluster() {
                tell(super::$story(Backend::Cluster)).await;
            }
        }
    )+};
}
pub(crate) use stories;

pub async fn tell(story: impl Future<Output = ()>) {
    start_log();
    let told = tokio::time::timeout(LONGEST, story).await;
    keep_logs();
    told.expect("the story ends in time");
}

/// Asks again and again until the answer is yes. Whoever asks later than `limit` after the start has asked in vain:
/// a question that was put in time may be answered late.
pub async fn within(limit: Duration, what: &str, mut question: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    loop {
        let in_vain = started.elapsed() > limit;
        if question().await {
            return;
        }
        assert!(!in_vain, "{what}: not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How long a node may go on with what it knows of a client, a scope or a resource.
pub const A_SECOND: Duration = Duration::from_secs(1);
/// For what happens by itself, at a pace that nobody promised.
pub const A_WHILE: Duration = Duration::from_secs(15);

/// For an act whose record a story does not look at.
pub fn audited() -> Record {
    By::system().does(Act::ClientUpdated).on("client", "somebody").record(Clock::System.now())
}

/// For a change of the keys whose record a story does not look at.
pub fn recorder(change: &KeyChange) -> Record {
    change.by_system(Clock::System.now())
}

/// A variable of `scripts/test`.
pub fn given(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test, which sets it"))
}

fn start_log() -> Captured {
    log::start_captured("debug")
}

/// Everything that was logged in this process so far.
pub fn logs() -> String {
    start_log().text()
}

/// Adds what was logged since the last call to the folder of COUNTERSIGN_TEST_LOG_DIR, if there is one.
fn keep_logs() {
    static KEPT: Mutex<usize> = Mutex::new(0);
    if let Some(folder) = log_folder() {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let path = folder.join(format!("stories-{}.log", std::process::id()));
        let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a file");
        let logs = logs();
        file.write_all(&logs.as_bytes()[*kept..]).expect("the log can be written");
        *kept = logs.len();
    }
}

/// Where a process of its own writes its log: to the folder of COUNTERSIGN_TEST_LOG_DIR, or else to `folder`.
pub fn log_file(folder: &Path, name: &str) -> PathBuf {
    log_folder().unwrap_or_else(|| folder.to_owned()).join(name)
}

fn log_folder() -> Option<PathBuf> {
    std::env::var_os("COUNTERSIGN_TEST_LOG_DIR").map(PathBuf::from)
}
