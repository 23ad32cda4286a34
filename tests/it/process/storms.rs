//! Nodes are killed while clients renew their tokens: no session is lost, and no token has two successors.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::config::Config;
use countersign::passwords::Passwords;
use countersign::secret::Plain;
use countersign::store::users::{NewUser, UserRow};
use countersign::time::Clock;
use reqwest::header::HeaderMap;

use super::{Credentials, Home, Server};
use crate::harness::{Answer, Backend, TOKEN, audited, secrets, stories, user_row};

stories![no_session_is_lost_and_no_token_has_two_successors_when_nodes_are_killed];

const CLIENTS: usize = 12;
const KILLS: usize = 3;
const PASSWORD: &str = "pass phrase of everybody in the storm";

/// What all clients share.
struct Storm {
    ports: Vec<u16>,
    app: Credentials,
    http: reqwest::Client,
    is_over: AtomicBool,
    /// Requests that nobody answered, or not to the end.
    unanswered: AtomicUsize,
    answered: AtomicUsize,
    /// What came of each token.
    successors: Mutex<HashMap<String, String>>,
}

impl Storm {
    /// `None` when the node went away before it had answered, or says that it cannot answer now.
    async fn ask(&self, port: u16, form: &[(&str, &str)]) -> Option<Answer> {
        let request = self.http.post(format!("http://127.0.0.1:{port}{TOKEN}")).form(form);
        let request = request.basic_auth(&self.app.id, Some(&self.app.secret));
        let answered = async {
            let response = request.send().await.ok()?;
            let status = response.status().as_u16();
            let body = response.text().await.ok()?;
            Some(Answer::new(status, HeaderMap::new(), body)).filter(|answer| answer.status != 503)
        };
        let answer = answered.await;
        let counter = if answer.is_some() { &self.answered } else { &self.unanswered };
        counter.fetch_add(1, Ordering::Relaxed);
        answer
    }

    fn note(&self, token: &str, answer: &Answer) -> String {
        assert_eq!(answer.status, 200, "a session was lost: {answer:?}");
        let next = answer.json()["refresh_token"].as_str().expect("a refresh token").to_owned();
        let mut successors = self.successors.lock().expect("nobody panicked");
        let known = successors.entry(token.to_owned()).or_insert_with(|| next.clone());
        assert_eq!(*known, next, "two different successors of one token");
        next
    }

    /// One use of a token: until it is answered, on whichever node, and sometimes by two requests at once.
    async fn renew(&self, token: &str, round: usize) -> String {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        for attempt in 0.. {
            let port = |shift: usize| self.ports[(round + attempt + shift) % self.ports.len()];
            let answer = if round.is_multiple_of(3) {
                let (one, other) = tokio::join!(self.ask(port(0), &form), self.ask(port(1), &form));
                for answer in one.iter().chain(&other) {
                    self.note(token, answer);
                }
                one.or(other)
            } else {
                self.ask(port(0), &form).await
            };
            match answer {
                Some(answer) => return self.note(token, &answer),
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        unreachable!("attempts have no end")
    }

    /// Renews again and again, always with the last token that was answered.
    async fn client(&self, number: usize) -> String {
        let username = format!("user-{number}");
        let form = [("grant_type", "password"), ("username", username.as_str()), ("password", PASSWORD)];
        // Nobody is killed yet, but a busy machine may be slow to hash a password.
        let answer = loop {
            if let Some(answer) = self.ask(self.ports[0], &form).await {
                break answer;
            }
        };
        let mut token = self.note(&username, &answer);
        let mut round = number;
        while !self.is_over.load(Ordering::Relaxed) {
            token = self.renew(&token, round).await;
            round += 1;
        }
        token
    }
}

async fn make_users(home: &Home) {
    let mut settings = Config::default().passwords;
    (settings.memory_kib, settings.passes) = (64, 1);
    let (store, now) = (home.store().await, Clock::System.now());
    let hash = Passwords::open(&settings).hash(&Plain::presented(PASSWORD)).await.expect("a hash");
    for number in 0..CLIENTS {
        let row = user_row(&countersign::store::new_id(now), &format!("user-{number}"), now);
        let user = UserRow { password_kind: Some(hash.kind()), password_hash: Some(hash.clone()), ..row };
        let new = NewUser { user, roles: Vec::new(), letter: None };
        store.add_user(new, audited()).await.expect("the store answers").expect("nobody has the name");
    }
}

/// The homes of all nodes: two on one Postgres, one on a file.
async fn installation(backend: Backend) -> Vec<Home> {
    let home = Home::new(backend)
        .await
        .with("COUNTERSIGN_ISSUER", "https://id.example")
        .with("COUNTERSIGN_LIMITS__ENABLED", "false")
        .with("COUNTERSIGN_PASSWORDS__MEMORY_KIB", "64")
        .with("COUNTERSIGN_PASSWORDS__PASSES", "1")
        // As long as a start may take beside many other tests.
        .with("COUNTERSIGN_TOKENS__REFRESH_RETRY_SECONDS", "300");
    match backend {
        Backend::Embedded => vec![home],
        Backend::Cluster => vec![home.on_another_port(), home],
    }
}

async fn no_session_is_lost_and_no_token_has_two_successors_when_nodes_are_killed(backend: Backend) {
    secrets::note(PASSWORD);
    let homes = installation(backend).await;
    let create = ["client", "create", "--name", "App", "--grant", "password", "--grant", "refresh_token"];
    let app = Credentials::of(&homes[0].json(&create).await);
    make_users(&homes[0]).await;
    let mut nodes: Vec<Server> = Vec::new();
    for home in &homes {
        nodes.push(home.start().await);
    }
    let storm = Arc::new(Storm {
        ports: homes.iter().map(|home| home.port).collect(),
        app: app.clone(),
        http: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().expect("a client"),
        is_over: AtomicBool::new(false),
        unanswered: AtomicUsize::new(0),
        answered: AtomicUsize::new(0),
        successors: Mutex::default(),
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let storm = Arc::clone(&storm);
            tokio::spawn(async move { storm.client(number).await })
        })
        .collect();
    for kill in 0..KILLS {
        let answered = storm.answered.load(Ordering::Relaxed) + CLIENTS * 4;
        crate::harness::within(crate::harness::A_WHILE, "the storm goes on", async || {
            storm.answered.load(Ordering::Relaxed) > answered || clients.iter().any(|client| client.is_finished())
        })
        .await;
        let place = kill % nodes.len();
        let ran = nodes.remove(place).stop("KILL").await;
        assert_eq!(ran.code, None, "killed: {ran:?}");
        nodes.insert(place, homes[place].start().await);
    }
    storm.is_over.store(true, Ordering::Relaxed);
    let last = futures_util::future::join_all(clients).await;
    assert!(storm.unanswered.load(Ordering::Relaxed) > 0, "the storm was felt");
    for token in last {
        let token = token.expect("no client fell");
        assert!(nodes[0].is_active(&app, &token).await);
        storm.renew(&token, 1).await;
    }
    let successors = storm.successors.lock().expect("nobody panicked");
    let different: HashSet<&String> = successors.values().collect();
    assert_eq!(different.len(), successors.len(), "nor is one the successor of two");
}
