//! What can go wrong in the store. Absence is not among it: what is not there is `None`.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::PoolError as ConnectError;
use diesel_async::pooled_connection::deadpool::PoolError;

pub type StoreResult<T> = Result<T, StoreError>;

#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with this key is there already.
    #[error("it exists already ({0})")]
    Conflict(String),
    /// A row that this one refers to is not there.
    #[error("it refers to something that does not exist")]
    Dangling,
    /// What a change supposes is no longer so: nothing of it was done.
    #[error("it is no longer as the change supposes")]
    Overtaken,
    /// Somebody else held the database, or every connection of the pool, for too long.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The database cannot be reached.
    #[error("the database is away: {0}")]
    Away(String),
    /// Anything else: a bug, or a database that is not as the migrations left it.
    #[error("the database failed: {0}")]
    Broken(String),
}

impl StoreError {
    /// Whether trying again later may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Away(_))
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        use DatabaseErrorKind as Kind;
        match error {
            DieselError::DatabaseError(Kind::UniqueViolation, about) => {
                // Postgres names the constraint; SQLite only says "UNIQUE constraint failed: clients.id".
                Self::Conflict(about.constraint_name().unwrap_or(about.message()).to_owned())
            }
            DieselError::DatabaseError(Kind::ForeignKeyViolation, _) => Self::Dangling,
            DieselError::DatabaseError(Kind::SerializationFailure, about) => Self::Busy(about.message().to_owned()),
            DieselError::DatabaseError(Kind::ClosedConnection | Kind::UnableToSendCommand, about) => {
                Self::Away(about.message().to_owned())
            }
            DieselError::DatabaseError(_, about) if is_locked(about.message()) => {
                Self::Busy(about.message().to_owned())
            }
            DieselError::DatabaseError(_, about) if is_away(about.message()) => Self::Away(about.message().to_owned()),
            DieselError::BrokenTransactionManager => Self::Away("the connection broke inside a transaction".to_owned()),
            error => Self::Broken(error.to_string()),
        }
    }
}

/// What SQLite says while another process writes, and Postgres to one of two that wait for each other: it will go well
/// later.
fn is_locked(message: &str) -> bool {
    const LOCKED: [&str; 3] = ["database is locked", "database table is locked", "deadlock detected"];
    LOCKED.iter().any(|text| message.starts_with(text))
}

/// What Postgres says while it starts, stops or is full, and what its client says of a connection that is gone. Diesel
/// hands these on as text alone.
fn is_away(message: &str) -> bool {
    const AWAY: [&str; 9] = [
        "connection closed",
        "error communicating with the server",
        "terminating connection",
        "the database system is",
        "too many clients",
        "remaining connection slots are reserved",
        "error connecting to server",
        "db error: FATAL",
        "in a read-only transaction",
    ];
    AWAY.iter().any(|text| message.contains(text))
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Timeout(deadpool::managed::TimeoutType::Wait) => {
                Self::Busy("every connection of the pool is in use".to_owned())
            }
            PoolError::Timeout(_) => Self::Away("it did not answer in time".to_owned()),
            PoolError::Backend(ConnectError::ConnectionError(error)) => Self::Away(error.to_string()),
            PoolError::Backend(ConnectError::QueryError(error)) => Self::Away(error.to_string()),
            error => Self::Broken(error.to_string()),
        }
    }
}
