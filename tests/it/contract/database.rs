//! A fresh database for each test, and a way past the store: to look at what it wrote, and to get in its way.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use countersign::config::{Config, Database};
use countersign::secret::Setting;
use countersign::store::Store;
use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, RunQueryDsl, SqliteConnection};
use tempfile::TempDir;
use url::Url;

use crate::harness::given;

/// A database that nobody else uses.
pub struct Fresh {
    pub settings: Database,
    folder: TempDir,
}

/// A connection that is not the store's.
pub enum Raw {
    Sqlite(SqliteConnection),
    Postgres(tokio_postgres::Client),
}

impl Fresh {
    pub fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let mut settings = Config::default().database;
        settings.url = Setting::new(format!("sqlite:{}", folder.path().join("data/test.db").display()));
        Self { settings, folder }
    }

    pub async fn postgres() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("contract_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut url = Url::parse(&given("COUNTERSIGN_TEST_POSTGRES_URL")).unwrap();
        connect(url.as_str()).await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        url.set_path(&name);
        let mut settings = Config::default().database;
        settings.url = Setting::new(url);
        settings.application_name.clone_from(&name);
        settings.pool_size = 8;
        Self { settings, folder: TempDir::new().unwrap() }
    }

    /// A folder for whatever else the test keeps.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The SQLite file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("data/test.db")
    }

    /// A store on it, as the migrations leave it. Each call is another node.
    pub async fn store(&self) -> Store {
        let store = self.unmigrated().await;
        store.migrate_up().await.unwrap();
        store
    }

    pub async fn unmigrated(&self) -> Store {
        Store::open(&self.settings).await.unwrap()
    }

    pub async fn raw(&self) -> Raw {
        Raw::open(&self.settings).await
    }
}

impl Raw {
    pub async fn open(settings: &Database) -> Self {
        let url = settings.url.reveal();
        let Some(path) = url.strip_prefix("sqlite:") else { return Self::Postgres(connect(url).await) };
        let mut connection = SqliteConnection::establish(path).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON").unwrap();
        Self::Sqlite(connection)
    }

    pub async fn execute(&mut self, statements: &str) {
        match self {
            Self::Sqlite(connection) => connection.batch_execute(statements).unwrap(),
            Self::Postgres(client) => client.batch_execute(statements).await.unwrap(),
        }
    }

    /// The one text column of every row.
    pub async fn texts(&mut self, query: &str) -> Vec<String> {
        match self {
            Self::Sqlite(connection) => diesel::dsl::sql::<Text>(query).load(connection).unwrap(),
            Self::Postgres(client) => {
                let rows = client.query(query, &[]).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
