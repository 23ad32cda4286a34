//! Metrics: who may read them, and that they tell what happened.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

use crate::harness::{Answer, Backend, Node, recorder, scopes, stories};

stories![metrics_are_for_those_who_run_the_server, metrics_tell_what_happened, metrics_tell_of_keys,];

const PATH: &str = "/metrics";
const FROM_AFAR: (&str, &str) = ("x-forwarded-for", "203.0.113.9");

async fn with_token(node: &Node, token: &str) -> Answer {
    node.get_with(PATH, &[FROM_AFAR, ("authorization", &format!("Bearer {token}"))]).await
}

async fn metrics_are_for_those_who_run_the_server(backend: Backend) {
    let world = backend.world().await;
    let answer = world.get(PATH).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    assert!(answer.header("content-type").starts_with("application/openmetrics-text; version=1.0.0"));
    assert!(answer.body.ends_with("# EOF\n"), "a whole text");

    let answer = world.get_with(PATH, &[FROM_AFAR]).await;
    answer.is_problem(401, "invalid_token");
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"countersign\"", "without a token there is no error");
    let answer = with_token(&world, "nonsense").await;
    answer.is_problem(401, "invalid_token");
    assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{answer:?}");

    world.scopes(["countersign:metrics", "read"]).await;
    let client = world.service_client(|m| m.scope = scopes("countersign:metrics read")).await;
    let token = client.token(&world).await.text;
    assert_eq!(with_token(&world, &token).await.status, 200);
    let lacking = with_token(&world, &client.token_for(&world, &[("scope", "read")]).await.text).await;
    lacking.is_problem(403, "insufficient_scope");
    let challenge = lacking.header("www-authenticate");
    assert!(
        challenge.contains("insufficient_scope") && challenge.contains("scope=\"countersign:metrics\""),
        "{challenge}"
    );
    for kid in ["", "a\\u0000b", "nobody", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let header = BASE64URL.encode(format!(r#"{{"typ":"at+jwt","alg":"RS256","kid":"{kid}"}}"#));
        with_token(&world, &format!("{header}.e30.AAAA")).await.is_problem(401, "invalid_token");
    }
    client.revoke_well(&world, &token).await;
    let revoked = with_token(&world, &token).await;
    revoked.is_problem(401, "invalid_token");
    revoked.never_says(&[&token]);
}

/// The number behind a series; zero when it is not there.
pub async fn series(node: &Node, name: &str) -> f64 {
    let body = node.get(PATH).await.body;
    let value = body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap_or("0");
    value.parse().expect("a number")
}

async fn metrics_tell_what_happened(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|_| ()).await;
    let issued = "countersign_tokens_issued_total{grant=\"client_credentials\"}";
    let answered = "countersign_requests_total{route=\"/oauth2/token\",method=\"POST\",status=\"200\"}";
    let refused = "countersign_refusals_total{error=\"invalid_client\",reason=\"unknown_client\"}";
    let not_served = "countersign_refusals_total{error=\"unsupported_grant_type\",reason=\"grant_not_served\"}";
    for name in [issued, answered, refused, not_served] {
        assert!(series(&world, name).await.abs() < 0.5, "{name}");
    }
    client.token(&world).await;
    client.token(&world).await;
    world.post("/oauth2/token", &[("client_id", "nobody")]).await.is_refused(401, "invalid_client");
    client.post(&world, "/oauth2/token", &[("grant_type", "implicit")]).await.is_refused(400, "unsupported_grant_type");
    for (name, expected) in [(issued, 2.0), (answered, 2.0), (refused, 1.0), (not_served, 1.0)] {
        assert!((series(&world, name).await - expected).abs() < 0.5, "{name}");
    }
    assert!(series(&world, "countersign_pool_size").await > 0.5);
    assert!(series(&world, "countersign_connections").await > 0.5);
    if backend == Backend::Cluster {
        world.another_node().await;
        assert!(series(&world, "countersign_cache_total{verb=\"put\",outcome=\"kept\"}").await > 0.5);
    }
}

async fn metrics_tell_of_keys(backend: Backend) {
    let world = backend.world().await;
    let token = world.service_client(|_| ()).await.token(&world).await;
    world.advance(1000);
    let kid = token.kid();
    let name = format!("countersign_key_age_seconds{{kid=\"{kid}\",phase=\"active\",algorithm=\"RS256\"}}");
    assert!((series(&world, &name).await - 1000.0).abs() < 0.5);
    world.app.keyring.rotate(world.clock.now(), &recorder).await.expect("it is time");
    let name = format!("countersign_key_age_seconds{{kid=\"{kid}\",phase=\"retiring\",algorithm=\"RS256\"}}");
    assert!((series(&world, &name).await - 1000.0).abs() < 0.5);
}
