//! What is counted and refused. Calls, registrations and mails are counted in the cache, which nodes share, and in memory
//! while it is away. Wrong passwords are rows: whoever wipes the cache gains no guess, and a lock survives a restart.

mod keys;
mod sign_in;

use std::net::IpAddr;

use crate::app::App;
use crate::failure::{Failure, Outcome, Quota, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::store::audit::Act;
use crate::time::UnixTime;

pub use sign_in::{Attempt, Locked, before_sign_in, counted_as};

const MINUTE: u32 = 60;
const HOUR: u32 = 3_600;

/// How often something may be done in a window.
#[derive(Clone, Copy)]
struct Policy {
    name: &'static str,
    limit: u32,
    window_seconds: u32,
}

/// One more registration from this address, or one more username that somebody with an account wants to have.
pub async fn registration(app: &App, address: Option<IpAddr>, now: UnixTime) -> Outcome<()> {
    let limit = app.config.limits.registrations_per_hour;
    let policy = Policy { name: "registrations", limit, window_seconds: HOUR };
    allow(app, policy, &keys::place(address), now).await
}

/// One more client that registers itself from this address.
pub async fn client_registration(app: &App, address: Option<IpAddr>, now: UnixTime) -> Outcome<()> {
    let limit = app.config.limits.clients_per_hour;
    let policy = Policy { name: "clients", limit, window_seconds: HOUR };
    allow(app, policy, &keys::place(address), now).await
}

/// One more call of `/api/v1` by whoever is known by this name.
pub async fn api_call(app: &App, caller: &str, now: UnixTime) -> Outcome<()> {
    let limit = app.config.limits.api_calls_per_minute;
    let policy = Policy { name: "api-calls", limit, window_seconds: MINUTE };
    allow(app, policy, caller.as_bytes(), now).await
}

/// The same for whoever is known by an address alone.
pub async fn api_call_from(app: &App, address: Option<IpAddr>, now: UnixTime) -> Outcome<()> {
    let limit = app.config.limits.api_calls_per_minute;
    let policy = Policy { name: "api-calls", limit, window_seconds: MINUTE };
    allow(app, policy, &[b"address ".as_slice(), &keys::place(address)].concat(), now).await
}

/// One more call to where a client says that something of it is, which registered itself: anybody can make one, and name
/// another's server.
pub async fn call_for_stranger(app: &App, client_id: &str, now: UnixTime) -> Outcome<()> {
    let limit = app.config.limits.api_calls_per_minute;
    let policy = Policy { name: "calls-for-clients", limit, window_seconds: MINUTE };
    allow(app, policy, client_id.as_bytes(), now).await
}

/// One more mail for this account, as it was typed, because of this act: each kind of letter counts for itself, so that nobody
/// who asks for one keeps the account from another. What is refused for its address does not count for the account, so that
/// one address cannot use up what many accounts have.
pub async fn mail(app: &App, act: Act, account: &str, address: Option<IpAddr>, now: UnixTime) -> Outcome<()> {
    let limit = app.config.limits.mails_per_hour;
    let by_address = Policy { name: "mails-by-address", limit, window_seconds: HOUR };
    allow(app, by_address, &keys::place(address), now).await?;
    let by_account = Policy { name: "mails-by-account", limit, window_seconds: HOUR };
    let who = [act.as_str(), " ", &keys::fold(account)].concat();
    allow(app, by_account, who.as_bytes(), now).await
}

/// The same where the answer must not tell: whether the letter may be sent.
pub async fn mail_in_silence(
    app: &App,
    act: Act,
    account: &str,
    address: Option<IpAddr>,
    now: UnixTime,
) -> Outcome<bool> {
    match mail(app, act, account, address, now).await {
        Ok(()) => Ok(true),
        Err(Failure::Refused(_)) => Ok(false),
        Err(broken) => Err(broken),
    }
}

async fn allow(app: &App, policy: Policy, who: &[u8], now: UnixTime) -> Outcome<()> {
    if !app.config.limits.enabled {
        return Ok(());
    }
    let key = format!("limit:{}:{}", policy.name, keys::digest(app, &[policy.name.as_bytes(), who]));
    let counted = app.windows.count(&key, policy.window_seconds, now).await;
    app.counters.cache("count", if counted.shared { "kept" } else { "away" });
    if counted.number <= u64::from(policy.limit) {
        return Ok(());
    }
    let ends = counted.since.plus(i64::from(policy.window_seconds));
    Err(refusal(app, policy, ends.since(now)))
}

fn refusal(app: &App, policy: Policy, seconds: i64) -> Failure {
    app.counters.limited(policy.name);
    let Policy { name, limit, window_seconds } = policy;
    let reset_seconds = u32::try_from(seconds.max(1)).unwrap_or(u32::MAX);
    let about = "this was tried too often; try again after the time in Retry-After";
    Refused::new(ErrorCode::TooManyRequests, Reason::OverLimit, about)
        .over(Quota { policy: name, limit, window_seconds, reset_seconds })
        .into()
}
