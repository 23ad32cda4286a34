//! A client's own server: it takes what it is sent, keeps what others fetch, answers as a story says, and shows what came.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Call {
    pub line: String,
    pub head: String,
    pub form: BTreeMap<String, String>,
}

#[derive(Clone)]
pub struct Receiver {
    port: u16,
    calls: Arc<Mutex<Vec<Call>>>,
    /// 0 is no answer at all.
    status: Arc<AtomicU16>,
    /// Milliseconds until it answers.
    late: Arc<AtomicU16>,
    /// What is kept there, by path: headers and a body.
    documents: Arc<Mutex<BTreeMap<String, (String, String)>>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let status = Arc::new(AtomicU16::new(200));
        let receiver = Self { port, calls: Arc::default(), status, late: Arc::default(), documents: Arc::default() };
        let of_all = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(of_all.clone().serves(stream));
            }
        });
        receiver
    }

    async fn serves(self, mut stream: TcpStream) -> Option<()> {
        let mut bytes = Vec::new();
        let head_end = loop {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..head_end]).to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        let length: usize = length.unwrap_or(0);
        while bytes.len() < head_end + length {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        let form = url::form_urlencoded::parse(&bytes[head_end..]).into_owned().collect();
        let line = head.lines().next()?.to_owned();
        let document = self.document(line.split(' ').nth(1)?);
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(Call { line, head, form });
        let status = self.status.load(Ordering::Relaxed);
        if status == 0 {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(self.late.load(Ordering::Relaxed).into())).await;
        let elsewhere = format!("location: http://127.0.0.1:{}/elsewhere\r\n", self.port);
        let (headers, body) = document.filter(|_| status == 200).unwrap_or_default();
        let answer = format!(
            "HTTP/1.1 {status} So\r\n{elsewhere}{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.ok()
    }

    fn document(&self, path: &str) -> Option<(String, String)> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// Keeps a document there, to be had with these headers, each with its line's end.
    pub fn keeps(&self, path: &str, headers: &str, document: impl ToString) {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        documents.insert(path.to_owned(), (headers.to_owned(), document.to_string()));
    }

    /// What came so far is of no interest any more.
    pub fn forgets(&self) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub fn answers(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// From now on each answer takes so long.
    pub fn takes(&self, milliseconds: u16) {
        self.late.store(milliseconds, Ordering::Relaxed);
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything that came to this path.
    pub fn calls_to(&self, path: &str) -> Vec<Call> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().filter(|call| call.line.split(' ').nth(1) == Some(path)).cloned().collect()
    }
}
