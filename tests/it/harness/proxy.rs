//! A way to the database that a story can cut, or fill with silence.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

pub struct Proxy {
    address: SocketAddr,
    to: String,
    running: Option<JoinHandle<()>>,
    silent: watch::Sender<bool>,
}

impl Proxy {
    pub async fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let to = target.to_owned();
        let silent = watch::Sender::new(false);
        let running = Some(tokio::spawn(pass(listener, to.clone(), silent.subscribe())));
        Self { address, to, running, silent }
    }

    /// Connections stay, and new ones are taken, but nothing comes through.
    pub fn freeze(&self) {
        self.silent.send_replace(true);
    }

    pub fn thaw(&self) {
        self.silent.send_replace(false);
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
        self.running = Some(tokio::spawn(pass(listener, self.to.clone(), self.silent.subscribe())));
    }
}

async fn pass(listener: TcpListener, to: String, silent: watch::Receiver<bool>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    while let Ok((from, _)) = listener.accept().await {
        let (to, silent) = (to.clone(), silent.clone());
        connections.spawn(async move {
            let Ok(to) = TcpStream::connect(to).await else { return };
            let ((from_in, from_out), (to_in, to_out)) = (from.into_split(), to.into_split());
            tokio::select! {
                () = pump(from_in, to_out, silent.clone()) => {}
                () = pump(to_in, from_out, silent) => {}
            }
        });
    }
}

/// Passes bytes on until either side ends.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut silent: watch::Receiver<bool>) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let Ok(read @ 1..) = from.read(&mut bytes).await else { return };
        if silent.wait_for(|silent| !silent).await.is_err() || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
