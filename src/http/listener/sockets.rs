//! Binding and accepting.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::task::Poll;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// How many connections the system keeps waiting for us; it lowers the number to what it allows.
const BACKLOG: u32 = 4096;
/// How many free ports are tried until one is free on all addresses.
const ATTEMPTS: usize = 16;

/// Binds all addresses of `host`, on one and the same port. Where the first works, those that this machine does not
/// have are left out.
pub fn bind(host: &str, port: u16) -> io::Result<Vec<TcpListener>> {
    let addresses = addresses(host)?;
    let mut attempt = 1;
    loop {
        match bind_all(&addresses, port) {
            Err(error) if port == 0 && error.kind() == ErrorKind::AddrInUse && attempt < ATTEMPTS => attempt += 1,
            bound_or_error => return bound_or_error,
        }
    }
}

fn addresses(host: &str) -> io::Result<Vec<IpAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let mut addresses: Vec<IpAddr> = (host, 0).to_socket_addrs()?.map(|address| address.ip()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}

fn bind_all(addresses: &[IpAddr], mut port: u16) -> io::Result<Vec<TcpListener>> {
    let mut bound = Vec::with_capacity(addresses.len());
    for address in addresses {
        match listen(SocketAddr::new(*address, port)) {
            Ok(listener) => {
                port = listener.local_addr()?.port();
                bound.push(listener);
            }
            // Taken by somebody else: half of our clients would reach them.
            Err(error) if bound.is_empty() || error.kind() == ErrorKind::AddrInUse => return Err(error),
            Err(error) => tracing::info!(%address, %error, "not listening on this address"),
        }
    }
    if bound.is_empty() {
        return Err(io::Error::new(ErrorKind::AddrNotAvailable, "the host name has no address"));
    }
    Ok(bound)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait for the last connections of the process before it.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The next connection on any of the sockets, which take turns.
pub async fn accept(sockets: &[TcpListener], turn: &mut usize) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|context| {
        for step in 0..sockets.len() {
            let place = (*turn + step) % sockets.len();
            if let Poll::Ready(accepted) = sockets[place].poll_accept(context) {
                *turn = place + 1;
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await
}

/// Whether an error of `accept` says that one client went away, and nothing about the next one.
pub fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted)
}
