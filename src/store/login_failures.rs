//! `login_failures`: wrong passwords for an account from an address, and until when the two are locked together. One row
//! for each such pair; both are digests, so that the table tells nobody's name. Each failure is one statement.

use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, read, tx, write};
use super::schema::login_failures;
use crate::time::UnixTime;

/// What happened longer ago than this no longer counts, and the sweep removes it.
pub const FORGOTTEN_SECONDS: i64 = 86_400;
/// Rows that tell how hard an account is tried: whoever tries it from more addresses is slowed down no further.
const TELLING: i64 = 16;

pub const MINUTE: i64 = 60;

/// Time 0: never locked.
const UNLOCKED: UnixTime = UnixTime::from_seconds(0);

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = login_failures)]
pub struct LoginFailures {
    /// Since the last right password, or since the last lock has ended.
    pub failures: i64,
    /// When the minute began that `minute_failures` counts.
    pub minute_at: UnixTime,
    pub minute_failures: i64,
    pub last_at: UnixTime,
    locked_until: UnixTime,
}

/// One more failure, and the rule by which it locks.
#[derive(Clone, Debug)]
pub struct LoginFailure {
    pub pair: String,
    pub account: String,
    pub at: UnixTime,
    pub lock_after: Option<i64>,
    pub lock_seconds: i64,
    /// What is recorded if it locks.
    pub locked: Option<Record>,
}

#[derive(Insertable)]
#[diesel(table_name = login_failures)]
struct NewRow {
    pair: String,
    account: String,
    failures: i64,
    minute_at: UnixTime,
    minute_failures: i64,
    first_at: UnixTime,
    last_at: UnixTime,
    locked_until: UnixTime,
}

impl LoginFailures {
    /// The end of the lock that holds at `now`.
    pub fn locked_until(&self, now: UnixTime) -> Option<UnixTime> {
        (self.locked_until > now).then_some(self.locked_until)
    }

    /// Whether the next failure is a first one: a lock has ended, or all is long ago.
    pub fn begin_anew(&self, now: UnixTime) -> bool {
        if self.locked_until == UNLOCKED {
            self.last_at <= now.minus(FORGOTTEN_SECONDS)
        } else {
            self.locked_until <= now
        }
    }
}

impl Store {
    /// What is known of a pair.
    pub async fn login_failures(&self, pair: &str) -> StoreResult<Option<LoginFailures>> {
        read!(self, async |c| {
            Ok(login_failures::table.find(pair).select(LoginFailures::as_select()).first(c).await.optional()?)
        })
    }

    /// What is known of a pair, and how often its account was tried in vain from anywhere by those who did so after `after`, as
    /// far as it matters: mostly nothing and never, found by one look.
    pub async fn tries(&self, pair: &str, account: &str, after: UnixTime) -> StoreResult<(Option<LoginFailures>, i64)> {
        let latest: Vec<(String, LoginFailures)> = read!(self, async |c| {
            Ok(login_failures::table
                .filter(login_failures::account.eq(account))
                .order(login_failures::last_at.desc())
                .limit(TELLING)
                .select((login_failures::pair, LoginFailures::as_select()))
                .load(c)
                .await?)
        })?;
        let recent = latest.iter().filter(|(_, tries)| tries.last_at > after);
        let tried = recent.fold(0, |sum: i64, (_, tries)| sum.saturating_add(tries.failures));
        let is_all = i64::try_from(latest.len()).is_ok_and(|count| count < TELLING);
        let known = match latest.into_iter().find(|(of, _)| of == pair) {
            Some((_, known)) => Some(known),
            None if is_all => None,
            None => self.login_failures(pair).await?,
        };
        Ok((known, tried))
    }

    /// Counts a failure, and returns until when the pair is locked when it was this failure that locked it.
    pub async fn add_login_failure(&self, failure: LoginFailure) -> StoreResult<Option<UnixTime>> {
        let LoginFailure { pair, account, at, lock_after, lock_seconds, locked: record } = failure;
        let (lock_after, until) = (lock_after.unwrap_or(i64::MAX), at.plus(lock_seconds));
        let first = NewRow {
            pair,
            account,
            failures: 1,
            minute_at: at,
            minute_failures: 1,
            first_at: at,
            last_at: at,
            locked_until: if lock_after <= 1 { until } else { UNLOCKED },
        };
        tx!(self, async |c| {
            use login_failures::dsl as row;
            // What `LoginFailures::begin_anew` says.
            let anew = || {
                let is_over = row::locked_until.gt(UNLOCKED).and(row::locked_until.le(at));
                let is_old = row::locked_until.eq(UNLOCKED).and(row::last_at.le(at.minus(FORGOTTEN_SECONDS)));
                is_over.or(is_old)
            };
            let locked = || row::locked_until.gt(at);
            let locks = || row::failures.ge(lock_after - 1);
            let another_minute = || row::minute_at.le(at.minus(MINUTE));
            let (failures, locked_until): (i64, UnixTime) = diesel::insert_into(login_failures::table)
                .values(first)
                .on_conflict(login_failures::pair)
                .do_update()
                .set((
                    // A lock begins at exactly its number, and counts on from there: so each knows whether it locked.
                    row::failures.eq(case_when(anew(), excluded(row::failures))
                        .when(locked(), row::failures + 1)
                        .when(locks(), lock_after.into_sql::<BigInt>())
                        .otherwise(row::failures + 1)),
                    row::locked_until.eq(case_when(anew(), excluded(row::locked_until))
                        .when(locked(), row::locked_until)
                        .when(locks(), until.into_sql::<BigInt>())
                        .otherwise(UNLOCKED.into_sql::<BigInt>())),
                    row::minute_at.eq(case_when(another_minute(), excluded(row::minute_at)).otherwise(row::minute_at)),
                    row::minute_failures
                        .eq(case_when(another_minute(), excluded(row::minute_failures))
                            .otherwise(row::minute_failures + 1)),
                    row::first_at.eq(case_when(anew(), excluded(row::first_at)).otherwise(row::first_at)),
                    row::last_at.eq(excluded(row::last_at)),
                ))
                .returning((row::failures, row::locked_until))
                .get_result(c)
                .await?;
            let locks = failures == lock_after && locked_until == until;
            if let Some(record) = record.filter(|_| locks) {
                record!(c, record);
            }
            Ok(locks.then_some(until))
        })
    }

    /// Forgets what a right password makes good; a lock stays.
    pub async fn forget_login_failures(&self, pair: String, now: UnixTime) -> StoreResult<()> {
        write!(self, async |c| {
            diesel::delete(login_failures::table.find(pair).filter(login_failures::locked_until.le(now)))
                .execute(c)
                .await?;
            Ok(())
        })
    }
}
