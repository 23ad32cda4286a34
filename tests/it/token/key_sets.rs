//! Clients that keep their keys at an address of theirs (`jwks_uri`): asked seldom, missed for a while, and never a way into a
//! private network.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::net::TcpListener;

use crate::harness::client_key::{ClientKey, asserted};
use crate::harness::{Answer, Backend, Node, Receiver, TOKEN, World, logs, stories};
use crate::metrics::series;

stories![
    a_set_is_fetched_once_and_kept_as_its_server_says,
    a_new_key_is_found_and_strangers_cause_no_calls,
    a_client_that_has_just_come_does_not_wait_because_of_another,
    a_set_goes_on_for_a_day_while_its_server_is_away,
    a_server_that_never_was_there_is_nobodys_proof,
    what_is_no_set_of_keys_proves_nothing,
    a_silent_server_is_asked_by_one_for_all,
    nobody_is_called_in_a_private_network,
    fetches_are_counted_and_a_dead_server_is_nothing_broken_here,
];

/// A client that keeps its keys there; its id.
async fn keeping(world: &World, url: &str) -> String {
    let document = json!({
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": url,
    });
    world.client(&document.to_string(), |_| ()).await.id
}

async fn ask(node: &Node, world: &World, key: &ClientKey, id: &str) -> Answer {
    asserted(node, TOKEN, &key.asserts(world, id), &[("grant_type", "client_credentials")]).await
}

async fn works(node: &Node, world: &World, key: &ClientKey, id: &str) {
    let answer = ask(node, world, key, id).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn a_set_is_fetched_once_and_kept_as_its_server_says(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let (receiver, key) = (Receiver::start().await, ClientKey::new("ES256", "mine"));
    for (number, (headers, seconds)) in [
        ("", 3_600),
        ("cache-control: max-age=120\r\n", 120),
        ("cache-control: public, Max-Age=86400\r\n", 3_600),
        ("cache-control: max-age=0\r\n", 60),
        ("cache-control: max-age=600, no-store\r\n", 60),
        ("cache-control: max-age=soon\r\n", 3_600),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/{number}");
        receiver.keeps(&path, headers, ClientKey::set(&[&key]));
        let id = keeping(&world, &receiver.url(&path)).await;
        other.look().await;
        for _ in 0..3 {
            works(&world, &world, &key, &id).await;
        }
        works(&other, &world, &key, &id).await;
        // Nodes tell each other what they have found, where they can.
        let calls = if backend == Backend::Cluster { 1 } else { 2 };
        assert_eq!(receiver.calls_to(&path).len(), calls, "{headers:?}");
        world.advance(seconds - 1);
        works(&world, &world, &key, &id).await;
        assert_eq!(receiver.calls_to(&path).len(), calls, "{headers:?}");
        world.advance(1);
        works(&world, &world, &key, &id).await;
        assert_eq!(receiver.calls_to(&path).len(), calls + 1, "{headers:?}");
    }
    let call = receiver.calls_to("/0").remove(0);
    assert!(call.line.starts_with("get ") && call.head.contains("accept: application/json"), "{call:?}");
}

async fn a_new_key_is_found_and_strangers_cause_no_calls(backend: Backend) {
    let world = backend.world().await;
    let (receiver, old, new) =
        (Receiver::start().await, ClientKey::new("ES256", "old"), ClientKey::new("EdDSA", "new"));
    receiver.keeps("/keys", "", ClientKey::set(&[&old]));
    let id = keeping(&world, &receiver.url("/keys")).await;
    works(&world, &world, &old, &id).await;
    receiver.keeps("/keys", "", ClientKey::set(&[&new]));
    // Just fetched, and not fetched again for whoever asks.
    for answer in join_all((0..8).map(|_| ask(&world, &world, &new, &id))).await {
        answer.is_refused(401, "invalid_client");
    }
    assert_eq!(receiver.calls_to("/keys").len(), 1);
    world.advance(10);
    for answer in join_all((0..8).map(|_| ask(&world, &world, &new, &id))).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(receiver.calls_to("/keys").len(), 2, "one for all");
    // The one that was taken out is good for nothing, and asks for no more than one look.
    let stranger = ClientKey::new("ES256", "nobody");
    for seconds in [0, 9, 1, 9] {
        world.advance(seconds);
        for key in [&old, &stranger, &ClientKey::new("EdDSA", "new")] {
            ask(&world, &world, key, &id).await.is_refused(401, "invalid_client");
        }
    }
    assert_eq!(receiver.calls_to("/keys").len(), 3);
    works(&world, &world, &new, &id).await;
    // A client may take all of them out: that is its word, and not a failure of its server.
    receiver.keeps("/keys", "", json!({"keys": []}));
    world.advance(3_600);
    ask(&world, &world, &new, &id).await.is_refused(401, "invalid_client");
    receiver.answers(500);
    world.advance(3_600);
    ask(&world, &world, &new, &id).await.is_refused(401, "invalid_client");
}

async fn a_client_that_has_just_come_does_not_wait_because_of_another(backend: Backend) {
    let world = backend.world().await;
    let (receiver, old, new) =
        (Receiver::start().await, ClientKey::new("ES256", "old"), ClientKey::new("ES256", "new"));
    receiver.keeps("/keys", "", ClientKey::set(&[&old]));
    let before = keeping(&world, &receiver.url("/keys")).await;
    works(&world, &world, &old, &before).await;
    world.advance(3);
    receiver.keeps("/keys", "", ClientKey::set(&[&new]));
    let after = keeping(&world, &receiver.url("/keys")).await;
    works(&world, &world, &new, &after).await;
    world.advance(3);
    ask(&world, &world, &ClientKey::new("ES256", "nobody"), &after).await.is_refused(401, "invalid_client");
    assert_eq!(receiver.calls_to("/keys").len(), 2, "once, and no more for whoever asks");
}

async fn a_set_goes_on_for_a_day_while_its_server_is_away(backend: Backend) {
    let world = backend.world().await;
    let (receiver, key) = (Receiver::start().await, ClientKey::new("ES256", "mine"));
    receiver.keeps("/keys", "", ClientKey::set(&[&key]));
    let id = keeping(&world, &receiver.url("/keys")).await;
    works(&world, &world, &key, &id).await;
    let other = world.another_node().await;
    receiver.answers(500);
    world.advance(3_600);
    for _ in 0..3 {
        works(&world, &world, &key, &id).await;
    }
    assert_eq!(receiver.calls_to("/keys").len(), 2, "it is looked at again, and not all the time");
    // What is there instead of keys is no word of the client either.
    receiver.answers(404);
    world.advance(10);
    works(&world, &world, &key, &id).await;
    assert_eq!(receiver.calls_to("/keys").len(), 3);
    world.advance(86_400 - 3_610 - 1);
    works(&world, &world, &key, &id).await;
    if backend == Backend::Cluster {
        works(&other, &world, &key, &id).await;
    }
    receiver.answers(500);
    world.advance(10);
    let answer = ask(&world, &world, &key, &id).await;
    answer.is_refused(503, "temporarily_unavailable");
    receiver.answers(200);
    ask(&world, &world, &key, &id).await.is_refused(503, "temporarily_unavailable");
    world.advance(10);
    works(&world, &world, &key, &id).await;
}

/// A server that hangs up, and how often it did.
async fn rude() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://127.0.0.1:{}/keys", listener.local_addr().expect("an address").port());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            drop(stream);
        }
    });
    (url, calls)
}

async fn a_server_that_never_was_there_is_nobodys_proof(backend: Backend) {
    let world = backend.world().await;
    let key = ClientKey::new("ES256", "mine");
    let (url, calls) = rude().await;
    let id = keeping(&world, &url).await;
    // After five calls in vain it is left alone, and after a rest it is called again.
    for expected in [1, 2, 3, 4, 5, 5, 5, 6] {
        ask(&world, &world, &key, &id).await.is_refused(503, "temporarily_unavailable");
        assert_eq!(calls.load(Ordering::Relaxed), expected);
        world.advance(10);
    }
}

async fn what_is_no_set_of_keys_proves_nothing(backend: Backend) {
    let world = backend.world().await;
    let (receiver, key) = (Receiver::start().await, ClientKey::new("RS256", "mine"));
    let with = |name: &str, value: &str| {
        let mut public = key.public.clone();
        public[name] = json!(value);
        json!({"keys": [public]}).to_string()
    };
    let good = ClientKey::set(&[&key]).to_string();
    let long = format!("{good}{}", " ".repeat(300_000));
    for (number, (what, document)) in [
        ("nothing", String::new()),
        ("no JSON", "nonsense".to_owned()),
        ("a list", "[]".to_owned()),
        ("no keys", json!({"keys": []}).to_string()),
        ("a key for encryption", with("use", "enc")),
        ("a private key", with("d", "x")),
        ("a key that is too short", with("n", &"x".repeat(171))),
        ("too much", long),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/{number}");
        receiver.keeps(&path, "", document);
        let id = keeping(&world, &receiver.url(&path)).await;
        let answer = ask(&world, &world, &key, &id).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        assert_eq!(answer.json()["error_description"], "client authentication failed", "{what}");
        receiver.keeps(&path, "", &good);
        world.advance(10);
        works(&world, &world, &key, &id).await;
    }
    // Nobody is sent on.
    receiver.keeps("/elsewhere", "", &good);
    receiver.keeps("/moved", "", &good);
    receiver.answers(302);
    let id = keeping(&world, &receiver.url("/moved")).await;
    ask(&world, &world, &key, &id).await.is_refused(401, "invalid_client");
    assert!(receiver.calls_to("/elsewhere").is_empty() && receiver.calls_to("/moved").len() == 1);
}

async fn a_silent_server_is_asked_by_one_for_all(backend: Backend) {
    let world = backend.world().await;
    let (receiver, key) = (Receiver::start().await, ClientKey::new("ES256", "mine"));
    receiver.answers(0);
    let silent = keeping(&world, &receiver.url("/keys")).await;
    let well = Receiver::start().await;
    well.keeps("/keys", "", ClientKey::set(&[&key]));
    let other = keeping(&world, &well.url("/keys")).await;
    let started = Instant::now();
    let crowd = join_all((0..6).map(|_| ask(&world, &world, &key, &silent)));
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        works(&world, &world, &key, &other).await;
        started.elapsed()
    };
    let (answers, of_other) = tokio::join!(crowd, meanwhile);
    for answer in answers {
        answer.is_refused(503, "temporarily_unavailable");
    }
    assert!(of_other < Duration::from_secs(4), "{of_other:?}");
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    assert_eq!(receiver.calls_to("/keys").len(), 1);
}

async fn nobody_is_called_in_a_private_network(backend: Backend) {
    let world = backend.world_with(|config| config.issuer = "https://id.example".parse().expect("an issuer")).await;
    let (receiver, key) = (Receiver::start().await, ClientKey::new("ES256", "mine"));
    receiver.keeps("/keys", "", ClientKey::set(&[&key]));
    let by_name = format!("http://localhost:{}/keys", receiver.port());
    let allowed = world.another_node_with(|config| config.outbound.private_addresses = true).await;
    for url in [receiver.url("/keys"), by_name] {
        let id = keeping(&world, &url).await;
        let answer = ask(&world, &world, &key, &id).await;
        answer.is_refused(401, "invalid_client");
        assert!(receiver.calls_to("/keys").is_empty());
        allowed.look().await;
        works(&allowed, &world, &key, &id).await;
        assert_eq!(receiver.calls_to("/keys").len(), 1);
        receiver.forgets();
    }
}

async fn fetches_are_counted_and_a_dead_server_is_nothing_broken_here(backend: Backend) {
    let world = backend.world_with(|config| config.issuer = "https://id.example".parse().expect("an issuer")).await;
    let allowed = world.another_node_with(|config| config.outbound.private_addresses = true).await;
    let (receiver, key) = (Receiver::start().await, ClientKey::new("ES256", "mine"));
    receiver.keeps("/good", "", ClientKey::set(&[&key]));
    receiver.keeps("/strange", "", "nonsense");
    let mut ids = Vec::new();
    for path in ["/good", "/strange"] {
        ids.push(keeping(&world, &receiver.url(path)).await);
    }
    let (dead, _) = rude().await;
    ids.push(keeping(&world, &dead).await);
    for node in [&*world, &allowed] {
        node.look().await;
    }
    ask(&world, &world, &key, &ids[0]).await.is_refused(401, "invalid_client");
    works(&allowed, &world, &key, &ids[0]).await;
    works(&allowed, &world, &key, &ids[0]).await;
    ask(&allowed, &world, &key, &ids[1]).await.is_refused(401, "invalid_client");
    let mut last = None;
    // The sixth time it is left alone.
    for _ in 0..6 {
        let answer = ask(&allowed, &world, &key, &ids[2]).await;
        answer.is_refused(503, "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), "10", "{answer:?}");
        world.advance(10);
        last = Some(answer);
    }
    let counted = async |node: &Node, outcome: &str| {
        series(node, &format!("countersign_key_set_fetches_total{{outcome=\"{outcome}\"}}")).await
    };
    for (node, outcome, times) in [
        (&*world, "not_allowed", 1.0),
        (&*world, "fetched", 0.0),
        (&allowed, "fetched", 1.0),
        (&allowed, "unusable", 1.0),
        (&allowed, "away", 5.0),
        (&allowed, "resting", 1.0),
    ] {
        assert!((counted(node, outcome).await - times).abs() < 0.5, "{outcome}: {}", counted(node, outcome).await);
    }
    let refused = "countersign_refusals_total{error=\"temporarily_unavailable\",reason=\"client_keys_away\"}";
    assert!((series(&allowed, refused).await - 6.0).abs() < 0.5);
    let answer = last.expect("an answer");
    let log = logs();
    let of_it: Vec<&str> = log.lines().filter(|line| line.contains(answer.header("x-request-id"))).collect();
    assert!(of_it.iter().any(|line| line.contains("client_keys_away")), "{of_it:?}");
    assert!(!of_it.iter().any(|line| line.contains("\"ERROR\"")), "{of_it:?}");
    let host = dead.trim_end_matches("/keys");
    let warned = log.lines().any(|line| line.contains(host) && line.contains("\"WARN\""));
    assert!(warned, "an operator can see whose server it is");
}
