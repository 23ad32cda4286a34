//! The SQLite side: readers that run inline on the worker, one writer on a thread of its own, and one thread that carries over
//! what was written.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use diesel::ConnectionError;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::sqlite_checkpoints::{Checkpoints, LAST_RESORT};
use super::sqlite_writer::Writer;
use super::{StoreError, StoreResult};
use crate::config::Database;
use crate::private_files;

pub type SqliteConnection = SyncConnectionWrapper<diesel::SqliteConnection, Inline>;

#[derive(Clone)]
pub struct Sqlite {
    pub readers: Pool<SqliteConnection>,
    pub writer: Writer,
}

/// Runs a statement where it is called: no hop to another thread, and no point at which a transaction can be cut in half.
/// A statement takes some ten microseconds; whatever is longer comes in batches.
pub struct Inline;

impl SpawnBlocking for Inline {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync + 'static>>> {
        std::future::ready(Ok(task())).boxed()
    }

    fn get_runtime() -> Self {
        Self
    }
}

// busy_timeout comes first: switching to WAL fails at once on a locked file without it. It is short because it blocks a
// thread; longer waits are the writer's, with a deadline. The file is not mapped: after each commit of the writer a reader
// would unmap all of it, and fault it in again.
const PRAGMAS: &str = "PRAGMA busy_timeout = 20; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2000;";

pub async fn open(path: &Path, settings: &Database) -> StoreResult<Sqlite> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_files::make_folder(folder).map_err(|error| unopenable(path, &error))?;
    }
    make_file(path).map_err(|error| unopenable(path, &error))?;
    let url = path.to_string_lossy().into_owned();

    let checkpoints = establish(&url, "").await.map_err(|error| unopenable(path, &error))?;
    let checkpoints = Checkpoints::start(checkpoints).map_err(|error| unopenable(path, &error))?;
    let connection = establish(&url, LAST_RESORT).await.map_err(|error| unopenable(path, &error))?;
    let writer = Writer::start(connection, checkpoints, Duration::from_millis(settings.pool_wait_milliseconds))
        .map_err(|error| unopenable(path, &error))?;

    let mut manager = ManagerConfig::<SqliteConnection>::default();
    manager.recycling_method = RecyclingMethod::Fast;
    manager.custom_setup = Box::new(|url| {
        let url = url.to_owned();
        async move { establish(&url, "PRAGMA query_only = ON;").await }.boxed()
    });
    let readers = Pool::builder(AsyncDieselConnectionManager::new_with_config(url, manager))
        .max_size(settings.pool_size)
        // The one that was used last is warm.
        .queue_mode(deadpool::managed::QueueMode::Lifo)
        .wait_timeout(Some(Duration::from_millis(settings.pool_wait_milliseconds)))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .map_err(|error| StoreError::Broken(error.to_string()))?;
    Ok(Sqlite { readers, writer })
}

/// SQLite would make the file with the process's umask; what it holds is nobody else's to read.
fn make_file(path: &Path) -> std::io::Result<()> {
    if fs::exists(path)? { Ok(()) } else { private_files::open_new(path).map(drop).or_else(exists_by_now) }
}

/// Another process may have made it in between.
fn exists_by_now(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) }
}

async fn establish(url: &str, more: &str) -> Result<SqliteConnection, ConnectionError> {
    let mut connection = SqliteConnection::establish(url).await?;
    connection.batch_execute(&format!("{PRAGMAS}{more}")).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

fn unopenable(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Away(format!("{} cannot be opened: {error}", path.display()))
}
