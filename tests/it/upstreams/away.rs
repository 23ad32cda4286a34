//! A provider that is away holds nobody up who signs in in another way, and is left alone for a while.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Person, described, presses, says_why_not};
use crate::harness::{Arrived, Backend, Provider, World, stories};

stories![
    where_nobody_listens_the_page_says_so_and_passwords_go_on,
    a_provider_that_says_nothing_is_left_alone_until_it_answers,
    what_a_provider_said_of_itself_holds_while_it_is_away,
];

const AWAY: &str = "does not answer at the moment";

async fn with_provider(backend: Backend, issuer: &str) -> World {
    let world = backend.world().await;
    let description = json!({"name": "there", "label": "The other one", "issuer": issuer, "client_id": "x"});
    described(&world, &description).await.expect("a provider");
    world
}

/// Presses the button, and how long that took.
async fn tries(world: &World) -> (Arrived, Duration) {
    let mut person = Person::default();
    let page = person.here.opens(world, "/login").await;
    let started = Instant::now();
    (presses(world, &mut person, &page, super::BUTTON).await, started.elapsed())
}

async fn where_nobody_listens_the_page_says_so_and_passwords_go_on(backend: Backend) {
    let world = with_provider(backend, "http://127.0.0.1:1").await;
    let ann = world.user("ann").await;
    for _ in 0..5 {
        says_why_not(&tries(&world).await.0, AWAY);
    }
    let mut person = Person::default();
    let page = person.here.opens(&world, "/login").await;
    let page = presses(&world, &mut person, &page, super::BUTTON).await;
    let account = person.here.signs_in(&world, &page, &ann).await;
    assert!(account.page().body.contains("value=\"ann\""), "{account:?}");
}

async fn a_provider_that_says_nothing_is_left_alone_until_it_answers(backend: Backend) {
    const METADATA: &str = "/.well-known/openid-configuration";
    let provider = Provider::start().await;
    provider.is_silent(METADATA);
    let world = with_provider(backend, &provider.url("")).await;
    let ann = world.user("ann").await;
    let all = tokio::join!(tries(&world), tries(&world), tries(&world), async {
        let started = Instant::now();
        let mut person = Person::default();
        let page = person.here.opens(&world, "/login").await;
        let account = person.here.signs_in(&world, &page, &ann).await;
        assert!(account.page().body.contains("value=\"ann\""), "{account:?}");
        started.elapsed()
    });
    for (page, took) in [all.0, all.1, all.2] {
        says_why_not(&page, AWAY);
        assert!(took > Duration::from_secs(4) && took < Duration::from_secs(15), "it was waited for: {took:?}");
    }
    assert!(all.3 < Duration::from_secs(4), "nobody else waited: {:?}", all.3);
    let asked = provider.asked_at(METADATA).len();
    let (page, took) = tries(&world).await;
    says_why_not(&page, AWAY);
    assert!(took < Duration::from_secs(4), "it is not waited for any more: {took:?}");
    assert_eq!((asked, provider.asked_at(METADATA).len()), (3, 3), "nor asked");
    provider.says(METADATA, 200, &provider.metadata());
    says_why_not(&tries(&world).await.0, AWAY);
    world.advance(10);
    let (arrived, _) = tries(&world).await;
    assert!(matches!(arrived, Arrived::Client(_)), "it is asked again after a rest: {arrived:?}");
}

async fn what_a_provider_said_of_itself_holds_while_it_is_away(backend: Backend) {
    const METADATA: &str = "/.well-known/openid-configuration";
    let provider = Provider::start().await;
    let mut metadata = provider.metadata();
    metadata["issuer"] = json!("https://elsewhere.example");
    provider.says(METADATA, 200, &metadata);
    let world = with_provider(backend, &provider.url("")).await;
    says_why_not(&tries(&world).await.0, "cannot be taken here");
    provider.says(METADATA, 200, &json!({"issuer": provider.url("")}));
    says_why_not(&tries(&world).await.0, "cannot be taken here");
    provider.says(METADATA, 200, &provider.metadata());
    assert!(matches!(tries(&world).await.0, Arrived::Client(_)));
    provider.says(METADATA, 503, &json!({}));
    world.advance(3_600);
    assert!(matches!(tries(&world).await.0, Arrived::Client(_)), "what it said holds for a day");
    world.advance(86_400);
    says_why_not(&tries(&world).await.0, AWAY);
}
