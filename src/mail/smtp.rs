//! An SMTP server: a few connections that are kept, each led to the end of what it began or closed. lettre speaks; the pool
//! is not its own, because that one takes back connections on which an answer is still outstanding.

use std::error::Error as _;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, TimeoutType};
use lettre::Message;
use lettre::address::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail as From, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::{Category, Severity};
use tokio_rustls::rustls;

use super::{MailError, Reason, Undelivered};
use crate::config::{Encryption, Mail as Settings};

/// SMTP servers hang up on those who are silent for a few minutes.
const IDLE: Duration = Duration::from_secs(30);
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

pub struct Smtp {
    pool: Pool<Server>,
    patience: Duration,
}

struct Server {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    patience: Duration,
}

enum Security {
    StartTls(TlsParameters),
    Tls(TlsParameters),
    None,
}

impl Smtp {
    /// `own_host` is what this server calls itself.
    pub fn open(host: &str, settings: &Settings, own_host: &str) -> Result<Self, MailError> {
        let (port, encryption) = settings.security();
        let tls = || tls(host, settings.tls_ca.as_deref());
        let security = match encryption {
            Encryption::StartTls | Encryption::Auto => Security::StartTls(tls()?),
            Encryption::Tls => Security::Tls(tls()?),
            Encryption::None => Security::None,
        };
        let credentials = settings.user.clone().zip(settings.password.as_ref());
        let patience = Duration::from_secs(settings.timeout_seconds);
        let server = Server {
            host: host.to_owned(),
            port,
            security,
            credentials: credentials.map(|(user, password)| Credentials::new(user, password.reveal().to_owned())),
            hello: hello(own_host),
            patience,
        };
        let pool = Pool::builder(server)
            .max_size(settings.connections)
            .wait_timeout(Some(patience))
            .create_timeout(Some(patience))
            .recycle_timeout(Some(Duration::from_secs(2)))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| MailError(error.to_string()))?;
        Ok(Self { pool, patience })
    }

    pub fn name(&self) -> String {
        let Server { host, port, security, .. } = self.pool.manager();
        let how = match security {
            Security::StartTls(_) => "with STARTTLS",
            Security::Tls(_) => "over TLS",
            Security::None => "in the clear",
        };
        format!("mail goes to {host}:{port} {how}")
    }

    pub async fn send(&self, message: &Message) -> Result<(), Undelivered> {
        let mut connection = self.pool.get().await.map_err(unavailable)?;
        let told = tokio::time::timeout(self.patience, converse(&mut connection, message)).await;
        let undelivered = match told {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(undelivered)) => undelivered,
            Err(_) => Undelivered::new(Reason::TimedOut, "it did not take the letter in time".to_owned()),
        };
        // Nobody knows what the server still has to say on this connection.
        drop(Object::take(connection));
        Err(undelivered)
    }

    pub async fn probe(&self) -> Result<(), Undelivered> {
        self.pool.get().await.map(drop).map_err(unavailable)
    }

    pub fn close_idle(&self) {
        let idle = self.pool.retain(|_, metrics| metrics.last_used() < IDLE).removed;
        for mut connection in idle {
            let patience = self.patience;
            tokio::spawn(async move {
                // Taking leave is polite; a server that does not answer has left already.
                let _ = tokio::time::timeout(patience, connection.quit()).await;
            });
        }
    }
}

impl Manager for Server {
    type Type = AsyncSmtpConnection;
    type Error = Undelivered;

    async fn create(&self) -> Result<AsyncSmtpConnection, Undelivered> {
        let from_the_start = match &self.security {
            Security::Tls(parameters) => Some(parameters.clone()),
            Security::StartTls(_) | Security::None => None,
        };
        let address = (self.host.as_str(), self.port);
        let connected =
            AsyncSmtpConnection::connect_tokio1(address, Some(self.patience), &self.hello, from_the_start, None);
        let mut connection = connected.await.map_err(|error| of_connection(&error, Reason::Unreachable))?;
        if let Security::StartTls(parameters) = &self.security {
            // A server that does not offer it is refused: somebody on the way may have taken the offer out.
            let upgraded = connection.starttls(parameters.clone(), &self.hello).await;
            upgraded.map_err(|error| of_connection(&error, Reason::Tls))?;
        }
        if let Some(credentials) = &self.credentials {
            let proven = connection.auth(&MECHANISMS, credentials).await;
            proven.map_err(|error| of_connection(&error, Reason::Authentication))?;
        }
        Ok(connection)
    }

    async fn recycle(&self, connection: &mut AsyncSmtpConnection, metrics: &Metrics) -> RecycleResult<Undelivered> {
        if connection.has_broken() || metrics.last_used() >= IDLE || !connection.test_connected().await {
            return Err(RecycleError::message("it was closed"));
        }
        Ok(())
    }
}

/// One letter, up to the server's word that it has it.
async fn converse(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Undelivered> {
    let envelope = message.envelope();
    let mut parameters = Vec::new();
    if envelope.to().iter().chain(envelope.from()).any(|address| !is_ascii(address)) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            let about = "the SMTP server takes ASCII addresses only".to_owned();
            return Err(Undelivered::new(Reason::BadAddress, about));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    let of = |reason| move |error: Error| refused(&error, reason);
    connection.command(From::new(envelope.from().cloned(), parameters)).await.map_err(of(Reason::SenderRefused))?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(of(Reason::Refused))?;
    }
    connection.command(Data).await.map_err(of(Reason::Refused))?;
    connection.message(&message.formatted()).await.map_err(of(Reason::Refused))?;
    Ok(())
}

fn is_ascii(address: &Address) -> bool {
    AsRef::<str>::as_ref(address).is_ascii()
}

/// What an answer to a letter means. `permanent` is what a permanent no means at this point.
fn refused(error: &Error, permanent: Reason) -> Undelivered {
    let reason = match error.status() {
        None => Reason::Unreachable,
        Some(code)
            if code.severity == Severity::TransientNegativeCompletion && code.category != Category::Connections =>
        {
            Reason::Postponed
        }
        Some(code) if code.severity == Severity::TransientNegativeCompletion => Reason::Unreachable,
        // RFC 3463 §3.8: it is about who sends, not about who receives.
        Some(_) if error.to_string().contains(": 5.7.") => Reason::SenderRefused,
        Some(_) => permanent,
    };
    Undelivered::new(reason, error.to_string())
}

/// What went wrong before a letter could be spoken of; `usual` is what it means without further evidence.
fn of_connection(error: &Error, usual: Reason) -> Undelivered {
    let reason = match (is_of_tls(error), error.is_timeout()) {
        (true, _) => Reason::Tls,
        (_, true) => Reason::TimedOut,
        _ => usual,
    };
    Undelivered::new(reason, error.to_string())
}

/// lettre calls a handshake that failed a connection that failed.
fn is_of_tls(error: &Error) -> bool {
    let mut source = error.source();
    let mut found = error.is_tls();
    while let Some(error) = source {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        found |= inner.is_some_and(|inner| inner.is::<rustls::Error>());
        source = error.source();
    }
    found
}

fn unavailable(error: PoolError<Undelivered>) -> Undelivered {
    match error {
        PoolError::Backend(undelivered) => undelivered,
        PoolError::Timeout(TimeoutType::Create) => {
            Undelivered::new(Reason::TimedOut, "it did not let this server in in time".to_owned())
        }
        error => Undelivered::new(Reason::Unreachable, error.to_string()),
    }
}

/// Trusts the authorities in `ca`, or the system's; as `tls::client`, in the words of lettre.
fn tls(host: &str, ca: Option<&Path>) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParametersBuilder::new(host.to_owned());
    if let Some(path) = ca {
        let about = |error: &dyn std::fmt::Display| MailError(format!("mail.tls_ca: {}: {error}", path.display()));
        let pem = fs::read(path).map_err(|error: io::Error| about(&error))?;
        let certificates = Certificate::from_pem(&pem).map_err(|error| about(&error))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificates);
    }
    builder.build().map_err(|error| MailError(error.to_string()))
}

fn hello(host: &str) -> ClientId {
    match host.trim_matches(['[', ']']).parse() {
        Ok(std::net::IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(std::net::IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(host.to_owned()),
    }
}
