//! A client's own server: it takes what it is sent, answers as a story says, and shows what came.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let receiver = Self { port, calls: Arc::default(), status: Arc::new(AtomicU16::new(200)) };
        let of_all = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(of_all.clone().takes(stream));
            }
        });
        receiver
    }

    async fn takes(self, mut stream: TcpStream) -> Option<()> {
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
        let length = head.split("content-length: ").nth(1)?.split("\r\n").next()?.parse::<usize>().ok()?;
        while bytes.len() < head_end + length {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        let form = url::form_urlencoded::parse(&bytes[head_end..]).into_owned().collect();
        let line = head.lines().next()?.to_owned();
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(Call { line, head, form });
        let status = self.status.load(Ordering::Relaxed);
        if status == 0 {
            std::future::pending::<()>().await;
        }
        let elsewhere = format!("location: http://127.0.0.1:{}/elsewhere\r\n", self.port);
        let answer = format!("HTTP/1.1 {status} So\r\n{elsewhere}content-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.ok()
    }

    pub fn answers(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
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
