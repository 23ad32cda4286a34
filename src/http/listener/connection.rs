//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Version};
use http_body_util::combinators::BoxBody;
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, Endpoint, RequestParts, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::activity::{Activity, Limits, Verdict, Watched};
use super::tls::Tls;

/// The largest head of a request, and the most that is read ahead of a slow handler.
const HEAD_BYTES: usize = 64 * 1024;
const STREAMS: u32 = 100;
/// How many streams a client may open and reset before the connection is closed (the "rapid reset" attack).
const RESETS: usize = 20;

/// What the listener is up to; every connection follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Serving,
    /// Finish what is under way and take nothing new.
    Draining,
    /// Close, whatever is under way.
    Over,
}

/// What all connections share.
pub struct Shared<E> {
    endpoint: Arc<E>,
    http: auto::Builder<TokioExecutor>,
    tls: Option<Arc<Tls>>,
    limits: Limits,
}

impl<E> Shared<E> {
    pub fn new(endpoint: Arc<E>, tls: Option<Arc<Tls>>, limits: Limits) -> Self {
        let mut http = auto::Builder::new(TokioExecutor::new());
        // No timer for heads: `supervise` knows more, because it tells a slow head from an idle connection.
        http.http1().max_buf_size(HEAD_BYTES).header_read_timeout(None);
        http.http2()
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
            .max_pending_accept_reset_streams(RESETS);
        Self { endpoint, http, tls, limits }
    }
}

/// Serves a connection until it closes.
pub async fn serve<E>(shared: Arc<Shared<E>>, stream: TcpStream, peer: SocketAddr, mut phase: watch::Receiver<Phase>)
where
    E: Endpoint<Output = Response> + 'static,
{
    // Answers are written in one piece; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let Ok(local) = stream.local_addr() else { return };
    let Some(tls) = &shared.tls else {
        return serve_http(&shared, stream, (local, peer, Scheme::HTTP), phase).await;
    };
    let handshake = timeout(shared.limits.head, tls.acceptor().accept(stream));
    tokio::select! {
        done = handshake => match done {
            Ok(Ok(stream)) => serve_http(&shared, stream, (local, peer, Scheme::HTTPS), phase).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
        },
        _ = phase.changed() => {}
    }
}

async fn serve_http<E, S>(
    shared: &Shared<E>,
    stream: S,
    (local, peer, scheme): (SocketAddr, SocketAddr, Scheme),
    phase: watch::Receiver<Phase>,
) where
    E: Endpoint<Output = Response> + 'static,
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let activity = Arc::new(Activity::new());
    let stream = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
    let context = Arc::new(Context {
        endpoint: Arc::clone(&shared.endpoint),
        activity: Arc::clone(&activity),
        local: LocalAddr(Addr::SocketAddr(local)),
        peer: RemoteAddr(Addr::SocketAddr(peer)),
        scheme,
    });
    let service = service_fn(move |request: Request<Incoming>| {
        let in_flight = InFlight::begin(&context, request.version());
        async move { Ok::<_, Infallible>(in_flight.answer(request).await) }
    });
    supervise(shared.http.serve_connection(stream, service), &activity, shared.limits, phase).await;
}

/// Drives the connection, closes it when it is too slow or idle, and ends it in order when the listener stops.
async fn supervise<C: GracefulConnection>(
    connection: C,
    activity: &Activity,
    limits: Limits,
    mut phase: watch::Receiver<Phase>,
) {
    let mut connection = pin!(connection);
    let mut look_again = limits.head;
    let mut closing_since: Option<Instant> = None;
    if *phase.borrow_and_update() != Phase::Serving {
        return;
    }
    loop {
        tokio::select! {
            biased;
            // How it ended is the client's affair: it went away, or did not speak HTTP.
            _ = connection.as_mut() => return,
            changed = phase.changed() => {
                if changed.is_err() || *phase.borrow_and_update() == Phase::Over {
                    return;
                }
                connection.as_mut().graceful_shutdown();
                closing_since.get_or_insert_with(Instant::now);
            }
            () = sleep(look_again) => match (activity.verdict(limits), closing_since) {
                (Verdict::Fine(left), _) => look_again = left,
                (Verdict::SlowHead, _) => return,
                (Verdict::Idle, None) => {
                    connection.as_mut().graceful_shutdown();
                    closing_since = Some(Instant::now());
                }
                // An answer may still be on its way to a slow reader, but not for ever.
                (Verdict::Idle, Some(since)) if since.elapsed() >= limits.idle => return,
                (Verdict::Idle, Some(_)) => look_again = limits.head,
            }
        }
    }
}

/// What the requests of one connection share.
struct Context<E> {
    endpoint: Arc<E>,
    activity: Arc<Activity>,
    local: LocalAddr,
    peer: RemoteAddr,
    scheme: Scheme,
}

/// A request under way; when it is dropped, answered or not, the connection knows that it is over.
struct InFlight<E>(Arc<Context<E>>);

impl<E> InFlight<E> {
    fn begin(context: &Arc<Context<E>>, version: Version) -> Self {
        context.activity.request_began(version == Version::HTTP_2);
        Self(Arc::clone(context))
    }
}

impl<E: Endpoint<Output = Response>> InFlight<E> {
    async fn answer(&self, request: Request<Incoming>) -> hyper::Response<BoxBody<Bytes, io::Error>> {
        let Context { endpoint, local, peer, scheme, .. } = &*self.0;
        let (local, peer, scheme) = (local.clone(), peer.clone(), scheme.clone());
        let request = if request.body().is_end_stream() {
            // Most requests have no body: nothing to box.
            let (parts, _) = request.into_parts();
            poem::Request::from_parts(RequestParts::from((parts, local, peer, scheme)), Body::empty())
        } else {
            poem::Request::from((request, local, peer, scheme))
        };
        endpoint.get_response(request).await.into()
    }
}

impl<E> Drop for InFlight<E> {
    fn drop(&mut self) {
        self.0.activity.request_ended();
    }
}
