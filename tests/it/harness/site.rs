//! A client's own web site, on an origin of its own: it serves the pages that a story puts there, and keeps the forms that come.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone)]
pub struct Site {
    port: u16,
    /// By their paths.
    files: Arc<Mutex<BTreeMap<String, File>>>,
    /// The last one that each path was sent.
    forms: Arc<Mutex<BTreeMap<String, Form>>>,
}

type Form = BTreeMap<String, String>;

#[derive(Clone)]
struct File {
    kind: &'static str,
    text: String,
}

impl Site {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let site = Self { port, files: Arc::default(), forms: Arc::default() };
        let of_all = site.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(of_all.clone().answers(stream));
            }
        });
        site
    }

    pub fn shows(&self, path: &str, kind: &'static str, text: impl Into<String>) {
        let file = File { kind, text: text.into() };
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), file);
    }

    /// The form that came last to this path.
    pub fn taken(&self, path: &str) -> Form {
        let forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        forms.get(path).unwrap_or_else(|| panic!("nothing came to {path}")).clone()
    }

    /// Known by the same name as the server, so that the two are one site to a browser, though not one origin.
    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    async fn answers(self, mut stream: TcpStream) -> Option<()> {
        let mut bytes = Vec::new();
        let body = loop {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..body]).into_owned();
        let path = head.split(' ').nth(1)?.split('?').next()?;
        let length = head
            .to_lowercase()
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
        if let Some(length) = length {
            while bytes.len() < body + length {
                if stream.read_buf(&mut bytes).await.ok()? == 0 {
                    return None;
                }
            }
            let form = url::form_urlencoded::parse(&bytes[body..]).into_owned().collect();
            self.forms.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), form);
        }
        let found = self.files.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        let (status, File { kind, text }) = match found {
            Some(file) => ("200 OK", file),
            None => ("404 Not Found", File { kind: "text/plain", text: String::new() }),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            text.len()
        );
        stream.write_all(format!("{head}{text}").as_bytes()).await.ok()
    }
}
