//! Wrong passwords. They are counted by account and address together: a few in a minute, then a wait that doubles, then a
//! lock. From elsewhere the account is only slower to sign in at, so that a stranger can lock nobody out. No user is looked
//! up: a name that nobody has is treated like any other.

use std::net::IpAddr;
use std::time::Duration;

use super::{Policy, keys, refusal};
use crate::app::App;
use crate::config::Limits;
use crate::failure::Outcome;
use crate::store::audit::Record;
use crate::store::login_failures::{LoginFailure, LoginFailures, MINUTE};
use crate::time::UnixTime;

/// Failures from anywhere slow an account down for this long.
const RECENT_SECONDS: i64 = 900;
/// As many of them hold nothing back.
const UNNOTICED: i64 = 3;
/// What the next one holds back, in milliseconds; each further one doubles it.
const FIRST_SLOW_DOWN: u64 = 100;

/// Somebody may try a password.
#[must_use = "what came of it has to be counted"]
#[derive(Debug)]
pub struct Attempt {
    /// Whether the account is locked at this address: the answer is that to a wrong password, and takes as long, whatever
    /// the password is.
    pub locked: bool,
    /// How long to wait before the password is looked at.
    pub slow_down: Duration,
    /// `None` when nothing is counted.
    who: Option<Who>,
}

#[derive(Debug)]
struct Who {
    pair: String,
    account: String,
}

/// A failure has locked an account at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locked {
    pub until: UnixTime,
}

/// What a pair may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Free,
    Locked,
    /// For so many seconds.
    Waits(i64),
}

/// Before a password is looked at. `account` is the name as it was typed.
pub async fn before_sign_in(app: &App, account: &str, address: Option<IpAddr>, now: UnixTime) -> Outcome<Attempt> {
    let settings = &app.config.limits;
    if !settings.enabled {
        return Ok(Attempt { locked: false, slow_down: Duration::ZERO, who: None });
    }
    let account = keys::fold(account);
    let pair = keys::digest(app, &[b"pair", account.as_bytes(), &keys::place(address)]);
    let account = account_key(app, &account);
    let (failures, tried) = app.store.tries(&pair, &account, now.minus(RECENT_SECONDS)).await?;
    let locked = match failures.map_or(Standing::Free, |failures| standing(&failures, settings, now)) {
        Standing::Free => false,
        Standing::Locked => true,
        Standing::Waits(seconds) => {
            let policy = Policy {
                name: "failed-logins",
                limit: settings.failed_logins_per_minute,
                window_seconds: super::MINUTE,
            };
            return Err(refusal(app, policy, seconds));
        }
    };
    if locked {
        app.counters.limited("lock");
    }
    Ok(Attempt { locked, slow_down: slow_down(tried, settings), who: Some(Who { pair, account }) })
}

impl Attempt {
    /// The password was wrong, or the pair is locked. Says so when this failure has locked it, which is recorded then.
    pub async fn failed(self, app: &App, locked: Option<Record>, now: UnixTime) -> Outcome<Option<Locked>> {
        let Some(Who { pair, account }) = self.who else { return Ok(None) };
        let settings = &app.config.limits;
        let failure = LoginFailure {
            pair,
            account,
            at: now,
            lock_after: (settings.lock_after > 0).then_some(i64::from(settings.lock_after)),
            lock_seconds: settings.lock_seconds(),
            locked,
        };
        let until = app.store.add_login_failure(failure).await?;
        Ok(until.map(|until| Locked { until }))
    }

    /// The password was right. `false` when too many others of this pair have failed in the meantime: then the answer is
    /// that to a wrong password, so that guesses made all at once gain nothing over guesses made one by one.
    #[must_use = "a right password may come too late"]
    pub async fn succeeded(self, app: &App, now: UnixTime) -> Outcome<bool> {
        if self.locked {
            return self.failed(app, None, now).await.map(|_| false);
        }
        let Some(Who { pair, .. }) = self.who else { return Ok(true) };
        let Some(failures) = app.store.login_failures(&pair).await? else { return Ok(true) };
        if standing(&failures, &app.config.limits, now) != Standing::Free {
            return Ok(false);
        }
        app.store.forget_login_failures(pair, now).await?;
        Ok(true)
    }
}

/// What the accounts of these names are called where failures are counted, for a change that forgets those.
pub fn counted_as(app: &App, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| account_key(app, &keys::fold(name))).collect()
}

fn account_key(app: &App, folded: &str) -> String {
    keys::digest(app, &[b"account", folded.as_bytes()])
}

fn standing(failures: &LoginFailures, settings: &Limits, now: UnixTime) -> Standing {
    let allowed = i64::from(settings.failed_logins_per_minute);
    let minute_ends = failures.minute_at.plus(MINUTE);
    let used_up = failures.minute_failures >= allowed && minute_ends > now;
    let waits_for_the_minute = if used_up { minute_ends.since(now) } else { 0 };
    let wait = if failures.begin_anew(now) { 0 } else { wait_seconds(failures.failures - allowed, settings) };
    let waits_longer = if wait > 0 { failures.last_at.plus(wait).since(now) } else { 0 };
    let waits = waits_for_the_minute.max(waits_longer);
    if waits > 0 {
        return Standing::Waits(waits);
    }
    if failures.locked_until(now).is_some() { Standing::Locked } else { Standing::Free }
}

/// The wait after so many failures more than a minute allows.
fn wait_seconds(more: i64, settings: &Limits) -> i64 {
    let longest = i64::from(settings.longest_wait_seconds);
    match u32::try_from(more) {
        Ok(doublings) => 1_i64.checked_shl(doublings).filter(|wait| *wait > 0).unwrap_or(longest).min(longest),
        Err(_) => 0,
    }
}

fn slow_down(tried: i64, settings: &Limits) -> Duration {
    let longest = u64::from(settings.longest_slow_down_milliseconds);
    let milliseconds = match u32::try_from(tried - UNNOTICED - 1) {
        Ok(doublings) => FIRST_SLOW_DOWN.saturating_mul(2_u64.saturating_pow(doublings)).min(longest),
        Err(_) => 0,
    };
    Duration::from_millis(milliseconds)
}
