//! The settings of the listener.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::read::rule::{List, Optional, network, path, text, whole};
use super::read::section;

section! {
    /// Where the server listens, and for how long it waits.
    "server" => Server {
        /// The address to listen on; `localhost` is 127.0.0.1 and ::1, `0.0.0.0` and `::` are all of this machine's.
        host: String = "localhost".to_owned(), text("a host name or an IP address", is_host), "HOST";
        /// The port to listen on; 0 takes a free one.
        port: u16 = 8080, whole(0..=u16::MAX), "PORT";
        /// A PEM file with the certificate chain; with it the server speaks TLS. A changed file is read again.
        tls_certificate: Option<PathBuf> = None, Optional(path());
        /// A PEM file with the private key of the certificate.
        tls_key: Option<PathBuf> = None, Optional(path());
        /// The proxies whose `Forwarded` and `X-Forwarded-For` are believed.
        trusted_proxies: Vec<IpNet> = Vec::new(), List(network());
        /// The origins whose scripts may call the token endpoint, revocation and `/api/v1`, such as https://app.example.com.
        cors_origins: Vec<String> = Vec::new(), List(text("an origin: scheme, host, and port where it is not the usual one", is_origin)), "CORS_ORIGINS", "ALLOWED_ORIGINS";
        /// How long a client may take to send the headers of a request.
        header_timeout_seconds: u64 = 10, whole(1..=300);
        /// How long a client may take to send the body of a request.
        body_timeout_seconds: u64 = 10, whole(1..=300);
        /// How long a connection without a request stays open.
        idle_timeout_seconds: u64 = 75, whole(1..=3_600);
        /// How many connections are open at once; more wait.
        connections: usize = 10_000, whole(1..=1_000_000);
        /// How long `/health/ready` says 503 after SIGTERM before the listener closes.
        drain_seconds: u64 = 5, whole(0..=300);
        /// How long requests under way may take after the listener has closed.
        shutdown_seconds: u64 = 20, whole(0..=3_600);
        /// How many threads answer requests. Without it: one per core.
        workers: Option<usize> = None, Optional(whole(1..=1_024));
    }
}

impl Server {
    /// Whether only this machine can connect.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }

    /// The key that is wrong beside another one, and why.
    pub(super) fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        match (&self.tls_certificate, &self.tls_key) {
            (Some(_), None) => Some(("server.tls_certificate", "needs server.tls_key: set both or none")),
            (None, Some(_)) => Some(("server.tls_key", "needs server.tls_certificate: set both or none")),
            _ => None,
        }
    }
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    text.parse::<IpAddr>().is_ok() || (text.len() <= 253 && text.split('.').all(label))
}

/// As a browser writes it in `Origin`: nothing behind the host, no usual port, small letters.
fn is_origin(text: &str) -> bool {
    url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text)
}
