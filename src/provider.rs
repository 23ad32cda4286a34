//! Providers that people sign in with: what this server says to them, and what it believes of what they say. Each has a breaker
//! of its own, and what is slow is given up: whoever signs in in another way never waits for them.

mod openid;
mod profile;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use url::Url;

use crate::breaker::{Breaker, Change, Limits, Passage};
use crate::directory::Upstream;
use crate::protocol::provider::{Endpoints, Identity};
use crate::remote::{Caller, Said};
use crate::secret::{CodeVerifier, Plain, UpstreamSecret};
use crate::time::UnixTime;

use openid::Known;

const BREAKER: Limits = Limits { failures: 3, rest_seconds: 10, longest_rest_seconds: 300 };

/// Why somebody is not signed in. The text is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It does not answer, or not now.
    #[error("it is away: {0}")]
    Away(String),
    /// It says what cannot be believed.
    #[error("{0}")]
    Wrong(String),
}

pub type ProviderResult<T> = Result<T, ProviderError>;

/// What a browser is sent to a provider with.
pub struct Asked<'a> {
    pub redirect_uri: &'a str,
    pub state: &'a str,
    pub nonce: &'a str,
    /// RFC 7636 §4.2, by S256.
    pub challenge: &'a str,
    /// The name that the user probably signs in by.
    pub login_hint: Option<&'a str>,
    /// Whether who is signed in there already should show once more who they are.
    pub again: bool,
}

/// What it came back with.
pub struct Answered<'a> {
    pub code: &'a str,
    pub redirect_uri: &'a str,
    pub nonce: &'a str,
    pub verifier: &'a Plain<CodeVerifier>,
    pub secret: Option<&'a Plain<UpstreamSecret>>,
}

/// A handle; clones share what is known of the providers.
#[derive(Clone, Default)]
pub struct Providers {
    caller: Caller,
    peers: Arc<Mutex<HashMap<String, Arc<Peer>>>>,
}

/// What is known of one provider, as it is described now.
struct Peer {
    version: i64,
    breaker: Breaker,
    known: Mutex<Known>,
}

/// One of them, about to be called.
struct Call<'a> {
    caller: &'a Caller,
    upstream: &'a Upstream,
    peer: Arc<Peer>,
    now: UnixTime,
}

impl Providers {
    /// Where the browser is sent to. Nothing but what an OpenID Connect provider says of itself is asked for.
    pub async fn address(&self, upstream: &Upstream, asked: &Asked<'_>, now: UnixTime) -> ProviderResult<String> {
        let call = self.call(upstream, now);
        let at = match endpoints(upstream) {
            Some(endpoints) => endpoints.authorization.clone(),
            None => call.metadata().await?.authorization_endpoint().to_string(),
        };
        let mut url = Url::parse(&at).map_err(|_| wrong("its authorization endpoint is no URL"))?;
        let description = &upstream.description;
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &description.client_id)
            .append_pair("redirect_uri", asked.redirect_uri)
            .append_pair("state", asked.state)
            .append_pair("code_challenge", asked.challenge)
            .append_pair("code_challenge_method", "S256");
        if !description.scopes.is_empty() {
            query.append_pair("scope", &description.scopes.join(" "));
        }
        if asked.again {
            query.extend_pairs(description.preset.asks_again());
        }
        if description.preset.is_openid() {
            query.append_pair("nonce", asked.nonce);
            if let Some(hint) = asked.login_hint {
                query.append_pair("login_hint", hint);
            }
        }
        drop(query);
        Ok(url.into())
    }

    /// RFC 9207 §2.4: an answer, also one that refuses, is of this provider and no other.
    pub async fn check_issuer(&self, upstream: &Upstream, iss: Option<&str>, now: UnixTime) -> ProviderResult<()> {
        let Some(issuer) = upstream.description.issuer.as_deref() else { return Ok(()) };
        match iss {
            Some(iss) if iss == issuer => Ok(()),
            Some(_) => Err(wrong("the answer is of another issuer")),
            None if self.call(upstream, now).says_issuer().await? => Err(wrong("the answer does not say its issuer")),
            None => Ok(()),
        }
    }

    /// Exchanges a code, and finds out whose it is.
    pub async fn identify(
        &self,
        upstream: &Upstream,
        answered: &Answered<'_>,
        now: UnixTime,
    ) -> ProviderResult<Identity> {
        let call = self.call(upstream, now);
        let said = match endpoints(upstream) {
            Some(endpoints) => call.profile(endpoints, answered).await?,
            None => call.claims(answered).await?,
        };
        Identity::of(&upstream.description, &said).ok_or_else(|| wrong("it does not say who signed in"))
    }

    fn call<'a>(&'a self, upstream: &'a Upstream, now: UnixTime) -> Call<'a> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = match peers.get(&upstream.id) {
            Some(peer) if peer.version == upstream.version => Arc::clone(peer),
            // Another description may name another server.
            _ => {
                let (breaker, known) = (Breaker::new(BREAKER), Mutex::default());
                let peer = Arc::new(Peer { version: upstream.version, breaker, known });
                peers.insert(upstream.id.clone(), Arc::clone(&peer));
                peer
            }
        };
        Call { caller: &self.caller, upstream, peer, now }
    }
}

fn endpoints(upstream: &Upstream) -> Option<&Endpoints> {
    upstream.description.endpoints.as_ref().filter(|_| !upstream.description.preset.is_openid())
}

impl Call<'_> {
    async fn get(&self, url: &str, bearer: Option<&str>) -> ProviderResult<Value> {
        let (status, body) = self.guarded(self.caller.get(url, bearer)).await?;
        if status < 400 && !body.is_null() {
            return Ok(body);
        }
        Err(wrong(&format!("it answers {status} without JSON that says something, or refuses")))
    }

    /// The answer of the token endpoint to a code.
    async fn exchange(&self, endpoint: &str, is_basic: bool, answered: &Answered<'_>) -> ProviderResult<Value> {
        let client_id = self.upstream.description.client_id.as_str();
        let secret = answered.secret.map(Plain::reveal);
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", answered.code),
            ("redirect_uri", answered.redirect_uri),
            ("code_verifier", answered.verifier.reveal()),
        ];
        let basic = secret.filter(|_| is_basic).map(|secret| (client_id, secret));
        if basic.is_none() {
            form.push(("client_id", client_id));
            form.extend(secret.map(|secret| ("client_secret", secret)));
        }
        let (status, body) = self.guarded(self.caller.post(endpoint, basic, &form)).await?;
        // Some refuse with 200.
        match body["error"].as_str() {
            Some(error) => Err(wrong(&format!("it refuses the code: {}", printable(error)))),
            None if status >= 400 => Err(wrong(&format!("it refuses the code with {status}"))),
            None => Ok(body),
        }
    }

    /// Nobody is sent to a server that does not answer.
    async fn guarded(&self, call: impl Future<Output = Result<Said, String>>) -> ProviderResult<Said> {
        if self.peer.breaker.passage(self.now) == Passage::Closed {
            return Err(ProviderError::Away("it did not answer before, and is left alone for a while".to_owned()));
        }
        match call.await {
            Ok(said) => {
                self.peer.breaker.succeeded();
                Ok(said)
            }
            Err(error) => {
                if let Change::Opened(seconds) = self.peer.breaker.failed(self.now) {
                    tracing::warn!(
                        upstream = self.upstream.name,
                        seconds,
                        error,
                        "a provider is left alone for a while"
                    );
                }
                Err(ProviderError::Away(error))
            }
        }
    }
}

/// What the secret of a provider is sealed for.
pub fn sealing(upstream_id: &str) -> String {
    format!("upstream {upstream_id}")
}

fn wrong(about: &str) -> ProviderError {
    ProviderError::Wrong(about.to_owned())
}

/// What others say, fit for a log.
fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(100).collect()
}
