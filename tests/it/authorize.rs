//! The authorization endpoint (RFC 6749 §4.1, RFC 7636, RFC 9207; OpenID Connect Core §3.1.2), as a browser without scripts sees it.

mod apache;
mod claims;
mod clients;
mod codes;
mod conformance;
mod consent;
mod flow;
mod form_post;
mod forms;
mod meant;
mod objects;
mod pairwise;
mod prompts;
mod refusals;
mod relying_party;
mod sessions;
mod single_page;

use url::form_urlencoded::Serializer;

use crate::harness::{Answer, Arrived, Backend, Browser, Node, Persona, TOKEN, Token, User, World};

pub const CALLBACK: &str = "https://shop.example/callback";
/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A good request of a client, as the story changes it: an empty value leaves a parameter out.
pub fn request(client: &Persona, changes: &[(&str, &str)]) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", client.id.as_str()),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email"),
        ("state", "a state & more"),
        ("nonce", "a nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let changed = |name: &str| changes.iter().any(|(each, _)| *each == name);
    let mut query = Serializer::new(String::new());
    query.extend_pairs(usual.iter().filter(|(name, _)| !changed(name)));
    query.extend_pairs(changes.iter().filter(|(_, value)| !value.is_empty()));
    format!("/oauth2/authorize?{}", query.finish())
}

pub async fn exchange(client: &Persona, node: &Node, code: &str, changes: &[(&str, &str)]) -> Answer {
    let usual =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
    let changed = |name: &str| changes.iter().any(|(each, _)| *each == name);
    let form: Vec<_> = usual.into_iter().filter(|(name, _)| !changed(name)).chain(changes.iter().copied()).collect();
    client.post(node, TOKEN, &form).await
}

/// A world with somebody in it, and a shop.
pub async fn shop(backend: Backend) -> (World, Persona, User) {
    let world = backend.world().await;
    let (client, user) = (world.web_app(|_| ()).await, world.user("ann").await);
    (world, client, user)
}

/// Signs in and consents, all the way to the client.
pub async fn all_the_way(browser: &mut Browser, node: &Node, user: &User, path: &str) -> Arrived {
    let mut arrived = browser.opens(node, path).await;
    if arrived.asks_for_password() {
        arrived = browser.signs_in(node, &arrived, user).await;
    }
    if arrived.asks_for_consent() {
        arrived = browser.allows(node, &arrived).await;
    }
    arrived
}

pub async fn a_code(world: &World, client: &Persona, user: &User, changes: &[(&str, &str)]) -> String {
    all_the_way(&mut Browser::default(), world, user, &request(client, changes)).await.code(world)
}

pub async fn a_token(world: &World, client: &Persona, user: &User, changes: &[(&str, &str)]) -> Token {
    let code = a_code(world, client, user, changes).await;
    Token::of(&exchange(client, world, &code, &[]).await)
}
