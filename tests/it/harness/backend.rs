//! Where a world keeps what it knows: SQLite and memory, or Postgres and Redis.

use std::path::Path;

use countersign::config::Config;
use countersign::secret::{Setting, random_id};
use tokio_postgres::NoTls;

use super::world::{Settings, World};
use super::{given, secrets};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Embedded,
    Cluster,
}

impl Backend {
    /// A new world with a server in it.
    pub async fn world(self) -> World {
        self.world_with(|_| ()).await
    }

    pub async fn world_with(self, settings: impl Settings) -> World {
        World::start(self, settings).await
    }

    pub(super) async fn configure(self, config: &mut Config, folder: &Path) {
        match self {
            Self::Embedded => {
                config.database.url = Setting::new(format!("sqlite:{}", folder.join("data/test.db").display()));
            }
            Self::Cluster => {
                config.database.url = Setting::new(new_database().await);
                config.cache.url = Some(Setting::new(given("COUNTERSIGN_TEST_REDIS_URL")));
                config.cache.prefix = format!("test-{}", random_id());
            }
        }
    }
}

/// Makes an empty database and returns its URL. It goes with the server of this test run.
pub async fn new_database() -> String {
    let server = given("COUNTERSIGN_TEST_POSTGRES_URL");
    let (client, connection) = tokio_postgres::connect(&server, NoTls).await.expect("the Postgres of scripts/test");
    let connection = tokio::spawn(connection);
    let name = format!("test_{}", random_id().replace('-', "_")).to_lowercase();
    client.batch_execute(&format!("CREATE DATABASE \"{name}\"")).await.expect("a database can be made");
    drop(client);
    connection.await.expect("no panic").expect("the connection ends");
    let mut url = url::Url::parse(&server).expect("a URL");
    secrets::note(url.password().expect("a password"));
    url.set_path(&name);
    url.into()
}
