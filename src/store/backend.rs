//! Which database it is. This file and its folder are the only ones that say Postgres or SQLite: everywhere else a query
//! is written once, inside `read!`, `write!` or `tx!`, and compiled for both.

mod failure;
mod postgres;
mod sqlite;
mod sqlite_checkpoints;
mod sqlite_writer;

pub use failure::{StoreError, StoreResult};
pub(super) use postgres::PostgresConnection;
pub(super) use sqlite::SqliteConnection;
pub(super) use sqlite_writer::Statements;

use std::sync::Arc;
use std::time::Duration;

use diesel::expression::SqlLiteral;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::{AsyncConnection, RunQueryDsl, TransactionManager};

use super::vitals::Asked;
use crate::config::{Database, DatabaseUrl};

/// A handle to the database; clones share its pools.
#[derive(Clone)]
pub struct Store {
    pub(super) backend: Backend,
    /// Where a query is a round trip, what many ask is asked together; a file next door is asked at once.
    pub(super) asked: Option<Arc<Asked>>,
}

#[derive(Clone)]
pub(super) enum Backend {
    Postgres(Pool<PostgresConnection>),
    Sqlite(sqlite::Sqlite),
}

/// What a pool has, for the metrics.
#[derive(Clone, Copy, Debug, Default)]
pub struct PoolState {
    pub size: usize,
    pub available: usize,
    pub waiting: usize,
}

impl Store {
    /// Opens the pools. No connection is made before the first query; a SQLite file and its folder are made here.
    pub async fn open(settings: &Database) -> StoreResult<Self> {
        let backend = match settings.kind() {
            DatabaseUrl::Postgres(url) => Backend::Postgres(postgres::pool(url, settings)?),
            DatabaseUrl::Sqlite(path) => Backend::Sqlite(sqlite::open(&path, settings).await?),
        };
        let asked = matches!(backend, Backend::Postgres(_)).then(Arc::default);
        Ok(Self { backend, asked })
    }

    /// Whether these settings send what is said to the database over a network in the clear.
    pub fn talks_in_clear(settings: &Database) -> bool {
        match settings.kind() {
            DatabaseUrl::Postgres(url) => postgres::talks_in_clear(url, settings),
            DatabaseUrl::Sqlite(_) => false,
        }
    }

    /// What people call the database behind this handle.
    pub fn name(&self) -> &'static str {
        match self.backend {
            Backend::Postgres(_) => "Postgres",
            Backend::Sqlite(_) => "SQLite",
        }
    }

    pub fn pool_state(&self) -> PoolState {
        let status = match &self.backend {
            Backend::Postgres(pool) => pool.status(),
            Backend::Sqlite(sqlite) => sqlite.readers.status(),
        };
        PoolState { size: status.size, available: status.available, waiting: status.waiting }
    }

    /// Whether the database answers at all.
    pub async fn ping(&self) -> StoreResult<()> {
        crate::store::backend::read!(self, async |c| {
            diesel::select(diesel::dsl::sql::<BigInt>("1")).execute(c).await?;
            Ok(())
        })
    }

    /// How many seconds the database's clock is ahead of `now`.
    pub async fn clock_ahead(&self, now: crate::time::UnixTime) -> StoreResult<i64> {
        let database: i64 =
            crate::store::backend::read!(self, async |c| { Ok(diesel::select(c.unix_time()).get_result(c).await?) })?;
        Ok(database - now.seconds())
    }
}

/// What each database says in its own words.
pub(super) trait Dialect {
    /// The database's own time: what leases are measured by, because nodes' clocks differ.
    fn unix_time(&self) -> SqlLiteral<BigInt>;
    /// Whether there is such a table; `name` is a constant of this program.
    fn has_table(&self, name: &'static str) -> SqlLiteral<Bool>;
}

impl Dialect for PostgresConnection {
    fn unix_time(&self) -> SqlLiteral<BigInt> {
        diesel::dsl::sql("CAST(floor(extract(epoch FROM clock_timestamp())) AS BIGINT)")
    }

    fn has_table(&self, name: &'static str) -> SqlLiteral<Bool> {
        diesel::dsl::sql(&format!("to_regclass('{name}') IS NOT NULL"))
    }
}

impl Dialect for SqliteConnection {
    fn unix_time(&self) -> SqlLiteral<BigInt> {
        diesel::dsl::sql("unixepoch()")
    }

    fn has_table(&self, name: &'static str) -> SqlLiteral<Bool> {
        diesel::dsl::sql(&format!("EXISTS (SELECT 1 FROM sqlite_master WHERE name = '{name}')"))
    }
}

/// Begins a transaction by hand: `AsyncConnection::transaction` wants its closure's future to be `Send` by name, which a
/// body compiled for both databases cannot promise. Dropped halfway, the connection is broken and its pool drops it.
pub(super) async fn begin<C: AsyncConnection>(connection: &mut C) -> StoreResult<()> {
    Ok(C::TransactionManager::begin_transaction(connection).await?)
}

/// Commits what went well and rolls back what did not.
pub(super) async fn end<C: AsyncConnection, R>(connection: &mut C, result: StoreResult<R>) -> StoreResult<R> {
    match &result {
        Ok(_) => C::TransactionManager::commit_transaction(connection).await?,
        Err(_) => C::TransactionManager::rollback_transaction(connection).await?,
    }
    result
}

/// A database that takes a question and then says nothing is away like one that refuses it.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// What came of a question, or `None` when it was not answered in time.
pub(super) async fn in_time<R>(answer: impl Future<Output = StoreResult<R>>) -> Option<StoreResult<R>> {
    tokio::time::timeout(ANSWERS_WITHIN, answer).await.ok()
}

/// Returns a connection to its pool; one that still waits for an answer is closed, for nobody else to wait on it.
pub(super) fn give_back<R>(object: PostgresObject, result: Option<StoreResult<R>>) -> StoreResult<R> {
    result.unwrap_or_else(|| {
        drop(Object::take(object));
        Err(StoreError::Away("it did not answer in time".to_owned()))
    })
}

/// A connection of the Postgres pool.
pub(super) type PostgresObject = Object<PostgresConnection>;

/// `read!(store, async |c| body)`: a query that changes nothing. On SQLite it runs on a reader, inline on the worker.
macro_rules! read {
    ($store:expr, async |$c:ident| $body:expr) => {
        match &$store.backend {
            $crate::store::backend::Backend::Postgres(pool) => {
                let mut object = pool.get().await?;
                let $c: &mut $crate::store::backend::PostgresConnection = &mut object;
                #[allow(unused_braces, reason = "a body may be a block or an expression")]
                let result = $crate::store::backend::in_time(async { $body }).await;
                $crate::store::backend::give_back(object, result)
            }
            $crate::store::backend::Backend::Sqlite(sqlite) => {
                let mut object = sqlite.readers.get().await?;
                let $c: &mut $crate::store::backend::SqliteConnection = &mut object;
                #[allow(unused_braces, reason = "a body may be a block or an expression")]
                let result: $crate::store::StoreResult<_> = async { $body }.await;
                result
            }
        }
    };
}

/// `write!(store, async |c| body)`: one statement. Postgres commits it by itself, SQLite's writer together with others.
/// The body owns what it uses, because on SQLite it runs on the writer's thread.
macro_rules! write {
    ($store:expr, async |$c:ident| $body:expr) => {
        match &$store.backend {
            $crate::store::backend::Backend::Postgres(pool) => {
                let mut object = pool.get().await?;
                let $c: &mut $crate::store::backend::PostgresConnection = &mut object;
                #[allow(unused_braces, reason = "a body may be a block or an expression")]
                let result = $crate::store::backend::in_time(async { $body }).await;
                $crate::store::backend::give_back(object, result)
            }
            #[allow(unused_braces, reason = "a body may be a block or an expression")]
            $crate::store::backend::Backend::Sqlite(sqlite) => {
                let statements = $crate::store::backend::Statements::One;
                sqlite
                    .writer
                    .run(statements, async move |$c: &mut $crate::store::backend::SqliteConnection| $body)
                    .await
            }
        }
    };
}

/// `tx!(store, async |c| body)`: several statements, all or none of them. READ COMMITTED on Postgres; on SQLite one
/// savepoint in the writer's transaction. An `Ok` commits, also when it tells of a refusal.
macro_rules! tx {
    ($store:expr, async |$c:ident| $body:expr) => {
        match &$store.backend {
            $crate::store::backend::Backend::Postgres(pool) => {
                let mut object = pool.get().await?;
                let $c: &mut $crate::store::backend::PostgresConnection = &mut object;
                #[allow(unused_braces, reason = "a body may be a block or an expression")]
                let result = $crate::store::backend::in_time(async {
                    $crate::store::backend::begin($c).await?;
                    let result: $crate::store::StoreResult<_> = async { $body }.await;
                    $crate::store::backend::end($c, result).await
                })
                .await;
                $crate::store::backend::give_back(object, result)
            }
            #[allow(unused_braces, reason = "a body may be a block or an expression")]
            $crate::store::backend::Backend::Sqlite(sqlite) => {
                let statements = $crate::store::backend::Statements::Several;
                sqlite
                    .writer
                    .run(statements, async move |$c: &mut $crate::store::backend::SqliteConnection| $body)
                    .await
            }
        }
    };
}

pub(super) use {read, tx, write};
