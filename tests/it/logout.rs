//! Logging out with a browser (OpenID Connect RP-Initiated Logout 1.0), as the browser and the clients see it.

mod asked;
mod ended;
mod hints;
mod refused;
mod told;

use url::form_urlencoded::Serializer;

use crate::authorize::{all_the_way, exchange, request};
use crate::harness::{Arrived, Backend, Browser, Node, Persona, Token, User, World};

pub const PATH: &str = "/oauth2/logout";
pub const BYE: &str = "https://shop.example/bye?from=here";

/// A request to log out.
pub fn leave(params: &[(&str, &str)]) -> String {
    let query = Serializer::new(String::new()).extend_pairs(params).finish();
    format!("{PATH}?{query}")
}

/// A world with somebody in it, and a shop that users come back to when they have left.
pub async fn shop(backend: Backend) -> (World, Persona, User) {
    let (world, user) = {
        let world = backend.world().await;
        let user = world.user("ann").await;
        (world, user)
    };
    let client = world.web_app(|m| m.post_logout_redirect_uris = vec![BYE.parse().expect("a URI")]).await;
    (world, client, user)
}

/// Signs in at a client with a browser; `scope` is what the client asks for.
pub async fn signed_in(browser: &mut Browser, node: &Node, client: &Persona, user: &User, scope: &str) -> Token {
    let code = all_the_way(browser, node, user, &request(client, &[("scope", scope)])).await.code(node);
    Token::of(&exchange(client, node, &code, &[]).await)
}

/// Whether somebody is signed in with the browser.
pub async fn is_signed_in(browser: &Browser, node: &Node, client: &Persona) -> bool {
    let arrived = browser.clone().opens(node, &request(client, &[("prompt", "none")])).await;
    let told = arrived.told(node);
    match told.get("error").map(String::as_str) {
        // Whoever is asked for consent is signed in.
        None | Some("consent_required") => true,
        Some("login_required") => false,
        Some(_) => panic!("{told:?}"),
    }
}

pub fn says(arrived: &Arrived, heading: &str) -> bool {
    arrived.page().body.contains(&format!("<h1>{heading}</h1>"))
}

pub fn asks(arrived: &Arrived) -> bool {
    says(arrived, "Sign out?")
}

pub fn is_done(arrived: &Arrived) -> bool {
    says(arrived, "You are signed out")
}

/// Where a client finds its user again.
pub fn address(arrived: &Arrived) -> &str {
    match arrived {
        Arrived::Client(url) => url.as_str(),
        other => panic!("at the client, not {other:?}"),
    }
}
