//! Delivers what is in the outbox. Every node does; a row is claimed by one of them, and becomes due again should that one
//! fall, so that a letter may come twice and is never lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;

use super::next_attempt::next_attempt;
use crate::app::App;
use crate::breaker::{Breaker, Change, Limits, Passage};
use crate::mail::{Reason, Undelivered};
use crate::outbox;
use crate::secret;
use crate::store::StoreResult;
use crate::store::outbox::{Claimed, Delivery};
use crate::time::UnixTime;

const EVERY: Duration = Duration::from_millis(500);
/// Rounds between two counts of the queue.
const COUNT_ROUNDS: u32 = 10;
/// What is on its way when the node stops has so long to arrive; the rest falls due again.
const LAST_WAIT: Duration = Duration::from_secs(5);
const LIMITS: Limits = Limits { failures: 5, rest_seconds: 15, longest_rest_seconds: 240 };

/// One node's deliveries.
struct Courier {
    app: App,
    breaker: Arc<Breaker>,
    under_way: JoinSet<()>,
}

pub async fn deliver(app: App, mut stopped: Receiver<bool>) {
    if !app.mail.delivers() {
        tracing::warn!(
            "there is no SMTP server: mail waits in the database and is given up after a day; set SMTP_HOST"
        );
    } else if app.config.mail.talks_in_clear() {
        tracing::warn!("the password for the SMTP server crosses the network in the clear: set mail.encryption");
    }
    let mut courier = Courier { app, breaker: Arc::new(Breaker::new(LIMITS)), under_way: JoinSet::new() };
    let mut round = 0;
    let mut away = false;
    loop {
        match courier.round(round % COUNT_ROUNDS == 0).await {
            Ok(()) if std::mem::take(&mut away) => tracing::info!("the outbox can be read again"),
            Err(error) if !std::mem::replace(&mut away, true) => {
                tracing::warn!(%error, "the outbox cannot be read");
            }
            _ => {}
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => round = round.wrapping_add(1),
            // Somebody has come back: the next one may go.
            Some(_) = courier.under_way.join_next() => {}
            _ = stopped.wait_for(|stop| *stop) => break,
        }
    }
    let last = async { while courier.under_way.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_WAIT, last).await;
}

impl Courier {
    /// Sends off as many as may be under way at once.
    async fn round(&mut self, counts: bool) -> StoreResult<()> {
        let (app, now) = (&self.app, self.app.clock.now());
        while self.under_way.try_join_next().is_some() {}
        app.mail.close_idle();
        if counts {
            let count = app.store.outbox_count(Delivery::Mail).await?;
            app.counters.set_outbox(count.waiting, count.dead);
        }
        let room = app.config.mail.connections.saturating_sub(self.under_way.len());
        if !app.mail.delivers() || room == 0 || !app.store.outbox_is_due(Delivery::Mail, now).await? {
            return Ok(());
        }
        let limit = match self.breaker.passage(now) {
            Passage::Free => room,
            Passage::Probe => 1,
            Passage::Closed => return Ok(()),
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let claimed = app.store.claim_outbox(Delivery::Mail, secret::random_id(), limit, now).await;
        if claimed.as_ref().map_or(true, Vec::is_empty) {
            self.breaker.unused(now);
        }
        for row in claimed? {
            self.under_way.spawn(attempt(app.clone(), Arc::clone(&self.breaker), row));
        }
        Ok(())
    }
}

/// What came of one try.
enum Tried {
    Delivered,
    Failed(Undelivered),
    /// This server cannot read it; another version of it may.
    Unreadable,
}

async fn attempt(app: App, breaker: Arc<Breaker>, row: Claimed) {
    let tried = match outbox::posted(&app, &row) {
        Some(posted) => match app.mail.compose(&posted.letter, &posted.to) {
            Ok(composed) => app.mail.send(&row.id, &composed, app.clock.now()).await,
            Err(undelivered) => Err(undelivered),
        }
        .map_or_else(Tried::Failed, |()| Tried::Delivered),
        None => Tried::Unreadable,
    };
    let now = app.clock.now();
    report(&app, &breaker, &tried, now);
    let id = row.id.clone();
    if let Err(error) = settle(&app, row, tried, now).await {
        tracing::warn!(id, %error, "what came of a delivery could not be noted: it will be tried again");
    }
}

/// Tells the breaker and the metrics.
fn report(app: &App, breaker: &Breaker, tried: &Tried, now: UnixTime) {
    let change = match tried {
        Tried::Delivered => {
            app.counters.mail_sent();
            breaker.succeeded()
        }
        Tried::Unreadable => {
            app.counters.mail_failed("unreadable");
            breaker.unused(now);
            Change::None
        }
        Tried::Failed(Undelivered { reason, .. }) => {
            app.counters.mail_failed(reason.as_str());
            match reason {
                reason if reason.is_of_server() => breaker.failed(now),
                Reason::BadAddress | Reason::BadTemplate => {
                    breaker.unused(now);
                    Change::None
                }
                _ => breaker.succeeded(),
            }
        }
    };
    match (change, tried) {
        (Change::Opened(seconds), Tried::Failed(Undelivered { reason, about })) => {
            let way = app.mail.way();
            // What is said of a sender may name who receives.
            let error = if *reason == Reason::SenderRefused { "it takes nothing from this sender" } else { about };
            tracing::warn!(reason = reason.as_str(), error, seconds, way, "mail does not get through: it rests");
        }
        (Change::Closed, _) => tracing::info!("mail gets through again"),
        _ => {}
    }
}

/// Notes what came of it. Somebody who took the row after the claim had run out has the last word.
async fn settle(app: &App, row: Claimed, tried: Tried, now: UnixTime) -> StoreResult<()> {
    let (id, attempts) = (row.id.clone(), row.attempts);
    let (reason, is_final) = match &tried {
        Tried::Delivered => {
            app.store.delivered(row).await?;
            tracing::debug!(id, attempts, "a letter was delivered");
            return Ok(());
        }
        Tried::Failed(undelivered) => {
            tracing::debug!(id, attempts, error = undelivered.about, "a letter was not delivered");
            (undelivered.reason.as_str(), undelivered.reason.is_final())
        }
        Tried::Unreadable => ("unreadable", false),
    };
    match next_attempt(&row, secret::random(), now) {
        Some(due_at) if !is_final => app.store.try_again(row, due_at).await?,
        _ => {
            tracing::warn!(id, attempts, reason, "a letter was given up");
            app.store.give_up(row, reason, now).await?
        }
    };
    Ok(())
}
