//! Whoever claims a sector is confirmed by it (OpenID Connect Dynamic Client Registration 1.0 §5).

use reqwest::Method;
use serde_json::json;

use super::{ask, clients, open, registered, send, shop_with};
use crate::authorize::CALLBACK;
use crate::harness::{Backend, Receiver, stories};

stories![
    a_sector_lists_the_redirect_uris_of_its_clients,
    a_sector_that_confirms_nothing_is_refused,
    nobody_reads_of_sectors_in_a_private_network,
];

const ELSEWHERE: &str = "https://store.example/callback";

async fn a_sector_lists_the_redirect_uris_of_its_clients(backend: Backend) {
    let world = open(backend).await;
    let receiver = Receiver::start().await;
    let url = receiver.url("/sector");
    receiver.keeps("/sector", "", json!(["https://other.example/", CALLBACK]));
    let own = registered(&world, None, &shop_with(json!({"sector_identifier_uri": url}))).await;
    assert_eq!(own.answer["sector_identifier_uri"], url);
    assert_eq!(receiver.calls_to("/sector").len(), 1);
    // It is asked again when the client wants to come back elsewhere.
    let moved = shop_with(json!({
        "client_id": own.persona.id, "sector_identifier_uri": url, "redirect_uris": [CALLBACK, ELSEWHERE],
    }));
    let change = async || send(&world, Method::PUT, &own.path, Some(&own.token), Some(&moved)).await;
    change().await.is_refused(400, "invalid_client_metadata");
    receiver.keeps("/sector", "", json!([ELSEWHERE, CALLBACK]));
    let changed = change().await;
    assert_eq!((changed.status, &changed.json()["redirect_uris"]), (200, &moved["redirect_uris"]), "{changed:?}");
}

async fn a_sector_that_confirms_nothing_is_refused(backend: Backend) {
    let world = open(backend).await;
    let receiver = Receiver::start().await;
    let claims = |url: String| shop_with(json!({"sector_identifier_uri": url}));
    for (number, (what, document)) in [
        ("an empty list", "[]".to_owned()),
        ("others", json!([ELSEWHERE]).to_string()),
        ("nearly the same", json!([format!("{CALLBACK}/")]).to_string()),
        ("no list", json!({"redirect_uris": [CALLBACK]}).to_string()),
        ("a text", json!(CALLBACK).to_string()),
        ("a list of more than texts", json!([CALLBACK, 1]).to_string()),
        ("no JSON", CALLBACK.to_owned()),
        ("too much", format!("[\"{CALLBACK}\"{}]", " ".repeat(300_000))),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/{number}");
        receiver.keeps(&path, "", document);
        let answer = ask(&world, None, &claims(receiver.url(&path))).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        answer.is_refused(400, "invalid_client_metadata");
        assert!(answer.json()["error_description"].as_str().expect("a text").contains("sector_identifier_uri"));
    }
    receiver.keeps("/sector", "", json!([CALLBACK]));
    receiver.keeps("/elsewhere", "", json!([CALLBACK]));
    for status in [302, 404, 500] {
        receiver.answers(status);
        ask(&world, None, &claims(receiver.url("/sector"))).await.is_refused(400, "invalid_client_metadata");
    }
    assert!(receiver.calls_to("/elsewhere").is_empty(), "a redirect is not followed");
    assert_eq!(clients(&world).await, 0);
    receiver.answers(200);
    registered(&world, None, &claims(receiver.url("/sector"))).await;
}

async fn nobody_reads_of_sectors_in_a_private_network(backend: Backend) {
    let world = backend
        .world_with(|config| {
            config.issuer = "https://id.example".parse().expect("an issuer");
            config.registration.open = true;
        })
        .await;
    let receiver = Receiver::start().await;
    receiver.keeps("/sector", "", json!([CALLBACK]));
    for url in [receiver.url("/sector"), format!("http://localhost:{}/sector", receiver.port())] {
        let answer = ask(&world, None, &shop_with(json!({"sector_identifier_uri": url}))).await;
        answer.is_refused(400, "invalid_client_metadata");
    }
    assert!(receiver.calls_to("/sector").is_empty());
}
