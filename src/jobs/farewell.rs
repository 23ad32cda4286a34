//! Tells clients that a session is over (OpenID Connect Back-Channel Logout 1.0 §2.5). Nobody who logs out waits for it: what
//! ended sessions left marks, which become deliveries of the outbox, and those are tried until they arrive, for a day.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;

use super::next_attempt::next_attempt;
use crate::app::App;
use crate::breaker::{Breaker, Change, Limits, Passage};
use crate::directory::Client;
use crate::failure::{Failure, Outcome};
use crate::outbox::{self, Farewell};
use crate::remote::{Outbound, Unreached};
use crate::secret;
use crate::store::outbox::{Claimed, Delivery};
use crate::tokens;

const EVERY: Duration = Duration::from_millis(500);
/// As many become deliveries in one transaction.
const TOGETHER: i64 = 50;
/// As many are on their way at once.
const UNDER_WAY: usize = 16;
/// Who takes longer keeps others waiting, and rests like those who do not answer.
const SLOW: Duration = Duration::from_secs(2);
/// What is on its way when the node stops has so long to arrive; the rest falls due again.
const LAST_WAIT: Duration = Duration::from_secs(5);
const LIMITS: Limits = Limits { failures: 5, rest_seconds: 30, longest_rest_seconds: 600 };

/// One node's farewells.
struct Herald {
    app: App,
    /// By what is called: a server that does not answer keeps nobody from the others.
    breakers: HashMap<String, Arc<Breaker>>,
    under_way: JoinSet<()>,
}

pub async fn farewell(app: App, mut stopped: Receiver<bool>) {
    let mut herald = Herald { app, breakers: HashMap::new(), under_way: JoinSet::new() };
    let mut away = false;
    loop {
        match herald.round().await {
            Ok(()) => away = false,
            Err(failure) if !std::mem::replace(&mut away, true) => {
                tracing::warn!(error = about(&failure), "clients cannot be told of the end of sessions now");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            Some(_) = herald.under_way.join_next() => {}
            _ = stopped.wait_for(|stop| *stop) => break,
        }
    }
    let last = async { while herald.under_way.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_WAIT, last).await;
}

impl Herald {
    async fn round(&mut self) -> Outcome<()> {
        let (app, now) = (self.app.clone(), self.app.clock.now());
        while self.under_way.try_join_next().is_some() {}
        let over = app.store.sessions_over(TOGETHER).await?;
        if !over.is_empty() {
            let farewells: Outcome<Vec<_>> = over.into_iter().map(|row| outbox::farewell(&app, row, now)).collect();
            app.store.enqueue_farewells(farewells?).await?;
        }
        let room = UNDER_WAY.saturating_sub(self.under_way.len());
        if room == 0 || !app.store.outbox_is_due(Delivery::Farewell, now).await? {
            return Ok(());
        }
        let limit = i64::try_from(room).unwrap_or(i64::MAX);
        for row in app.store.claim_outbox(Delivery::Farewell, secret::random_id(), limit, now).await? {
            self.send_off(row).await?;
        }
        Ok(())
    }

    async fn send_off(&mut self, row: Claimed) -> Outcome<()> {
        let app = self.app.clone();
        let Some(farewell) = outbox::bidden(&app, &row) else {
            return settle(&app, row, Err("unreadable")).await;
        };
        let client = app.directory.client(&farewell.client_id).await?;
        // Who has gone, or does not want to hear it any more, is told nothing.
        let Some((client, uri)) = client.and_then(|client| {
            let uri = client.backchannel_logout_uri()?.to_owned();
            Some((client, uri))
        }) else {
            return settle(&app, row, Ok(())).await;
        };
        let host = Outbound::host(&uri);
        let breaker = self.breakers.entry(host).or_insert_with(|| Arc::new(Breaker::new(LIMITS)));
        if breaker.passage(app.clock.now()) == Passage::Closed {
            return settle(&app, row, Err("resting")).await;
        }
        let told = Told { client, uri, farewell };
        self.under_way.spawn(attempt(app, Arc::clone(breaker), told, row));
        Ok(())
    }
}

/// Who is told, where, and what.
struct Told {
    client: Arc<Client>,
    uri: String,
    farewell: Farewell,
}

async fn attempt(app: App, breaker: Arc<Breaker>, told: Told, row: Claimed) {
    let Told { client, uri, farewell: Farewell { user_id, session_id, .. } } = told;
    let id = row.id.clone();
    // Signed now, so that it is fresh.
    let token = match tokens::mint_logout_token(&app, &client, &user_id, &session_id, app.clock.now()).await {
        Ok(token) => token,
        Err(failure) => {
            breaker.unused(app.clock.now());
            tracing::warn!(id, error = about(&failure), "a logout token could not be made: it will be tried again");
            return;
        }
    };
    let began = Instant::now();
    let told = app.outbound.post_form(&uri, &[("logout_token", &token)]).await;
    let now = app.clock.now();
    let change = match &told {
        Ok(status) if *status < 500 && began.elapsed() < SLOW => breaker.succeeded(),
        _ => breaker.failed(now),
    };
    if let Change::Opened(seconds) = change {
        tracing::warn!(
            client_id = client.id,
            seconds,
            "a client does not answer when it is told of logouts: it is left alone for a while"
        );
    }
    let told = match told {
        Ok(200..300) => Ok(()),
        Ok(400..500) => Err("refused"),
        Ok(_) => Err("failed"),
        Err(Unreached::NotAllowed) => Err("not_allowed"),
        Err(error) => {
            tracing::debug!(id, %error, "a client could not be reached");
            Err("unreachable")
        }
    };
    if let Err(failure) = settle(&app, row, told).await {
        tracing::warn!(
            id,
            error = about(&failure),
            "what came of a farewell could not be noted: it will be tried again"
        );
    }
}

async fn settle(app: &App, row: Claimed, told: Result<(), &'static str>) -> Outcome<()> {
    let (id, attempts, now) = (row.id.clone(), row.attempts, app.clock.now());
    let Err(reason) = told else {
        app.store.delivered(row).await?;
        app.counters.logout_told("told");
        return Ok(());
    };
    app.counters.logout_told(reason);
    tracing::debug!(id, attempts, reason, "a client was not told of a logout");
    match next_attempt(&row, secret::random(), now) {
        Some(due_at) => app.store.try_again(row, due_at).await?,
        None => {
            tracing::warn!(id, attempts, reason, "a client was never told of a logout: it was given up");
            app.store.give_up(row, reason, now).await?
        }
    };
    Ok(())
}

fn about(failure: &Failure) -> String {
    match failure {
        Failure::Refused(refused) => refused.about.to_string(),
        Failure::Broken(broken) => format!("{}: {}", broken.what, broken.source),
    }
}
