//! HTTP/1.1 as a load generator speaks it: requests written beforehand, one keep-alive connection, no copies.

use std::io::ErrorKind;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::net::TcpStream;

use crate::fault::{Fault, Result};

pub struct Answer<'a> {
    pub status: u16,
    head: &'a [u8],
    pub body: &'a [u8],
}

impl Answer<'_> {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = std::str::from_utf8(self.head).ok()?.lines();
        let mut headers = lines.filter_map(|line| line.split_once(':'));
        headers.find(|(each, _)| each.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// For people: the status and the beginning of the body.
    pub fn describe(&self) -> String {
        let beginning = &self.body[..self.body.len().min(300)];
        format!("{} {}", self.status, String::from_utf8_lossy(beginning))
    }
}

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 16 * 1024] })
    }

    /// Sends one request and waits for the whole answer to it. A connection that breaks is a wrong answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        let broken = |error: std::io::Error| Fault::WrongAnswer(format!("the connection broke: {error}"));
        self.send(request).await.map_err(broken)?;
        let mut filled = 0;
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(filled * 2, 0);
            }
            self.stream.readable().await.map_err(broken)?;
            match self.stream.try_read(&mut self.buffer[filled..]) {
                Ok(0) => return Err(broken(ErrorKind::UnexpectedEof.into())),
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => return Err(broken(error)),
            }
            if let Some(head) = Head::of_whole(&self.buffer[..filled])? {
                let (start, body) = self.buffer[..filled].split_at(head.length);
                return Ok(Answer { status: head.status, head: start, body });
            }
        }
    }

    async fn send(&mut self, mut request: &[u8]) -> std::io::Result<()> {
        while !request.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(request) {
                Ok(written) => request = &request[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

struct Head {
    status: u16,
    length: usize,
}

impl Head {
    /// The head of an answer that is there to its last byte; nothing while more has to come.
    fn of_whole(bytes: &[u8]) -> Result<Option<Self>> {
        let wrong = |why: &str| Fault::WrongAnswer(format!("{why}: {}", String::from_utf8_lossy(bytes)));
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(bytes).map_err(|error| wrong(&format!("not HTTP ({error})")))?;
        let (httparse::Status::Complete(length), Some(status)) = (parsed, response.code) else { return Ok(None) };
        let body: usize = response
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case("content-length"))
            .and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok())
            .ok_or_else(|| wrong("no Content-Length"))?;
        match bytes.len().cmp(&(length + body)) {
            std::cmp::Ordering::Less => Ok(None),
            std::cmp::Ordering::Equal => Ok(Some(Self { status, length })),
            std::cmp::Ordering::Greater => Err(wrong("more than was asked for")),
        }
    }
}

pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n").into_bytes()
}

/// The same of a browser that has been here before.
pub fn get_with_cookie(path: &str, cookie: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nCookie: {cookie}\r\n\r\n").into_bytes()
}

pub fn post(path: &str, authorization: &str, form: &str) -> Vec<u8> {
    let (kind, length) = ("application/x-www-form-urlencoded", form.len());
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nAuthorization: {authorization}\r\n\
         Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{form}"
    )
    .into_bytes()
}

/// `Authorization` for a client with a secret, both form-encoded first as RFC 6749 section 2.3.1 says.
pub fn basic(client_id: &str, client_secret: &str) -> String {
    let [id, secret] = [client_id, client_secret]
        .map(|part| url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>());
    format!("Basic {}", BASE64.encode(format!("{id}:{secret}")))
}
