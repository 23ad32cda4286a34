//! Verifying: the chain is computed again, page by page, and held against what was signed.

use std::collections::VecDeque;

use serde::Serialize;

use super::chain::{Head, Statement};
use super::entry::digest;
use crate::app::App;
use crate::failure::Outcome;
use crate::keyring::Witness;
use crate::store::audit::seals::{CHECKPOINT, SEAL, SealRow, Unsealed};
use crate::store::audit::search::Found;
use crate::time::UnixTime;

/// Acts that are held in memory at once.
const PAGE: i64 = 500;
/// How often to begin anew when the leader trims the log meanwhile.
const ATTEMPTS: usize = 3;

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Behind this position the log begins: older acts were removed as the retention says.
    pub begins_after: i64,
    /// The end of what is sealed, and right as far as it was looked at.
    pub head: String,
    pub acts: i64,
    pub seals: i64,
    /// Acts whose personal data was erased.
    pub erased: i64,
    /// Seals by keys that were withdrawn since: compare them with heads that were logged.
    pub withdrawn_seals: i64,
    /// Acts that no seal covers yet.
    pub unsealed: i64,
    pub oldest_unsealed: Option<UnixTime>,
    /// Heads that were to be compared, but lie before the beginning.
    pub not_compared: Vec<String>,
    pub damage: Option<Damage>,
}

/// The first thing that is not as it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Where in the chain.
    pub position: i64,
    /// The act, where there is one.
    pub id: Option<String>,
    pub about: &'static str,
}

/// Walks the whole chain. `heads` were logged earlier, outside the database: they show whether the end was cut off.
pub async fn verify(app: &App, heads: &[Head]) -> Outcome<Report> {
    let witness = app.keyring.witness().await?;
    let mut report = Report::default();
    for _ in 0..ATTEMPTS {
        report = Walk::new(app, &witness, heads).verify().await?;
        let begins_after = app.store.checkpoint().await?.map_or(0, |checkpoint| checkpoint.position);
        if report.damage.is_none() || begins_after == report.begins_after {
            break;
        }
    }
    let Unsealed { count, oldest } = app.store.unsealed().await?;
    Ok(Report { unsealed: count, oldest_unsealed: oldest, ..report })
}

struct Walk<'a> {
    app: &'a App,
    witness: &'a Witness,
    heads: &'a [Head],
    /// Where the walk is.
    head: Head,
    /// The last seal that was passed.
    sealed: i64,
    report: Report,
}

/// What stops a walk.
enum Stop {
    Damage(Damage),
    Failure(crate::failure::Failure),
}

type Stepped<T> = Result<T, Stop>;

impl<E: Into<crate::failure::Failure>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

fn damage<T>(position: i64, id: Option<&str>, about: &'static str) -> Stepped<T> {
    Err(Stop::Damage(Damage { position, id: id.map(str::to_owned), about }))
}

impl<'a> Walk<'a> {
    fn new(app: &'a App, witness: &'a Witness, heads: &'a [Head]) -> Self {
        Self { app, witness, heads, head: Head::default(), sealed: 0, report: Report::default() }
    }

    async fn verify(mut self) -> Outcome<Report> {
        match self.walk().await {
            Ok(()) => {}
            Err(Stop::Damage(damage)) => self.report.damage = Some(damage),
            Err(Stop::Failure(failure)) => return Err(failure),
        }
        self.report.head = self.head.to_string();
        Ok(self.report)
    }

    async fn walk(&mut self) -> Stepped<()> {
        let store = &self.app.store;
        // The end is looked at first, so that what is sealed meanwhile is not taken for damage.
        let end = store.last_seal().await?.map_or(0, |seal| seal.position);
        self.begin().await?;
        if let Some(beyond) = self.heads.iter().find(|head| head.position > end) {
            return damage(beyond.position, None, "the log once came this far: its end was cut off");
        }
        self.compare()?;
        while self.head.position < end {
            let acts = store.sealed_acts(self.head.position, end, PAGE).await?;
            let Some(last) = acts.last().and_then(|last| last.position) else {
                return damage(self.head.position + 1, None, "from here on acts are missing that a seal covers");
            };
            let mut seals = store.seals(self.head.position, last).await?.into();
            for act in acts {
                self.step(&act, &mut seals)?;
            }
        }
        if self.sealed < self.head.position {
            return damage(self.head.position, None, "the seal behind this act was removed");
        }
        if store.acts_behind_the_last_seal().await? > 0 {
            return damage(end + 1, None, "acts have a place in the chain that no seal covers");
        }
        Ok(())
    }

    /// At the checkpoint, or at nothing.
    async fn begin(&mut self) -> Stepped<()> {
        if let Some(checkpoint) = self.app.store.checkpoint().await? {
            self.head = Head { position: checkpoint.position, hash: checkpoint.hash.clone() };
            self.sealed = checkpoint.position;
            self.report.begins_after = checkpoint.position;
            self.check(&checkpoint, CHECKPOINT)?;
        }
        let before = self.heads.iter().filter(|head| head.position < self.head.position);
        self.report.not_compared = before.map(Head::to_string).collect();
        Ok(())
    }

    /// One act further, and over the seal behind it, if there is one.
    fn step(&mut self, found: &Found, seals: &mut VecDeque<SealRow>) -> Stepped<()> {
        let act = &found.act;
        let next = self.head.then(act);
        if found.position != Some(next.position) {
            return damage(next.position, None, "an act was removed");
        }
        if found.hash.as_deref() != Some(next.hash.as_str()) {
            return damage(
                next.position,
                Some(&act.id),
                "the act is not as it was sealed: it, or its hash, was altered",
            );
        }
        match (&act.personal, &found.personal) {
            (Some(named), Some(personal)) if digest(personal) != *named => {
                return damage(next.position, Some(&act.id), "what is personal in the act was altered");
            }
            (Some(_), None) => self.report.erased += 1,
            _ => {}
        }
        self.head = next;
        self.report.acts += 1;
        self.compare()?;
        let Some(seal) = seals.pop_front_if(|seal| seal.position <= self.head.position) else { return Ok(()) };
        if seal.hash != self.head.hash {
            return damage(self.head.position, Some(&act.id), "the chain is not the one that was sealed here");
        }
        if seal.count != seal.position - self.sealed {
            return damage(self.head.position, Some(&act.id), "a seal before this one was removed");
        }
        self.check(&seal, SEAL)?;
        self.sealed = seal.position;
        self.report.seals += 1;
        Ok(())
    }

    /// Whether a row says what was signed.
    fn check(&mut self, row: &SealRow, kind: &str) -> Stepped<()> {
        let Some(attested) = self.witness.check::<Statement>(&row.signature, &row.mac) else {
            return damage(row.position, None, "a seal is not signed by this server");
        };
        self.report.withdrawn_seals += i64::from(attested.withdrawn);
        let Statement { kind: signed, position, hash, count, .. } = attested.statement;
        if signed != kind || (position, &hash, count) != (row.position, &row.hash, row.count) {
            return damage(row.position, None, "a seal says something else than what was signed");
        }
        Ok(())
    }

    /// With what was logged of this place.
    fn compare(&self) -> Stepped<()> {
        let here = self.heads.iter().filter(|head| head.position == self.head.position);
        match here.map(|head| &head.hash).find(|hash| **hash != self.head.hash) {
            Some(_) => {
                damage(self.head.position, None, "the log was written anew: this is not the head that was logged")
            }
            None => Ok(()),
        }
    }
}
