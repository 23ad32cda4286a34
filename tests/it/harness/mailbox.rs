//! A real SMTP server, for one story: aiosmtpd, which shows every letter that it takes.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign::config::{Config, Encryption, Sender};
use countersign::secret::Setting;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use super::{A_WHILE, given, secrets, within};

const USER: &str = "the-server";
const PASSWORD: &str = "only the server knows this";
pub const SENDER: &str = "id@example.com";

/// How it treats those who come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Take,
    /// This recipient never.
    Refuse,
    /// Not now.
    Postpone,
    /// This sender never.
    Reject,
    /// It takes a letter, and hangs up before it says so.
    Lose,
}

/// A letter as it arrived.
#[derive(Clone, Debug, Deserialize)]
pub struct Received {
    pub to: Vec<String>,
    pub sender: String,
    headers: Vec<(String, String)>,
    pub text: String,
    pub html: String,
    pub encrypted: bool,
    pub authenticated: bool,
}

impl Received {
    /// The header that is there once.
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let header = found.next().unwrap_or_else(|| panic!("{name}: {self:?}"));
        assert!(found.next().is_none(), "{name} is there once: {self:?}");
        &header.1
    }

    pub fn subject(&self) -> &str {
        self.header("subject")
    }

    /// The link that the reader is to follow; it is in both parts.
    pub fn link(&self) -> String {
        let link = self.text.split_whitespace().find(|word| word.starts_with("http"));
        let link = link.unwrap_or_else(|| panic!("a link: {}", self.text));
        assert!(self.html.contains(&format!("href=\"{}\"", link.replace('&', "&amp;"))), "{link}: {}", self.html);
        link.to_owned()
    }
}

pub struct Mailbox {
    port: u16,
    encryption: Encryption,
    folder: TempDir,
    running: Option<Child>,
    letters: Arc<Mutex<Vec<Received>>>,
}

impl Mailbox {
    /// With STARTTLS, and for those who sign in.
    pub async fn start() -> Self {
        Self::start_with(Encryption::StartTls).await
    }

    pub async fn start_with(encryption: Encryption) -> Self {
        secrets::note(PASSWORD);
        let folder = tempfile::tempdir().expect("a folder");
        certify(&folder);
        let mut mailbox = Self { port: free_port(), encryption, folder, running: None, letters: Arc::default() };
        mailbox.start_again(Manner::Take).await;
        mailbox
    }

    /// One that takes letters in the clear, from anybody.
    pub async fn open_to_all() -> Self {
        Self::start_with(Encryption::None).await
    }

    /// On the same port, with what it had before.
    pub async fn start_again(&mut self, manner: Manner) {
        self.stop();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/harness/mailbox.py");
        let manner = format!("{manner:?}").to_lowercase();
        let mut child = Command::new(given("COUNTERSIGN_TEST_PYTHON"))
            .args([script, &self.port.to_string(), &manner])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the SMTP server starts");
        let mut like = json!({"encryption": match self.encryption {
            Encryption::StartTls | Encryption::Auto => "starttls",
            Encryption::Tls => "tls",
            Encryption::None => "none",
        }});
        if self.encryption != Encryption::None {
            like["certificate"] = json!(self.folder.path().join("server.pem"));
            like["key"] = json!(self.folder.path().join("server.key"));
            like["user"] = json!(USER);
            like["password"] = json!(PASSWORD);
        }
        writeln!(child.stdin.take().expect("its input"), "{like}").expect("it reads");
        let (out, letters) = (child.stdout.take().expect("its output"), Arc::clone(&self.letters));
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let letter = serde_json::from_str(&line).expect("a letter");
                letters.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
            }
        });
        self.running = Some(child);
        within(A_WHILE, "the SMTP server listens", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()
        })
        .await;
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().expect("it can be stopped");
            child.wait().expect("it has ended");
        }
    }

    /// It keeps its connections, takes new ones, and says nothing.
    pub fn hang(&self) {
        self.signal("-STOP");
    }

    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.running.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().expect("kill").success());
    }

    /// Sends the mail of a server here.
    pub fn serves(&self, config: &mut Config) {
        let mail = &mut config.mail;
        mail.host = Some("localhost".to_owned());
        mail.port = Some(self.port);
        mail.sender = Some(Sender { name: Some("Example ID".to_owned()), address: SENDER.to_owned() });
        mail.encryption = self.encryption;
        mail.timeout_seconds = 2;
        if self.encryption != Encryption::None {
            mail.user = Some(USER.to_owned());
            mail.password = Some(Setting::new(PASSWORD));
            mail.tls_ca = Some(self.folder.path().join("ca.pem"));
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything that it ever took.
    pub fn letters(&self) -> Vec<Received> {
        self.lock().clone()
    }

    pub fn letters_to(&self, address: &str) -> Vec<Received> {
        self.letters().into_iter().filter(|letter| letter.to == [address]).collect()
    }

    /// Waits for the one letter to an address.
    pub async fn letter_to(&self, address: &str) -> Received {
        within(A_WHILE, "the letter arrives", async || !self.letters_to(address).is_empty()).await;
        let mut letters = self.letters_to(address);
        assert_eq!(letters.len(), 1, "{letters:?}");
        letters.remove(0)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Received>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An authority, and a certificate for localhost that it vouches for.
fn certify(folder: &TempDir) {
    let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(parameters, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    let server = server.signed_by(&key, &authority).expect("a certificate");
    for (name, pem) in [("ca.pem", authority.pem()), ("server.pem", server.pem()), ("server.key", key.serialize_pem())]
    {
        std::fs::write(folder.path().join(name), pem).expect("a file");
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
