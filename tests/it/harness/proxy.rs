//! A way to the database that a story can cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

pub struct Proxy {
    address: SocketAddr,
    to: String,
    running: Option<JoinHandle<()>>,
}

impl Proxy {
    pub async fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let to = target.to_owned();
        Self { address, running: Some(tokio::spawn(pass(listener, to.clone()))), to }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Ends all connections; no new ones are taken.
    pub async fn cut(&mut self) {
        let running = self.running.take().expect("it is not cut");
        running.abort();
        // Its sockets are closed once it has ended.
        let _ = running.await;
    }

    pub async fn mend(&mut self) {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option");
        socket.bind(self.address).expect("the port is still free");
        let listener = socket.listen(128).expect("a listener");
        self.running = Some(tokio::spawn(pass(listener, self.to.clone())));
    }
}

async fn pass(listener: TcpListener, to: String) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    while let Ok((mut from, _)) = listener.accept().await {
        let to = to.clone();
        connections.spawn(async move {
            if let Ok(mut to) = TcpStream::connect(to).await {
                let _ = copy_bidirectional(&mut from, &mut to).await;
            }
        });
    }
}
