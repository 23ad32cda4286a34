//! Time as the server knows it: whole seconds since the epoch, read from one clock and handed down from there.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z: what JWTs carry, and what every `BIGINT` time column holds.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[serde(transparent)]
#[diesel(sql_type = diesel::sql_types::BigInt)]
pub struct UnixTime(i64);

impl UnixTime {
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// By reference, as a column binds it.
    pub const fn as_i64(&self) -> &i64 {
        &self.0
    }

    /// `seconds` later. Saturates, so that no setting however large can wrap into the past.
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    pub const fn minus(self, seconds: i64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }

    /// For people: `2026-01-31T12:00:00Z`; the bare number where the calendar ends.
    pub fn to_rfc3339(self) -> String {
        use ::time::format_description::well_known::Rfc3339;
        let date = ::time::OffsetDateTime::from_unix_timestamp(self.0).ok();
        date.and_then(|date| date.format(&Rfc3339).ok()).unwrap_or_else(|| self.0.to_string())
    }

    /// Seconds from `earlier` to this time; negative when `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// `2026-01-31T12:00:00Z`, or unix seconds.
impl FromStr for UnixTime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use ::time::format_description::well_known::Rfc3339;
        if let Ok(seconds) = text.parse() {
            return Ok(Self(seconds));
        }
        let date = ::time::OffsetDateTime::parse(text, &Rfc3339).map_err(|_| MALFORMED)?;
        Ok(Self(date.unix_timestamp()))
    }
}

const MALFORMED: &str = "a time is written like 2026-01-31T12:00:00Z, or in unix seconds";

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The only clock. It is read at the edge of a request, a command or a job, and `now` is passed down from there.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    /// Stands still until a test moves it.
    Stopped(Arc<AtomicI64>),
}

impl Clock {
    pub fn stopped_at(now: UnixTime) -> Self {
        Self::Stopped(Arc::new(AtomicI64::new(now.0)))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
    pub fn now(&self) -> UnixTime {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                UnixTime(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
            }
            Self::Stopped(now) => UnixTime(now.load(Ordering::Acquire)),
        }
    }

    /// Moves a stopped clock forward; the system's clock is nobody's to move.
    pub fn advance(&self, seconds: i64) {
        if let Self::Stopped(now) = self {
            now.fetch_add(seconds, Ordering::AcqRel);
        }
    }
}
