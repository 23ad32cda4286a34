//! The listener: sockets, TLS, HTTP/1.1 (RFC 9112) and HTTP/2 (RFC 9113). An accept loop of our own, so that whoever
//! sends a head too slowly, or nothing at all, loses the connection, and so that the end is an orderly one.

mod activity;
mod connection;
mod sockets;
mod tls;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use poem::{Endpoint, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use self::activity::Limits;
use self::connection::{Phase, Shared};
use self::tls::Tls;
use crate::config;
use crate::observe::Counters;

pub use self::tls::TlsError;

/// How long accepting rests after an error such as too many open files: first, and at most.
const REST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// How often the log says at most that the cap of connections is reached.
const SAY_AGAIN: Duration = Duration::from_mins(1);

#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("cannot listen on {host} port {port}: {source}")]
    Bind { host: String, port: u16, source: io::Error },
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Sockets that are bound and wait to be served.
pub struct Listener {
    sockets: Vec<TcpListener>,
    tls: Option<Arc<Tls>>,
    permits: Arc<Semaphore>,
    limits: Limits,
    shutdown: Duration,
    counters: Counters,
}

impl Listener {
    /// Binds what the settings say: `localhost` is 127.0.0.1 and ::1, port 0 is any free port. Must be called inside
    /// of the runtime.
    pub fn bind(settings: &config::Server, counters: &Counters) -> Result<Self, ListenError> {
        let tls = match (&settings.tls_certificate, &settings.tls_key) {
            (Some(certificate), Some(key)) => Some(Arc::new(Tls::load(certificate, key)?)),
            _ => None,
        };
        let (host, port) = (settings.host.clone(), settings.port);
        let sockets = sockets::bind(&host, port).map_err(|source| ListenError::Bind { host, port, source })?;
        Ok(Self {
            sockets,
            tls,
            permits: Arc::new(Semaphore::new(settings.connections.min(Semaphore::MAX_PERMITS))),
            limits: Limits {
                head: Duration::from_secs(settings.header_timeout_seconds),
                idle: Duration::from_secs(settings.idle_timeout_seconds),
            },
            shutdown: Duration::from_secs(settings.shutdown_seconds),
            counters: counters.clone(),
        })
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect()
    }

    /// Serves until `stop`, then finishes what is under way, for as long as the settings allow.
    pub async fn serve<E>(self, endpoint: Arc<E>, stop: impl Future<Output = ()>)
    where
        E: Endpoint<Output = Response> + 'static,
    {
        let (phase, receiver) = watch::channel(Phase::Serving);
        let shared = Arc::new(Shared::new(endpoint, self.tls.clone(), self.limits));
        tokio::select! {
            biased;
            () = stop => {}
            never = self.accept_all(&shared, &receiver) => match never {},
            never = tls::keep_fresh(self.tls.as_deref()) => match never {},
        }
        drop((self.sockets, receiver));
        phase.send_replace(Phase::Draining);
        // Each connection holds a receiver, so the channel closes with the last one of them.
        if timeout(self.shutdown, phase.closed()).await.is_err() {
            tracing::warn!(connections = phase.receiver_count(), "cut off what did not finish in time");
            phase.send_replace(Phase::Over);
        }
    }

    async fn accept_all<E>(&self, shared: &Arc<Shared<E>>, phase: &watch::Receiver<Phase>) -> Infallible
    where
        E: Endpoint<Output = Response> + 'static,
    {
        let (mut turn, mut said) = (0, None);
        loop {
            let permit = self.permit(&mut said).await;
            let (stream, peer) = self.accept(&mut turn).await;
            let (shared, phase, open) = (Arc::clone(shared), phase.clone(), self.counters.connection_opened());
            tokio::spawn(async move {
                connection::serve(shared, stream, peer, phase).await;
                drop((permit, open));
            });
        }
    }

    /// Waits for a place under the cap. Who comes meanwhile waits in the system's queue.
    async fn permit(&self, said: &mut Option<Instant>) -> OwnedSemaphorePermit {
        let silent = said.is_none_or(|said| said.elapsed() > SAY_AGAIN);
        if silent && self.permits.available_permits() == 0 {
            tracing::warn!("as many connections are open as server.connections allows; others wait");
            *said = Some(Instant::now());
        }
        match Arc::clone(&self.permits).acquire_owned().await {
            Ok(permit) => permit,
            // Nobody closes this semaphore.
            Err(_) => std::future::pending().await,
        }
    }

    async fn accept(&self, turn: &mut usize) -> (TcpStream, SocketAddr) {
        let (mut rest, longest) = REST;
        loop {
            match sockets::accept(&self.sockets, turn).await {
                Ok(accepted) => return accepted,
                Err(error) if sockets::is_about_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections; trying again");
                    sleep(rest).await;
                    rest = (rest * 2).min(longest);
                }
            }
        }
    }
}
