//! Requests byte by byte, for what no well-behaved client sends.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Answer, Node};

/// Sends bytes and reads one answer, while the sending side stays open.
pub async fn send(node: &Node, bytes: &[u8]) -> Answer {
    timeout(Duration::from_secs(20), exchange(node, bytes)).await.expect("an answer in time")
}

async fn exchange(node: &Node, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(node.address()).await.expect("a connection");
    stream.write_all(bytes).await.expect("bytes can be sent");
    let mut read = Vec::new();
    loop {
        if let Some(answer) = parse(&read) {
            return answer;
        }
        let more = stream.read_buf(&mut read).await.expect("an answer");
        assert!(more > 0, "closed after {:?}", String::from_utf8_lossy(&read));
    }
}

/// The answer, once all of it is there.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes).expect("HTTP") else { return None };
    let headers: HeaderMap = response.headers.iter().map(|header| owned(header)).collect();
    let length: usize =
        headers.get("content-length").expect("a length").to_str().expect("text").parse().expect("a number");
    let body = bytes.get(head..head + length)?;
    let body = String::from_utf8(body.to_vec()).expect("text");
    Some(Answer::new(response.code.expect("a status"), headers, body))
}

fn owned(header: &httparse::Header<'_>) -> (HeaderName, HeaderValue) {
    let name = HeaderName::from_bytes(header.name.as_bytes()).expect("a name");
    (name, HeaderValue::from_bytes(header.value).expect("a value"))
}
