//! Health: what everybody may know, and what only those who run the server.

use serde_json::{Value, json};

use crate::harness::{Backend, Node, resources, scopes, stories};

stories![
    a_node_is_alive_and_ready,
    details_are_for_those_who_run_the_server,
    a_trusted_proxy_says_who_is_near,
    a_listed_network_sees_details,
    a_token_with_the_scope_shows_details,
    a_draining_node_serves_on_but_wants_nothing_new,
];

const READY: &str = "/health/ready";
const FROM_AFAR: (&str, &str) = ("x-forwarded-for", "203.0.113.9");

/// Whether the answer says more than the status.
async fn shows_details(node: &Node, headers: &[(&str, &str)]) -> bool {
    let answer = node.get_with(READY, headers).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{answer:?}");
    let answer = answer.json();
    if answer.get("store").is_none() {
        assert_eq!(answer, json!({"status": "ok"}));
    }
    answer.get("store").is_some()
}

async fn a_node_is_alive_and_ready(backend: Backend) {
    let world = backend.world().await;
    assert_eq!(world.get("/health/live").await.json(), json!({"status": "ok"}));
    let (store, cache) = match backend {
        Backend::Embedded => ("SQLite", "memory"),
        Backend::Cluster => ("Postgres", "Redis"),
    };
    for path in ["/health", READY] {
        let answer = world.get(path).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
        assert_eq!(
            answer.json(),
            json!({
                "status": "ok", "version": env!("CARGO_PKG_VERSION"), "store": {"kind": store, "up": true},
                "cache": {"kind": cache, "up": true}, "can_sign": true,
            })
        );
    }
}

async fn details_are_for_those_who_run_the_server(backend: Backend) {
    let world = backend.world().await;
    assert!(shows_details(&world, &[]).await, "this machine");
    for passed_on in [
        FROM_AFAR,
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-for", ""),
        ("forwarded", "for=203.0.113.9"),
        ("forwarded", "for=127.0.0.1"),
        ("forwarded", "nonsense"),
    ] {
        assert!(!shows_details(&world, &[passed_on]).await, "a proxy that nobody trusts: {passed_on:?}");
    }
    assert!(!shows_details(&world, &[FROM_AFAR, ("authorization", "Bearer nonsense")]).await);
    assert!(!shows_details(&world, &[FROM_AFAR, ("authorization", "Basic bm9uOnNlbnNl")]).await);
}

async fn a_trusted_proxy_says_who_is_near(backend: Backend) {
    let trusted = "127.0.0.0/8".parse().expect("a network");
    let world = backend.world_with(|config| config.server.trusted_proxies = vec![trusted]).await;
    assert!(!shows_details(&world, &[FROM_AFAR]).await);
    assert!(!shows_details(&world, &[("x-forwarded-for", "127.0.0.1, 203.0.113.9")]).await, "the first is hearsay");
    // Nobody but the proxy itself is left then: the headers contradict each other, or hide who asks.
    for hidden in [
        &[("x-forwarded-for", "127.0.0.1")][..],
        &[FROM_AFAR, ("forwarded", "for=198.51.100.7")],
        &[FROM_AFAR, ("forwarded", "for=unknown")],
        &[("forwarded", "for=unknown")],
    ] {
        assert!(!shows_details(&world, hidden).await, "{hidden:?}");
    }
    assert!(shows_details(&world, &[]).await, "nothing was passed on");
}

async fn a_listed_network_sees_details(backend: Backend) {
    let world = backend
        .world_with(|config| {
            config.server.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
            config.metrics.networks = vec!["203.0.113.0/24".parse().expect("a network")];
        })
        .await;
    assert!(shows_details(&world, &[FROM_AFAR]).await);
    assert!(!shows_details(&world, &[("x-forwarded-for", "198.51.100.1")]).await);
    let untrusting = world.another_node_with(|config| config.server.trusted_proxies.clear()).await;
    assert!(!shows_details(&untrusting, &[FROM_AFAR]).await, "anybody can write such a header");
}

async fn a_token_with_the_scope_shows_details(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["countersign:metrics", "read"]).await;
    let operator = world.service_client(|m| m.scope = scopes("countersign:metrics read")).await;
    let with = async |token: &str| {
        let bearer = format!("Bearer {token}");
        shows_details(&world, &[FROM_AFAR, ("authorization", &bearer)]).await
    };
    let token = operator.token(&world).await.text;
    assert!(with(&token).await);
    let lacking = operator.token_for(&world, &[("scope", "read")]).await.text;
    assert!(!with(&lacking).await, "it lacks the scope");
    operator.revoke_well(&world, &token).await;
    assert!(!with(&token).await, "it is revoked");
    let elsewhere = world
        .service_client(|m| {
            m.scope = scopes("countersign:metrics");
            m.audience = resources(["https://orders.example/api"]);
        })
        .await;
    assert!(!with(&elsewhere.token(&world).await.text).await, "it is for another API");
}

async fn a_draining_node_serves_on_but_wants_nothing_new(backend: Backend) {
    let world = backend.world().await;
    world.draining.begin();
    for path in ["/health", READY] {
        let answer = world.get_with(path, &[FROM_AFAR]).await;
        assert_eq!((answer.status, answer.json()), (503, json!({"status": "draining"})), "{path}");
    }
    assert_eq!(world.get("/health/live").await.status, 200);
    let token: Value = world.service_client(|_| ()).await.token(&world).await.answer;
    assert_eq!(token["token_type"], "Bearer");
}
