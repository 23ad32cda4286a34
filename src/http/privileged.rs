//! Who may read metrics and the state of each dependency: this machine, the listed networks, and whoever has a token with
//! the scope.

use http::header::FORWARDED;
use poem::Request;

use super::bearer::Bearer;
use super::client_address::{self, ClientAddress};
use crate::app::App;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;

/// `Ok` for who may.
pub async fn check(app: &App, request: &Request) -> Outcome<()> {
    if is_near(app, request) {
        return Ok(());
    }
    let bearer = Bearer::of(request);
    if bearer.is_absent() {
        let about = "this is for the server's own machine, listed networks, or a token with the right scope";
        return Err(Refused::new(ErrorCode::InvalidToken, Reason::NotFromHere, about).into());
    }
    Ok(bearer.holder(app).await?.must_hold(app.config.metrics.scope.as_deref())?)
}

/// Whether somebody may, where being refused is no reason to say so.
pub async fn is_allowed(app: &App, request: &Request) -> bool {
    is_near(app, request) || (!Bearer::of(request).is_absent() && check(app, request).await.is_ok())
}

/// A request that a proxy passed on is not from this machine, even when the proxy is: its address counts only if the proxy
/// is trusted to tell it.
fn is_near(app: &App, request: &Request) -> bool {
    let Some(ClientAddress(address)) = request.extensions().get::<ClientAddress>() else { return false };
    let headers = request.headers();
    let passed_on = headers.contains_key(FORWARDED) || headers.contains_key("x-forwarded-for");
    let peer = request.remote_addr().as_socket_addr().map(|peer| peer.ip());
    let told = peer.is_some_and(|peer| client_address::is_trusted(peer, &app.config.server.trusted_proxies));
    // An address that is still a proxy's is what remains when the headers contradict each other or cannot be read.
    if passed_on && (!told || client_address::is_trusted(*address, &app.config.server.trusted_proxies)) {
        return false;
    }
    address.is_loopback() || app.config.metrics.networks.iter().any(|network| network.contains(address))
}
