//! A server in a process of its own, and those who call it.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::program::Ran;
use super::{Home, Program};
use crate::harness::{A_SECOND, Answer, INTROSPECT, REVOKE, TOKEN, secrets, within};

/// A debug build makes its keys beside many other tests.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

pub struct Server {
    program: Program,
    base: String,
    http: Client,
}

/// A client and its secret.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub id: String,
    pub secret: String,
}

impl Credentials {
    /// As `client create` printed them.
    pub fn of(created: &Value) -> Self {
        let text = |name: &str| created[name].as_str().unwrap_or_else(|| panic!("{name}: {created}")).to_owned();
        Self { id: text("client_id"), secret: text("client_secret") }
    }

    /// The same client with another secret.
    pub fn with_secret(&self, secret: &str) -> Self {
        secrets::note(secret);
        Self { secret: secret.to_owned(), ..self.clone() }
    }
}

impl Server {
    pub async fn start(home: &Home) -> Self {
        let mut server = Self::launch(home);
        server.is_up().await;
        home.note_keys();
        server
    }

    /// Starts it and does not wait.
    pub fn launch(home: &Home) -> Self {
        Self::of(home, home.spawn(&[], &[]), "http")
    }

    pub fn of(home: &Home, program: Program, scheme: &str) -> Self {
        // What the certificate is worth is asked by stories about certificates.
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(30)).danger_accept_invalid_certs(true);
        let base = format!("{scheme}://127.0.0.1:{}", home.port);
        Self { program, base, http: http.build().expect("a client") }
    }

    pub async fn is_up(&mut self) {
        let (program, http, url) = (&mut self.program, &self.http, format!("{}/health/live", self.base));
        within(STARTS_WITHIN, "the server answers", async || {
            assert!(!program.has_ended(), "it ended: {}", program.err());
            http.get(&url).send().await.is_ok_and(|answer| answer.status() == 200)
        })
        .await;
    }

    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }

    pub fn out(&self) -> String {
        self.program.out()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::GET, path).send().await.expect("an answer")).await
    }

    pub async fn post(&self, who: &Credentials, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path).basic_auth(&who.id, Some(&who.secret)).form(form);
        let answer = Answer::read(request.send().await.expect("an answer")).await;
        answer.never_says(&[&who.secret]);
        answer
    }

    pub async fn ask(&self, who: &Credentials, form: &[(&str, &str)]) -> Answer {
        self.post(who, TOKEN, &[&[("grant_type", "client_credentials")], form].concat()).await
    }

    pub async fn token(&self, who: &Credentials) -> String {
        let answer = self.ask(who, &[]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// Whether a caller is told that the token is good.
    pub async fn is_active(&self, who: &Credentials, token: &str) -> bool {
        let answer = self.post(who, INTROSPECT, &[("token", token)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["active"].as_bool().expect("yes or no")
    }

    pub async fn revoke(&self, who: &Credentials, token: &str) {
        let answer = self.post(who, REVOKE, &[("token", token)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// The ids of the published keys.
    pub async fn published(&self) -> Vec<String> {
        let keys = self.get("/.well-known/jwks.json").await.json();
        let keys = keys["keys"].as_array().expect("keys").clone();
        keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
    }

    /// What was changed by a command is in force within a second.
    pub async fn soon(&self, what: &str, question: impl AsyncFnMut() -> bool) {
        within(A_SECOND, what, question).await;
    }

    /// The client that the first start showed.
    pub fn first_client(&self) -> Credentials {
        let out = self.out();
        let shown = |name: &str| {
            let line = out.lines().find_map(|line| line.trim().strip_prefix(name));
            line.unwrap_or_else(|| panic!("{name} is shown: {out}")).trim().to_owned()
        };
        let client = Credentials { id: shown("client_id"), secret: shown("client_secret") };
        secrets::note(&client.secret);
        client
    }

    pub async fn stop(self, signal: &str) -> Ran {
        self.program.signal(signal);
        let Self { mut program, .. } = self;
        program.ended().await
    }
}
