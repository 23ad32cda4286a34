//! `countersign doctor`: looks at everything that a server depends on, changes nothing, and says in one sentence each what is
//! wrong and what to do.

mod mail;
mod pages;
mod people;
mod upstreams;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::Serialize;

use super::output::{Complaint, Printed};
use crate::cache::Cache;
use crate::config::{Config, DatabaseUrl, Sources};
use crate::keyring;
use crate::remote;
use crate::secret::MacKey;
use crate::store::Store;
use crate::time::{Clock, UnixTime};

/// More than this apart, and tokens of one machine look expired, or not yet good, on another.
const CLOCK_TOLERANCE_SECONDS: i64 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    message: String,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, check: &'static str, verdict: Verdict, message: impl Into<String>) {
        self.0.push(Finding { check, verdict, message: message.into() });
    }
}

pub fn run(sources: &Sources) -> Result<Printed, Complaint> {
    let mut findings = Findings::default();
    match Config::load(sources) {
        Ok(config) => {
            settings(&config, &mut findings);
            super::runtime(Some(2))?.block_on(look(&config, &mut findings));
        }
        Err(faults) => {
            for line in faults.to_string().lines() {
                findings.add("settings", Verdict::Wrong, line.trim());
            }
        }
    }
    let good = findings.0.iter().all(|finding| finding.verdict != Verdict::Wrong);
    let text: String = findings
        .0
        .iter()
        .map(|finding| {
            let mark = match finding.verdict {
                Verdict::Ok => "ok     ",
                Verdict::Warning => "warning",
                Verdict::Wrong => "WRONG  ",
            };
            format!("{mark}  {:<8}  {}\n", finding.check, finding.message)
        })
        .collect();
    Ok(Printed::new(&findings.0, text)?.and_is_good(good))
}

async fn look(config: &Config, findings: &mut Findings) {
    let now = Clock::System.now();
    let store = database(config, findings).await;
    if let Some(store) = &store {
        clock(store, now, findings).await;
        keys(store, config, now, findings).await;
        people::look(store, config, findings).await;
        upstreams::look(store, findings).await;
    }
    cache(config, findings).await;
    mail::look(config, store.as_ref(), findings).await;
    pages::look(config, findings);
    issuer(config, findings).await;
}

fn settings(config: &Config, findings: &mut Findings) {
    findings.add("settings", Verdict::Ok, "they can be read and fit together");
    if config.development() && !config.issuer.is_loopback() {
        let message = "COUNTERSIGN_DEVELOPMENT is on for an issuer that others reach: take it away in production";
        findings.add("settings", Verdict::Warning, message);
    }
    if Store::talks_in_clear(&config.database) {
        let message = "the database is on another machine and its URL asks for no TLS: add sslmode=require to it";
        findings.add("settings", Verdict::Warning, message);
    }
    people::settings(config, findings);
    let folder = &config.keys.directory;
    if let Some(mode) = mode(folder).filter(|mode| mode & 0o022 != 0) {
        let message = format!("others can put keys into {} (mode {mode:o}): chmod go-w {0}", folder.display());
        findings.add("settings", Verdict::Wrong, message);
    }
    for path in key_files(folder) {
        if let Some(mode) = mode(&path).filter(|mode| mode & 0o077 != 0) {
            let message = format!("{} can be read by others (mode {mode:o}): chmod go= {0}", path.display());
            findings.add("settings", Verdict::Wrong, message);
        }
    }
}

/// The store, when it answers and has its tables. A SQLite file that is not there yet is not made.
async fn database(config: &Config, findings: &mut Findings) -> Option<Store> {
    if let DatabaseUrl::Sqlite(path) = config.database.kind()
        && !path.exists()
    {
        let message =
            format!("{} is not there yet: the first start, or `countersign migrate`, makes it", path.display());
        findings.add("database", Verdict::Warning, message);
        return None;
    }
    let opened = match Store::open(&config.database).await {
        Ok(store) => store.ping().await.map(|()| store),
        Err(error) => Err(error),
    };
    let store = match opened {
        Ok(store) => store,
        Err(error) => {
            let message = format!("{error}; check DATABASE_URL, and whether the server runs and lets this machine in");
            findings.add("database", Verdict::Wrong, message);
            return None;
        }
    };
    match store.migration_status().await {
        Ok(report) if report.pending.is_empty() => {
            findings.add("database", Verdict::Ok, format!("{} answers and its tables are up to date", store.name()));
            Some(store)
        }
        Ok(report) => {
            let message = format!(
                "{} answers, but lacks {}: run `countersign migrate up`, or start a server",
                store.name(),
                report.pending.join(", ")
            );
            findings.add("database", Verdict::Wrong, message);
            None
        }
        Err(error) => {
            findings.add("database", Verdict::Wrong, format!("its tables cannot be looked at: {error}"));
            None
        }
    }
}

async fn clock(store: &Store, now: UnixTime, findings: &mut Findings) {
    match store.clock_ahead(now).await {
        Ok(ahead) if ahead.abs() <= CLOCK_TOLERANCE_SECONDS => {
            findings.add("clock", Verdict::Ok, "this machine and the database agree on the time");
        }
        Ok(ahead) => {
            let message = format!("the database's clock is {ahead} seconds ahead of this machine's: run NTP on both");
            findings.add("clock", Verdict::Wrong, message);
        }
        Err(error) => findings.add("clock", Verdict::Wrong, format!("the database does not tell the time: {error}")),
    }
}

async fn keys(store: &Store, config: &Config, now: UnixTime, findings: &mut Findings) {
    let keys = match keyring::examine(store, &config.keys).await {
        Ok(keys) => keys,
        Err(error) => {
            findings.add("keys", Verdict::Wrong, error.to_string());
            return;
        }
    };
    if keys.is_empty() {
        findings.add("keys", Verdict::Warning, "there are none yet: the first start makes them");
        return;
    }
    for algorithm in &config.keys.algorithms {
        let active = keys.iter().find(|key| key.algorithm == algorithm.as_str() && key.phase == "active");
        match active {
            None => {
                let message = format!("no {algorithm} key is active: a running server makes one sign when it is due");
                findings.add("keys", Verdict::Warning, message);
            }
            Some(key) => {
                let days = now.since(key.activated_at.unwrap_or(key.created_at)) / 86_400;
                let message = format!("the {algorithm} key {} opens, and has signed for {days} days", key.kid);
                findings.add("keys", Verdict::Ok, message);
                let due = i64::try_from(config.keys.rotate_days).unwrap_or(i64::MAX);
                if due > 0 && days > due + 2 {
                    let message = format!("it should have been rotated after {due} days: is any server running?");
                    findings.add("keys", Verdict::Warning, message);
                }
            }
        }
    }
}

async fn cache(config: &Config, findings: &mut Findings) {
    // Nothing is read or written here, so any key will do for the values' authenticity.
    match Cache::open(&config.cache, MacKey::new(&[0; 32])) {
        Ok(cache) => match cache.ping().await {
            Ok(()) if config.cache.url.is_some() => findings.add("cache", Verdict::Ok, "Redis answers"),
            Ok(()) => findings.add("cache", Verdict::Ok, "each node keeps its own, in memory"),
            Err(error) => {
                let message = format!("{error}; servers go on without it, slower: check REDIS_URL and REDIS_PASSWORD");
                findings.add("cache", Verdict::Wrong, message);
            }
        },
        Err(error) => findings.add("cache", Verdict::Wrong, error.to_string()),
    }
}

/// Asks the issuer's address what it calls itself: clients do the same.
async fn issuer(config: &Config, findings: &mut Findings) {
    let issuer = &config.issuer;
    let url = issuer.endpoint("/.well-known/oauth-authorization-server");
    match remote::get_json(&url).await {
        Ok(document) if document.get("issuer").and_then(|value| value.as_str()) == Some(issuer.as_str()) => {
            findings.add("issuer", Verdict::Ok, format!("{issuer} is this server"));
        }
        Ok(_) => {
            let message =
                format!("{url} answers, but names another issuer: COUNTERSIGN_ISSUER must be what clients use");
            findings.add("issuer", Verdict::Wrong, message);
        }
        Err(error) => {
            let message = format!(
                "{issuer} cannot be reached from here ({error}): is a server running, and is its address right?"
            );
            findings.add("issuer", Verdict::Warning, message);
        }
    }
}

fn key_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ending| ending == "kek")).collect()
}

/// The permissions of a file or folder; `None` when it is not there.
fn mode(path: &Path) -> Option<u32> {
    Some(fs::metadata(path).ok()?.permissions().mode() & 0o777)
}
