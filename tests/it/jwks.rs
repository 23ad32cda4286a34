//! The key set: what is published, for how long it may be kept, and how keys come and go.

mod rotation;

use countersign::protocol::jwk::Algorithm;
use reqwest::Method;
use serde_json::Value;

use crate::harness::{Answer, Backend, Node, Outside, World, recorder, stories};

stories![
    the_key_set_says_how_long_it_may_be_kept,
    who_has_it_already_does_not_get_it_again,
    a_new_server_publishes_the_key_that_signs_and_the_next_one,
    keys_of_every_algorithm_sign_and_verify,
    all_nodes_publish_the_same_keys,
];

const PATH: &str = "/.well-known/jwks.json";

/// The keys that are published, by their names.
async fn published(node: &Node) -> Vec<String> {
    let keys = node.get(PATH).await.json()["keys"].clone();
    let kid = |key: &Value| key["kid"].as_str().expect("a kid").to_owned();
    keys.as_array().expect("keys").iter().map(kid).collect()
}

/// The names of the keys in a phase.
async fn in_phase(world: &World, phase: &str) -> Vec<String> {
    let keys = world.app.keyring.list().await.expect("keys");
    keys.into_iter().filter(|key| key.phase == phase).map(|key| key.kid).collect()
}

async fn the_key_set_says_how_long_it_may_be_kept(backend: Backend) {
    for (seconds, expected) in [(None, "public, max-age=300"), (Some(42), "public, max-age=42")] {
        let world = backend
            .world_with(|config| {
                if let Some(seconds) = seconds {
                    config.keys.jwks_max_age_seconds = seconds;
                }
            })
            .await;
        let answer = world.get(PATH).await;
        assert_eq!(
            (answer.status, answer.header("content-type"), answer.header("cache-control")),
            (200, "application/jwk-set+json", expected)
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        for key in answer.json()["keys"].as_array().expect("keys") {
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(key.get(private).is_none(), "nothing private is published");
            }
        }
    }
}

async fn who_has_it_already_does_not_get_it_again(backend: Backend) {
    let world = backend.world().await;
    let first = world.get(PATH).await;
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 10, "a strong tag: {etag}");
    let unchanged = |answer: &Answer| {
        assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{answer:?}");
        assert_eq!((answer.header("etag"), answer.header("cache-control")), (etag.as_str(), "public, max-age=300"));
    };
    let listed = format!("\"another\", {etag}");
    let weak = format!("W/{etag}");
    for held in [&etag, "*", &listed, &weak] {
        unchanged(&world.get_with(PATH, &[("if-none-match", held)]).await);
    }
    unchanged(&world.get_with(PATH, &[("if-none-match", "\"another\""), ("if-none-match", &etag)]).await);
    for held in ["\"another\"", "", etag.trim_matches('"')] {
        let answer = world.get_with(PATH, &[("if-none-match", held)]).await;
        assert_eq!((answer.status, &answer.body), (200, &first.body), "{held}");
    }
    let head = world.send(world.request(Method::HEAD, PATH)).await;
    assert_eq!((head.status, head.body.as_str(), head.header("etag")), (200, "", etag.as_str()));
    world.app.keyring.rotate_in_emergency(world.clock.now(), &recorder).await.expect("a rotation");
    let changed = world.get_with(PATH, &[("if-none-match", &etag)]).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), etag);
}

async fn a_new_server_publishes_the_key_that_signs_and_the_next_one(backend: Backend) {
    let world = backend.world().await;
    let token = world.service_client(|_| ()).await.token(&world).await;
    let (active, next) = (in_phase(&world, "active").await, in_phase(&world, "next").await);
    assert_eq!((active.as_slice(), next.len()), (&[token.kid().to_owned()][..], 1));
    let mut published = published(&world).await;
    let mut expected = [active, next].concat();
    published.sort();
    expected.sort();
    assert_eq!(published, expected);
    assert_eq!(published.len(), world.get(PATH).await.json()["keys"].as_array().expect("keys").len());
}

async fn keys_of_every_algorithm_sign_and_verify(backend: Backend) {
    for (first, name) in [(Algorithm::Es256, "ES256"), (Algorithm::EdDsa, "EdDSA")] {
        let world = backend
            .world_with(|config| {
                // Of their own making: with an imported key, the others would have to wait for their turn.
                config.keys.rsa_private_key_content = None;
                config.keys.algorithms = vec![first, Algorithm::Rs256];
            })
            .await;
        assert_eq!(published(&world).await.len(), 4, "one that signs and one that is next, of each");
        let client = world.service_client(|_| ()).await;
        let token = client.token(&world).await;
        assert_eq!(token.header["alg"], name);
        assert!(Outside::fetch(&world).await.verifies(&token.text));
        assert!(client.sees_alive(&world, &token.text).await);
    }
}

async fn all_nodes_publish_the_same_keys(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let (one, another) = (world.get(PATH).await, other.get(PATH).await);
    assert_eq!((one.body.as_str(), one.header("etag")), (another.body.as_str(), another.header("etag")));
}
