//! The listener of the program: TLS, HTTP/2, and those who send too much or too slowly.

use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, KeyPair};
use reqwest::{Certificate, Client, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Home, Server};
use crate::harness::{A_WHILE, Backend, TOKEN, secrets, tell, within};

/// Seconds become one, so that nobody waits long for somebody slow.
async fn hasty() -> Home {
    let home = Home::new(Backend::Embedded).await;
    ["HEADER", "BODY", "IDLE"]
        .iter()
        .fold(home, |home, what| home.with(&format!("COUNTERSIGN_SERVER__{what}_TIMEOUT_SECONDS"), "1"))
}

fn write_certificate(home: &Home) -> CertifiedKey<KeyPair> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = made.signing_key.serialize_pem();
    key.lines().filter(|line| line.len() > 16 && !line.starts_with('-')).for_each(secrets::note);
    home.write("tls.key", &key);
    home.write("tls.pem", &made.cert.pem());
    made
}

/// What somebody gets who trusts this certificate and no other.
async fn ask(home: &Home, certificate: &CertifiedKey<KeyPair>) -> Option<reqwest::Response> {
    let root = Certificate::from_der(certificate.cert.der()).expect("a certificate");
    let client = Client::builder().no_proxy().tls_built_in_root_certs(false).add_root_certificate(root);
    let client = client.timeout(A_WHILE).build().expect("a client");
    client.get(format!("https://localhost:{}/health/live", home.port)).send().await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_speaks_http2_and_takes_up_a_new_certificate() {
    tell(async {
        let home = Home::new(Backend::Embedded).await;
        let first = write_certificate(&home);
        let home =
            home.with("COUNTERSIGN_SERVER__TLS_CERTIFICATE", "tls.pem").with("COUNTERSIGN_SERVER__TLS_KEY", "tls.key");
        let mut server = Server::of(&home, home.spawn(&[], &[]), "https");
        server.is_up().await;
        assert!(server.out().contains(&format!("issuer  https://localhost:{}\n", home.port)), "{}", server.out());
        server.token(&server.first_client()).await;
        let answer = ask(&home, &first).await.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));
        let second = write_certificate(&home);
        within(A_WHILE, "the new certificate is shown", async || ask(&home, &second).await.is_some()).await;
        assert!(ask(&home, &first).await.is_none(), "the old one is not");
        let refused = reqwest::get(format!("http://localhost:{}/health/live", home.port)).await;
        assert!(refused.is_err(), "nothing is answered without TLS");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused() {
    tell(async {
        let home = hasty().await;
        let server = home.start().await;
        let client = server.first_client();
        let large = "x".repeat(65 * 1024);
        let answer = server.post(&client, TOKEN, &[("grant_type", "client_credentials"), ("x", &large)]).await;
        answer.is_refused(413, "invalid_request");
        // The same without a length that gives it away.
        let head = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n";
        let body = format!("400\r\n{}\r\n", "x".repeat(0x400)).repeat(65);
        let (answer, _) = rest(&mut connect(&home, &format!("{head}{body}")).await).await;
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("invalid_request"), "{answer}");
        server.token(&client).await;
    })
    .await;
}

async fn connect(home: &Home, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", home.port)).await.expect("a connection");
    stream.write_all(bytes.as_bytes()).await.expect("bytes can be sent");
    stream
}

/// All that comes until the other side closes, and how long that took.
async fn rest(stream: &mut TcpStream) -> (String, Duration) {
    let (begin, mut bytes) = (Instant::now(), Vec::new());
    // A reset is as good as an end.
    let _ = tokio::time::timeout(A_WHILE, stream.read_to_end(&mut bytes)).await.expect("it is closed");
    (String::from_utf8_lossy(&bytes).into_owned(), begin.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_too_slowly_is_refused() {
    tell(async {
        let home = hasty().await;
        let server = home.start().await;
        let head = "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant_type=";
        let (answer, took) = rest(&mut connect(&home, head).await).await;
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("invalid_request"), "{answer}");
        assert!(took > Duration::from_millis(900), "{took:?}");
        server.token(&server.first_client()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slowloris_loses_its_sockets_while_others_are_served() {
    tell(async {
        let home = hasty().await.with("COUNTERSIGN_SERVER__CONNECTIONS", "40");
        let server = home.start().await;
        let client = server.first_client();
        let mut slow = Vec::new();
        for _ in 0..30 {
            slow.push(connect(&home, "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await);
        }
        let begin = Instant::now();
        let mut open = slow.len();
        while open > 0 {
            assert!(begin.elapsed() < A_WHILE, "{open} are still open");
            server.token(&client).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            open = 0;
            for stream in &mut slow {
                // A byte more of the same header, as long as anybody listens.
                open += usize::from(stream.write_all(b"a").await.is_ok() && !is_closed(stream));
            }
        }
    })
    .await;
}

/// Whether the other side has closed, or answered, which it should not.
fn is_closed(stream: &TcpStream) -> bool {
    let mut byte = [0];
    match stream.try_read(&mut byte) {
        Ok(read) => {
            assert_eq!(read, 0, "nothing is answered to half a head");
            true
        }
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_asks_nothing_is_closed() {
    tell(async {
        let home = hasty().await;
        let _server = home.start().await;
        let mut used = connect(&home, "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        let (answer, took) = rest(&mut used).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(took > Duration::from_millis(900), "{took:?}");
        let (answer, _) = rest(&mut connect(&home, "").await).await;
        assert_eq!(answer, "", "one that never asked");
    })
    .await;
}
