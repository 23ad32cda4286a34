//! The listener and the edge over real sockets: who is too slow, how many may come, TLS, HTTP/2, the orderly end.

mod address;
mod cors;
mod drain;
mod edge;
mod limits;
mod observed;
mod routes;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign::config::{Config, Server};
use countersign::http::client_address::ClientAddress;
use countersign::http::edge::Edge;
use countersign::http::listener::Listener;
use countersign::http::routes::Routes;
use countersign::observe::{Counters, RequestId};
use countersign::time::UnixTime;
use poem::error::NotFoundError;
use poem::http::{Method, StatusCode};
use poem::{Endpoint, Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// What the requests of these tests reach.
#[derive(Clone, Default)]
struct Stub(Arc<Gate>);

#[derive(Default)]
struct Gate {
    entered: Notify,
    opened: Notify,
}

impl Endpoint for Stub {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        match request.uri().path() {
            "/hello" | "/oauth2/token" | "/.well-known/oauth-authorization-server" => Ok("hello".into()),
            "/oauth2/cached" => Ok(Response::builder().header("cache-control", "max-age=300").body("cached")),
            "/who" => Ok(who(&request).into()),
            "/gate" => {
                self.0.entered.notify_one();
                self.0.opened.notified().await;
                Ok("passed".into())
            }
            "/broken" => Ok(StatusCode::SERVICE_UNAVAILABLE.into()),
            _ => Err(NotFoundError.into()),
        }
    }
}

/// The request id and the address of the client, as those inside see them.
fn who(request: &Request) -> String {
    let id = request.extensions().get::<RequestId>().map_or("none", RequestId::as_str);
    let address = request.extensions().get::<ClientAddress>().map_or("none".into(), |client| client.0.to_string());
    format!("{id} {address}")
}

fn routes() -> Routes {
    let gets =
        ["/hello", "/who", "/gate", "/broken", "/oauth2/cached"].map(|path| (path.to_owned(), vec![Method::GET]));
    let document = [("/.well-known/oauth-authorization-server".to_owned(), vec![Method::GET])];
    let posts = [("/oauth2/token".to_owned(), vec![Method::POST])];
    Routes::new(gets.into_iter().chain(document).chain(posts))
}

fn settings() -> Server {
    let mut server = Config::default().server;
    server.port = 0;
    server
}

/// A listener that serves until it is stopped or dropped.
struct Served {
    addresses: Vec<SocketAddr>,
    counters: Counters,
    gate: Arc<Gate>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Served {
    fn start(settings: &Server) -> Self {
        Self::start_at(settings, "")
    }

    fn start_at(settings: &Server, issuer_path: &str) -> Self {
        let counters = Counters::new(UnixTime::from_seconds(1_700_000_000));
        let listener = Listener::bind(settings, &counters).expect("a free port");
        let stub = Stub::default();
        let edge = Edge::new(stub.clone(), routes(), issuer_path, settings, &counters);
        let (stop, stopped) = oneshot::channel::<()>();
        let addresses = listener.addresses();
        let task = tokio::spawn(listener.serve(Arc::new(edge), async {
            let _ = stopped.await;
        }));
        Self { addresses, counters, gate: stub.0, stop: Some(stop), task }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses[0])
    }

    fn stop(&mut self) {
        self.stop.take();
    }

    async fn connect(&self) -> Connection {
        Connection(within(5, TcpStream::connect(self.addresses[0])).await.expect("a connection"))
    }
}

/// A connection on which a test writes bytes of its own.
struct Connection(TcpStream);

impl Connection {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("bytes can be sent");
    }

    async fn get(&mut self, path: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        self.answer().await
    }

    /// Reads up to the end of what arrives in one piece: the answers of these tests are short.
    async fn answer(&mut self) -> String {
        let mut bytes = [0; 4096];
        let read = within(5, self.0.read(&mut bytes)).await.expect("an answer");
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    }

    /// Whether nothing comes for a while.
    async fn is_silent_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.0.read(&mut [0])).await.is_err()
    }

    /// Waits until the other side closes.
    async fn closed(&mut self) {
        let mut rest = Vec::new();
        // A reset is as good as an end.
        let _ = within(10, self.0.read_to_end(&mut rest)).await;
        assert_eq!(String::from_utf8_lossy(&rest), "", "closed without another answer");
    }
}

/// No test waits for ever.
async fn within<F: Future>(seconds: u64, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(seconds), future).await.expect("done in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn localhost_is_one_port_on_both_loopback_addresses() {
    let served = Served::start(&settings());
    assert!(served.addresses[0].ip().is_loopback() && served.addresses[0].is_ipv4());
    assert!(served.addresses.iter().all(|address| address.port() == served.addresses[0].port()));
    for address in &served.addresses {
        let body = within(5, reqwest::get(format!("http://{address}/hello"))).await.expect("an answer").text().await;
        assert_eq!(body.expect("a body"), "hello");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_an_error_that_names_it() {
    let served = Served::start(&settings());
    let mut settings = settings();
    settings.port = served.addresses[0].port();
    let error = Listener::bind(&settings, &served.counters).err().expect("the port is taken").to_string();
    assert!(error.contains(&settings.port.to_string()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_by_prior_knowledge() {
    let served = Served::start(&settings());
    let client = reqwest::Client::builder().http2_prior_knowledge().build().expect("a client");
    let answer = within(5, client.get(served.url("/hello")).send()).await.expect("an answer");
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    assert_eq!(answer.text().await.expect("a body"), "hello");
}
