//! The settings of the store.

use std::path::PathBuf;

use super::read::rule::{Flag, MASK, Optional, Secret, masked_url, path, text, whole};
use super::read::section;
use crate::secret::Setting;

section! {
    /// Where everything is stored.
    "database" => Database {
        /// `sqlite:` and the path of a file, or the URL of a PostgreSQL server.
        url: Setting = Setting::new(EMBEDDED), URL, "DATABASE_URL";
        /// How many connections are kept to PostgreSQL, or readers of the SQLite file.
        pool_size: usize = 16, whole(1..=1_000), "DATABASE_POOL_SIZE";
        /// How long a request waits for a connection before it is told to come back later.
        pool_wait_milliseconds: u64 = 2_000, whole(1..=60_000);
        /// After this time a connection is closed and made anew.
        pool_recycle_seconds: u64 = 1_800, whole(1..=86_400), "DATABASE_POOL_RECYCLE";
        /// A connection that was idle for longer is tried before it is used.
        ping_after_idle_seconds: u64 = 30, whole(0..=86_400);
        /// How the server names itself to PostgreSQL, as seen in `pg_stat_activity`.
        application_name: String = "countersign".to_owned(), text("1 to 63 printable ASCII characters", is_name);
        /// A PEM file with the authorities that may vouch for PostgreSQL's certificate. Without it: the system's.
        tls_ca: Option<PathBuf> = None, Optional(path());
        /// Whether a start brings the tables up to date. Without: `countersign migrate` does.
        migrate_at_start: bool = true, Flag;
    }
}

const EMBEDDED: &str = "sqlite:data/countersign.db";

const URL: Secret = Secret {
    accepts: "sqlite:PATH (a file, without parameters) or postgres://USER:PASSWORD@HOST/NAME",
    good: |url| kind(url).is_some(),
    visible: |url| match kind(url) {
        Some(DatabaseUrl::Sqlite(_)) => url.to_owned(),
        Some(DatabaseUrl::Postgres(_)) => masked_url(url),
        None => MASK.to_owned(),
    },
};

/// Which database a URL means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl<'a> {
    Sqlite(PathBuf),
    /// The whole URL, with its password.
    Postgres(&'a str),
}

impl Database {
    pub fn kind(&self) -> DatabaseUrl<'_> {
        let url = self.url.reveal();
        // A URL that is neither was refused when it was read; one that a program set by hand goes to PostgreSQL's own
        // parser, which says what is wrong.
        kind(url).unwrap_or(DatabaseUrl::Postgres(url))
    }
}

fn kind(url: &str) -> Option<DatabaseUrl<'_>> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        // A database in memory would be another one for each connection.
        let is_file = !path.is_empty() && !path.ends_with('/') && !path.contains(['?', '\0']) && path != ":memory:";
        return is_file.then(|| DatabaseUrl::Sqlite(PathBuf::from(path)));
    }
    let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"))?;
    (!rest.is_empty() && !rest.contains(char::is_whitespace)).then_some(DatabaseUrl::Postgres(url))
}

fn is_name(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
