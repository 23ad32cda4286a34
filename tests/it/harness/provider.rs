//! A provider that people sign in with, which says what a story wants: no server of ours.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Node;

/// What came, in lower case but for the form.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub head: String,
    pub form: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
enum Says {
    Json(u16, Value),
    Nothing,
}

#[derive(Clone)]
pub struct Provider {
    port: u16,
    says: Arc<Mutex<BTreeMap<String, Says>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Provider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let provider = Self { port, says: Arc::default(), asked: Arc::default() };
        let of_all = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(of_all.clone().answers(stream));
            }
        });
        provider
    }

    /// One of OpenID Connect that publishes the keys of a node, whose tokens a story can make.
    pub async fn of_keys(node: &Node) -> Self {
        let provider = Self::start().await;
        let keys = node.get("/.well-known/jwks.json").await.json();
        provider.says("/keys", 200, &keys);
        provider.says("/.well-known/openid-configuration", 200, &provider.metadata());
        provider
    }

    pub fn metadata(&self) -> Value {
        json!({
            "issuer": self.url(""), "authorization_endpoint": self.url("/authorize"),
            "token_endpoint": self.url("/token"), "jwks_uri": self.url("/keys"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        })
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn says(&self, path: &str, status: u16, body: &Value) {
        self.set(path, Says::Json(status, body.clone()));
    }

    /// Takes the question, and never answers.
    pub fn is_silent(&self, path: &str) {
        self.set(path, Says::Nothing);
    }

    fn set(&self, path: &str, says: Says) {
        self.says.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), says);
    }

    pub fn asked_at(&self, path: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|each| each.path == path).cloned().collect()
    }

    async fn answers(self, mut stream: TcpStream) -> Option<()> {
        let mut bytes = Vec::new();
        let head_end = loop {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
        let path = head.split(' ').nth(1)?.split('?').next()?.to_owned();
        let head = head.to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        while bytes.len() < head_end + length.unwrap_or(0_usize) {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        let form = url::form_urlencoded::parse(&bytes[head_end..]).into_owned().collect();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(Asked { path: path.clone(), head, form });
        let says = self.says.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
        let (status, body) = match says {
            Some(Says::Json(status, body)) => (status, body.to_string()),
            Some(Says::Nothing) => std::future::pending().await,
            None => (404, String::new()),
        };
        let kind = "content-type: application/json\r\nconnection: close\r\n";
        let answer = format!("HTTP/1.1 {status} So\r\n{kind}content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.ok()
    }
}
