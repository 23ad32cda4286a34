//! A request that comes again is answered again, and not done again.

use reqwest::Method;
use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};

use super::{CLIENTS, Governed, KEYS, SCOPES};
use crate::contract::database::Raw;
use crate::contract::race;
use crate::harness::{Answer, Backend, secrets, stories};

stories![
    a_repeated_request_gets_the_same_answer,
    of_many_that_send_it_at_once_one_takes_effect,
    another_body_and_another_caller_are_told_apart,
    a_refusal_is_kept_unless_a_later_attempt_may_go_well,
    a_key_is_one_readable_word,
    a_secret_is_kept_sealed_and_lives_through_a_restart,
    who_died_in_the_middle_is_followed,
];

impl Governed {
    async fn once(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[("idempotency-key", key)], Some(body)).await
    }

    async fn raw(&self) -> Raw {
        Raw::open(&self.world.app.config.database).await
    }

    async fn clients(&self) -> usize {
        self.get(&format!("{CLIENTS}?limit=200")).await.json()["items"].as_array().expect("a list").len()
    }
}

fn service() -> Value {
    json!({"grant_types": ["client_credentials"]})
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

async fn a_repeated_request_gets_the_same_answer(backend: Backend) {
    let governed = Governed::start(backend).await;
    let first = governed.once("k", CLIENTS, &service()).await;
    assert!(first.status == 201 && !is_replayed(&first), "{first:?}");
    let before = governed.clients().await;
    let another = governed.world.another_node().await;
    for node in [&*governed.world, &another] {
        let request = governed.request_to(node, Method::POST, CLIENTS).header("idempotency-key", "k");
        let again = node.send(request.json(&service())).await;
        assert!(is_replayed(&again), "{again:?}");
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.header("location"), first.header("location"));
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    }
    assert_eq!(governed.clients().await, before);
    let other = governed.once("another", CLIENTS, &service()).await;
    assert!(other.status == 201 && !is_replayed(&other), "{other:?}");
    let without = governed.post(CLIENTS, &service()).await;
    assert_eq!(without.status, 201);
    assert_eq!(governed.clients().await, before + 2);
    // After a day it is another request.
    governed.world.advance(86_400);
    let token = governed.service.token(&governed.world).await.text;
    let governed = Governed { token, ..governed };
    let later = governed.once("k", CLIENTS, &service()).await;
    assert!(later.status == 201 && !is_replayed(&later), "{later:?}");
    assert_ne!(later.json()["client_id"], first.json()["client_id"]);
}

async fn of_many_that_send_it_at_once_one_takes_effect(backend: Backend) {
    let governed = Governed::start(backend).await;
    let another = governed.world.another_node().await;
    let before = governed.clients().await;
    let racers = (0..20).map(|number| {
        let node = if number % 2 == 0 { &*governed.world } else { &another };
        let request = governed.request_to(node, Method::POST, CLIENTS).header("idempotency-key", "k").json(&service());
        async move { Answer::read(request.send().await.expect("an answer")).await }
    });
    let answers = race(racers.collect()).await;
    assert_eq!(governed.clients().await, before + 1, "{answers:?}");
    let settled = governed.once("k", CLIENTS, &service()).await;
    let done: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!done.is_empty() && done.iter().filter(|answer| !is_replayed(answer)).count() <= 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"), "{answer:?}");
        assert_eq!(answer.header(RETRY_AFTER), "1", "{answer:?}");
    }
    assert!(is_replayed(&settled) && done.iter().all(|answer| answer.body == settled.body), "{answers:?}");
}

async fn another_body_and_another_caller_are_told_apart(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let first = governed.once("k", SCOPES, &json!({"name": "a"})).await;
    assert_eq!(first.status, 201);
    let other = governed.once("k", SCOPES, &json!({"name": "b"})).await;
    other.is_problem(422, "idempotency_key_reused");
    let query = governed.once("k", &format!("{SCOPES}?x=1"), &json!({"name": "a"})).await;
    query.is_problem(422, "idempotency_key_reused");
    governed.get(&format!("{SCOPES}/b")).await.is_problem(404, "not_found");
    // The same word at another route, and of another caller, is another key.
    assert_eq!(governed.once("k", CLIENTS, &service()).await.status, 201);
    let neighbour = world.service_client(|m| m.scope = crate::harness::scopes("admin:scopes")).await;
    let token = neighbour.token(world).await.text;
    let request = world.request(Method::POST, SCOPES).bearer_auth(&token).header("idempotency-key", "k");
    world.send(request.json(&json!({"name": "a"}))).await.is_problem(409, "conflict");
    // Without the scope nobody is given an answer, whatever the key.
    let stranger = world.service_client(|_| ()).await.token(world).await.text;
    let request = world.request(Method::POST, SCOPES).bearer_auth(&stranger).header("idempotency-key", "k");
    world.send(request.json(&json!({"name": "a"}))).await.is_problem(403, "insufficient_scope");
    assert!(is_replayed(&governed.once("k", SCOPES, &json!({"name": "a"})).await));
}

async fn a_refusal_is_kept_unless_a_later_attempt_may_go_well(backend: Backend) {
    let governed = Governed::start(backend).await;
    assert_eq!(governed.post(SCOPES, &json!({"name": "a"})).await.status, 201);
    governed.once("taken", SCOPES, &json!({"name": "a"})).await.is_problem(409, "conflict");
    governed.send(Method::DELETE, &format!("{SCOPES}/a"), &[], None).await;
    let again = governed.once("taken", SCOPES, &json!({"name": "a"})).await;
    assert!(again.status == 409 && is_replayed(&again), "the answer stands: {again:?}");
    assert_eq!(governed.once("new", SCOPES, &json!({"name": "a"})).await.status, 201);
    // What was malformed was never the request of a key.
    governed.once("bad", SCOPES, &json!({"name": "two words"})).await.is_problem(422, "invalid_fields");
    assert_eq!(governed.once("bad", SCOPES, &json!({"name": "good"})).await.status, 201);
    let early = governed.once("early", &format!("{KEYS}/rotate"), &json!({})).await;
    early.is_problem(409, "conflict");
}

async fn a_key_is_one_readable_word(backend: Backend) {
    let governed = Governed::start(backend).await;
    let long = "k".repeat(256);
    for bad in ["", "two words", "\t", &long, "é"] {
        let answer = governed.once(bad, SCOPES, &json!({"name": "a"})).await;
        assert_eq!(answer.status, 400, "{bad}: {answer:?}");
        answer.is_problem(400, "invalid_request");
    }
    let twice = governed.request(Method::POST, SCOPES).header("idempotency-key", "a").header("idempotency-key", "b");
    governed.world.send(twice.json(&json!({"name": "a"}))).await.is_problem(400, "invalid_request");
    let fits = "k".repeat(255);
    for (good, name) in [(fits.as_str(), "a"), ("\"8e03978e-40d5\"", "b"), ("!~", "c")] {
        assert_eq!(governed.once(good, SCOPES, &json!({"name": name})).await.status, 201, "{good}");
    }
}

async fn a_secret_is_kept_sealed_and_lives_through_a_restart(backend: Backend) {
    let governed = Governed::start(backend).await;
    let first = governed.once("my-own-key", CLIENTS, &service()).await;
    let secret = first.json()["client_secret"].as_str().expect("a secret").to_owned();
    secrets::note(&secret);
    let columns = "id || ' ' || request_hash || ' ' || holder || ' ' || COALESCE(answer, '')";
    let rows = governed.raw().await.texts(&format!("SELECT {columns} FROM idempotency")).await;
    assert_eq!(rows.len(), 1);
    for kept in [secret.as_str(), "my-own-key", "client_secret", "client_credentials", &governed.service.id] {
        assert!(!rows[0].contains(kept), "{kept} in {rows:?}");
    }
    // A node that starts later on the same database knows the answer.
    let later = governed.world.another_node().await;
    let request = governed.request_to(&later, Method::POST, CLIENTS).header("idempotency-key", "my-own-key");
    let again = later.send(request.json(&service())).await;
    assert!(is_replayed(&again) && again.body == first.body, "{again:?}");
}

async fn who_died_in_the_middle_is_followed(backend: Backend) {
    let governed = Governed::start(backend).await;
    assert_eq!(governed.once("k", SCOPES, &json!({"name": "a"})).await.status, 201);
    // As a node leaves it that dies before it has kept the answer, and before it has done anything.
    governed.raw().await.execute("UPDATE idempotency SET answer = NULL").await;
    governed.send(Method::DELETE, &format!("{SCOPES}/a"), &[], None).await;
    let busy = governed.once("k", SCOPES, &json!({"name": "a"})).await;
    assert_eq!((busy.status, busy.header(RETRY_AFTER)), (409, "1"), "{busy:?}");
    governed.world.advance(60);
    let done = governed.once("k", SCOPES, &json!({"name": "a"})).await;
    assert!(done.status == 201 && !is_replayed(&done), "{done:?}");
    assert!(is_replayed(&governed.once("k", SCOPES, &json!({"name": "a"})).await));
}
