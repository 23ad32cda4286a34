//! Whose logos people see: a picture of a stranger could be anybody's.

use countersign::audit::By;
use countersign::clients;
use countersign::protocol::client_metadata::ClientMetadata;
use reqwest::Method;
use serde_json::json;

use super::{Own, initial_token, open, registered, shop_with};
use crate::authorize::request;
use crate::harness::{Backend, Browser, Node, World, stories};

stories![people_see_the_logo_of_whoever_was_invited, a_logo_of_another_host_is_not_kept];

const FIRST: &str = "https://shop.example/logo.png";
const SECOND: &str = "https://shop.example/another.png";

/// The logo on the sign-in page, which allows just that.
async fn seen(node: &Node, own: &Own) -> Option<String> {
    let page = Browser::default().opens(node, &request(&own.persona, &[])).await;
    assert!(page.asks_for_password(), "{page:?}");
    let body = page.page().body.replace("&#x2f;", "/");
    let logo = body.split_once("<img src=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(url, _)| url.to_owned());
    let policy = page.page().header("content-security-policy").to_owned();
    let allowed = policy.split("; ").find_map(|part| part.strip_prefix("img-src ")).map(str::to_owned);
    assert_eq!(logo, allowed, "{policy}");
    logo
}

async fn people_see_the_logo_of_whoever_was_invited(backend: Backend) {
    let world = open(backend).await;
    let other = world.another_node().await;
    let token = initial_token(&world.app, 1, 60, "").await;
    let metadata = shop_with(json!({"logo_uri": FIRST}));
    let (stranger, invited) =
        (registered(&world, None, &metadata).await, registered(&world, Some(&token), &metadata).await);
    for own in [&stranger, &invited] {
        assert_eq!(own.answer["logo_uri"], FIRST, "it is kept");
    }
    for node in [&*world, &other] {
        node.look().await;
        assert_eq!(seen(node, &stranger).await, None);
        assert_eq!(seen(node, &invited).await.as_deref(), Some(FIRST));
    }
    for own in [&stranger, &invited] {
        let changed = own.send(&world, Method::PUT, Some(&own.again(json!({"logo_uri": SECOND})))).await;
        assert_eq!((changed.status, &changed.json()["logo_uri"]), (200, &json!(SECOND)), "{changed:?}");
    }
    by_operator(&world, &stranger).await;
    for node in [&*world, &other] {
        node.look().await;
        assert_eq!(seen(node, &stranger).await, None, "who it is nobody knows still");
        assert_eq!(seen(node, &invited).await.as_deref(), Some(SECOND));
    }
}

/// An operator changes something else about it.
async fn by_operator(world: &World, own: &Own) {
    let before = world.app.store.client(&own.persona.id).await.expect("the store answers").expect("a client");
    let mut metadata = ClientMetadata::parse(before.document.as_bytes()).expect("metadata");
    metadata.client_name = Some("A shop".to_owned());
    let now = world.clock.now();
    let after = clients::update(&world.app, before, metadata, &By::operator(), now).await.expect("it is allowed");
    assert!(after.is_some(), "nobody else changes it");
}

async fn a_logo_of_another_host_is_not_kept(backend: Backend) {
    let world = open(backend).await;
    let token = initial_token(&world.app, 10, 60, "").await;
    for elsewhere in [
        "https://bank.example/logo.png",
        "https://shop.example.evil.example/logo.png",
        "https://*.example/logo.png",
        "https://*/logo.png",
    ] {
        let own = registered(&world, Some(&token), &shop_with(json!({"logo_uri": elsewhere}))).await;
        assert!(own.answer.get("logo_uri").is_none(), "{elsewhere}: {}", own.answer);
        assert_eq!(seen(&world, &own).await, None, "{elsewhere}");
    }
}
