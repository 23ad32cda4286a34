//! TLS (RFC 8446): the certificate and its key, read again when their files change.

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use arc_swap::ArcSwap;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use zeroize::Zeroizing;

/// How often the files are looked at. They are read, not asked for their dates: what replaces them may keep dates.
const LOOK_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not a PEM file of certificates: {source}", path.display())]
    Certificate { path: PathBuf, source: pem::Error },
    #[error("{} is not a PEM file of a private key: {source}", path.display())]
    Key { path: PathBuf, source: pem::Error },
    #[error("the certificate and the key cannot be used together: {0}")]
    Together(#[from] rustls::Error),
}

/// What the two files hold.
struct Files {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: ArcSwap<ServerConfig>,
    first_seen: u64,
}

impl Tls {
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Files::read(certificate, key)?;
        Ok(Self {
            current: ArcSwap::from_pointee(files.parse(certificate, key)?),
            first_seen: files.fingerprint(),
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        })
    }

    /// For one handshake, with the certificate of this moment.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    async fn read(&self) -> Result<Files, TlsError> {
        let (certificate, key) = (self.certificate.clone(), self.key.clone());
        let reading = tokio::task::spawn_blocking(move || Files::read(&certificate, &key)).await;
        reading.unwrap_or_else(|lost| {
            Err(TlsError::Read { path: self.certificate.clone(), source: io::Error::other(lost) })
        })
    }

    fn take(&self, files: Result<Files, TlsError>) {
        match files.and_then(|files| files.parse(&self.certificate, &self.key)) {
            Ok(config) => {
                self.current.store(Arc::new(config));
                tracing::info!("the TLS certificate was replaced");
            }
            Err(error) => tracing::warn!(%error, "the new TLS certificate cannot be used; the old one stays"),
        }
    }
}

/// Takes up new files for as long as the listener serves. A fault is logged once, not at every look.
pub async fn keep_fresh(tls: Option<&Tls>) -> Infallible {
    let Some(tls) = tls else { return std::future::pending().await };
    let mut seen = Some(tls.first_seen);
    loop {
        sleep(LOOK_EVERY).await;
        let files = tls.read().await;
        let fingerprint = files.as_ref().ok().map(Files::fingerprint);
        if fingerprint != seen {
            tls.take(files);
            seen = fingerprint;
        }
    }
}

impl Files {
    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = |path: &Path| fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source });
        Ok(Self { certificate: read(certificate)?, key: Zeroizing::new(read(key)?) })
    }

    /// Tells one pair of files from the next one; it is kept in the place of a copy of the key.
    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.certificate, self.key.as_slice()).hash(&mut hasher);
        hasher.finish()
    }

    fn parse(&self, certificate: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
        let chain = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| TlsError::Certificate { path: certificate.to_owned(), source })?;
        if chain.is_empty() {
            let source = pem::Error::NoItemsFound;
            return Err(TlsError::Certificate { path: certificate.to_owned(), source });
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|source| TlsError::Key { path: key.to_owned(), source })?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}
