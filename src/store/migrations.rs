//! One migration history for both databases, inside the binary. All that is pending runs in one transaction under one
//! lock: of several nodes that start at once, one migrates and the rest find it done.

use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel_async::{AsyncMigrationHarness, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::backend::{Backend, Dialect, PostgresObject, Statements, Store, begin, end, read};
use super::{StoreError, StoreResult};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Any number will do, as long as no other program on this database takes it for something else.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7306642199017)";

/// Where Diesel notes what was applied; before the first migration there is no such table.
const HISTORY: &str = "__diesel_schema_migrations";

diesel::table! {
    #[sql_name = "__diesel_schema_migrations"]
    history (version) {
        version -> Text,
    }
}

/// What to do with the history.
#[derive(Clone, Copy, Debug)]
enum Direction {
    Up,
    DownOne,
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
    /// Where nothing is pending nothing is locked, and no right to make tables is needed.
    pub async fn migrate_up(&self) -> StoreResult<MigrationReport> {
        let status = self.migration_status().await?;
        if status.pending.is_empty() { Ok(status) } else { self.migrate(Direction::Up).await }
    }

    /// Takes back the newest migration.
    pub async fn migrate_down(&self) -> StoreResult<MigrationReport> {
        self.migrate(Direction::DownOne).await
    }

    /// Only looks: Diesel's own harness would make its table.
    pub async fn migration_status(&self) -> StoreResult<MigrationReport> {
        let applied: Vec<String> = read!(self, async |c| {
            if diesel::select(c.has_table(HISTORY)).get_result(c).await? {
                Ok(history::table.select(history::version).order(history::version).load(c).await?)
            } else {
                Ok(Vec::new())
            }
        })?;
        Ok(MigrationReport { pending: pending::<diesel::sqlite::Sqlite>(&applied)?, applied, done: Vec::new() })
    }

    async fn migrate(&self, direction: Direction) -> StoreResult<MigrationReport> {
        match &self.backend {
            Backend::Postgres(pool) => migrate_postgres(pool.get().await?, direction).await,
            Backend::Sqlite(sqlite) => {
                // The writer's transaction is the lock: it begins IMMEDIATE.
                let run = async move |c: &mut super::backend::SqliteConnection| {
                    c.spawn_blocking(move |c| Ok(run(c, direction))).await?
                };
                sqlite.writer.run(Statements::Several, run).await
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
    let done = match direction {
        Direction::Up => {
            harness.run_pending_migrations(MIGRATIONS).map_err(failed)?.iter().map(ToString::to_string).collect()
        }
        Direction::DownOne if !harness.applied_migrations().map_err(failed)?.is_empty() => {
            vec![harness.revert_last_migration(MIGRATIONS).map_err(failed)?.to_string()]
        }
        Direction::DownOne => Vec::new(),
    };
    let mut applied: Vec<String> =
        harness.applied_migrations().map_err(failed)?.iter().map(ToString::to_string).collect();
    applied.sort();
    let pending = pending::<DB>(&applied)?;
    Ok(MigrationReport { applied, pending, done })
}

/// The migrations of this binary that were not applied yet. They are the same for both databases.
fn pending<DB: diesel::backend::Backend>(applied: &[String]) -> StoreResult<Vec<String>> {
    let known: Vec<Box<dyn diesel::migration::Migration<DB>>> = MIGRATIONS.migrations().map_err(failed)?;
    let versions = known.iter().map(|migration| migration.name().version().to_string());
    Ok(versions.filter(|version| !applied.contains(version)).collect())
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Broken(format!("migration: {error}"))
}
