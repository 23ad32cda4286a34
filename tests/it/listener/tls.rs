//! TLS: HTTP/2 and HTTP/1.1 by ALPN, a certificate that is replaced while the server runs.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Served, settings, within};
use countersign::config::Server;
use countersign::http::listener::Listener;
use countersign::observe::Counters;
use countersign::time::UnixTime;
use rcgen::{CertifiedKey, KeyPair};
use reqwest::{Certificate, Client, ClientBuilder};
use tempfile::TempDir;
use tokio::time::sleep;

/// A folder with a certificate for localhost and its key.
struct Files {
    folder: TempDir,
    certificate: CertifiedKey<KeyPair>,
}

impl Files {
    fn make() -> Self {
        let files = Self { folder: tempfile::tempdir().expect("a folder"), certificate: certificate() };
        files.write(&files.certificate);
        files
    }

    fn write(&self, certificate: &CertifiedKey<KeyPair>) {
        fs::write(self.path("key.pem"), certificate.signing_key.serialize_pem()).expect("written");
        fs::write(self.path("cert.pem"), certificate.cert.pem()).expect("written");
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        Path::new(self.folder.path()).join(name)
    }

    fn settings(&self) -> Server {
        let (certificate, key) = (Some(self.path("cert.pem")), Some(self.path("key.pem")));
        Server { tls_certificate: certificate, tls_key: key, ..settings() }
    }
}

fn certificate() -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate")
}

/// A client that trusts one certificate and no other, on a connection of its own.
fn trusting(certificate: &CertifiedKey<KeyPair>) -> ClientBuilder {
    let root = Certificate::from_der(certificate.cert.der()).expect("a certificate");
    Client::builder().tls_built_in_root_certs(false).add_root_certificate(root)
}

fn url(served: &Served) -> String {
    format!("https://localhost:{}/hello", served.addresses[0].port())
}

async fn reaches(served: &Served, certificate: &CertifiedKey<KeyPair>) -> bool {
    let client = trusting(certificate).build().expect("a client");
    within(5, client.get(url(served)).send()).await.is_ok_and(|answer| answer.status() == 200)
}

#[tokio::test(flavor = "multi_thread")]
async fn alpn_chooses_http2_and_http1_where_the_client_has_no_other() {
    let files = Files::make();
    let served = Served::start(&files.settings());
    for (client, version) in [
        (trusting(&files.certificate), reqwest::Version::HTTP_2),
        (trusting(&files.certificate).http1_only(), reqwest::Version::HTTP_11),
    ] {
        let client = client.build().expect("a client");
        let answer = within(5, client.get(url(&served)).send()).await.expect("an answer");
        assert_eq!(answer.version(), version);
        assert_eq!(answer.text().await.expect("a body"), "hello");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_taken_up_and_a_broken_one_is_not() {
    let files = Files::make();
    let served = Served::start(&files.settings());
    let second = certificate();
    assert!(reaches(&served, &files.certificate).await && !reaches(&served, &second).await);

    files.write(&second);
    let replaced = async {
        while !reaches(&served, &second).await {
            sleep(Duration::from_millis(200)).await;
        }
    };
    within(10, replaced).await;
    assert!(!reaches(&served, &files.certificate).await);

    for broken in ["", "not a certificate", &files.certificate.cert.pem()] {
        fs::write(files.path("cert.pem"), broken).expect("written");
        sleep(Duration::from_millis(2_500)).await;
        assert!(reaches(&served, &second).await, "the old certificate stays");
    }
    fs::remove_file(files.path("cert.pem")).expect("removed");
    sleep(Duration::from_millis(2_500)).await;
    assert!(reaches(&served, &second).await, "the old certificate stays");

    files.write(&files.certificate);
    let mended = async {
        while !reaches(&served, &files.certificate).await {
            sleep(Duration::from_millis(200)).await;
        }
    };
    within(10, mended).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_does_not_come_loses_its_socket() {
    let files = Files::make();
    let served = Served::start(&Server { header_timeout_seconds: 1, ..files.settings() });
    let begin = Instant::now();
    served.connect().await.closed().await;
    assert!((900..3_000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_refused_at_the_start_and_named() {
    let files = Files::make();
    let refused = |says: &str| {
        let counters = Counters::new(UnixTime::from_seconds(0));
        let error = Listener::bind(&files.settings(), &counters).err().expect("refused").to_string();
        assert!(error.contains(says), "{error}");
    };
    fs::write(files.path("key.pem"), certificate().signing_key.serialize_pem()).expect("written");
    refused("cannot be used together");
    fs::write(files.path("key.pem"), "no key").expect("written");
    refused("key.pem is not a PEM file of a private key");
    fs::write(files.path("cert.pem"), "no certificate").expect("written");
    refused("cert.pem is not a PEM file of certificates");
    fs::remove_file(files.path("cert.pem")).expect("removed");
    refused("cannot read");
}
