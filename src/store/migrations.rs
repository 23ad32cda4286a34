//! One migration history for both databases, inside the binary. All that is pending runs in one transaction under one
//! lock: of several nodes that start at once, one migrates and the rest find it done.

use diesel::migration::MigrationSource;
use diesel_async::{AsyncMigrationHarness, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::backend::{Backend, PostgresObject, Store, begin, end};
use super::{StoreError, StoreResult};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Any number will do, as long as no other program on this database takes it for something else.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7306642199017)";

/// What to do with the history.
#[derive(Clone, Copy, Debug)]
enum Direction {
    Up,
    DownOne,
    Look,
}

/// The state of the history: the names of the migrations that were applied, and of those that wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationReport {
    pub applied: Vec<String>,
    pub pending: Vec<String>,
    /// What this call did.
    pub done: Vec<String>,
}

impl Store {
    pub async fn migrate_up(&self) -> StoreResult<MigrationReport> {
        self.migrate(Direction::Up).await
    }

    /// Takes back the newest migration.
    pub async fn migrate_down(&self) -> StoreResult<MigrationReport> {
        self.migrate(Direction::DownOne).await
    }

    pub async fn migration_status(&self) -> StoreResult<MigrationReport> {
        self.migrate(Direction::Look).await
    }

    async fn migrate(&self, direction: Direction) -> StoreResult<MigrationReport> {
        match &self.backend {
            Backend::Postgres(pool) => migrate_postgres(pool.get().await?, direction).await,
            Backend::Sqlite(sqlite) => {
                // The writer's transaction is the lock: it begins IMMEDIATE.
                let run = async move |c: &mut super::backend::SqliteConnection| {
                    c.spawn_blocking(move |c| Ok(run(c, direction))).await?
                };
                sqlite.writer.run(run).await
            }
        }
    }
}

async fn migrate_postgres(mut object: PostgresObject, direction: Direction) -> StoreResult<MigrationReport> {
    begin(&mut *object).await?;
    diesel::sql_query(LOCK).execute(&mut *object).await?;
    let mut harness = AsyncMigrationHarness::new(object);
    // The harness blocks on a connection that lives on this runtime.
    let result = tokio::task::block_in_place(|| run(&mut harness, direction));
    end(&mut *harness.into_inner(), result).await
}

fn run<DB: diesel::backend::Backend>(
    harness: &mut impl MigrationHarness<DB>,
    direction: Direction,
) -> StoreResult<MigrationReport> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Broken(format!("migration: {error}"));
    let done = match direction {
        Direction::Up => {
            harness.run_pending_migrations(MIGRATIONS).map_err(failed)?.iter().map(ToString::to_string).collect()
        }
        Direction::DownOne if !harness.applied_migrations().map_err(failed)?.is_empty() => {
            vec![harness.revert_last_migration(MIGRATIONS).map_err(failed)?.to_string()]
        }
        Direction::DownOne | Direction::Look => Vec::new(),
    };
    let mut applied: Vec<String> =
        harness.applied_migrations().map_err(failed)?.iter().map(ToString::to_string).collect();
    applied.sort();
    let known: Vec<Box<dyn diesel::migration::Migration<DB>>> = MIGRATIONS.migrations().map_err(failed)?;
    let pending = known
        .iter()
        .map(|migration| migration.name().version().to_string())
        .filter(|version| !applied.contains(version))
        .collect();
    Ok(MigrationReport { applied, pending, done })
}
