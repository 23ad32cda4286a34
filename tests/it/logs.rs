//! The log: every refusal can be found by its request id, and nothing that is secret is in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use countersign::protocol::client_authentication::AuthMethod;
use serde_json::Value;

use crate::harness::{Backend, Persona, TOKEN, logs, secrets, stories};

stories![
    no_secret_and_no_token_is_logged,
    a_refusal_is_logged_with_its_private_reason,
    a_breakage_is_logged_under_the_id_that_the_caller_was_told,
];

async fn no_secret_and_no_token_is_logged(backend: Backend) {
    let world = backend.world().await;
    let by_header = world.service_client(|_| ()).await;
    let by_body = world.service_client(|m| m.token_endpoint_auth_method = Some(AuthMethod::ClientSecretPost)).await;
    let mut kept = Vec::new();
    let mut ids = Vec::new();
    for client in [&by_header, &by_body] {
        let token = client.token(&world).await.text;
        client.introspect(&world, &token).await;
        client.revoke_well(&world, &token).await;
        let broken = [("grant_type", token.as_str()), ("scope", &client.secret), ("resource", &token)];
        ids.push(client.post(&world, TOKEN, &broken).await);
        ids.push(world.get(&format!("/nowhere/{token}?token={token}&client_secret={}", client.secret)).await);
        let wrong_place = Persona { id: client.secret.clone(), ..client.clone() };
        ids.push(wrong_place.ask(&world, &[]).await);
        let bearer = format!("Bearer {token}");
        let afar = [("x-forwarded-for", "203.0.113.9"), ("authorization", bearer.as_str())];
        ids.push(world.get_with("/metrics", &afar).await);
        kept.push(BASE64.encode(format!("{}:{}", client.id, client.secret)));
        for secret in [token, client.secret.clone()] {
            assert!(secrets::all().contains(&secret), "the harness notes what it sees");
            kept.push(secret);
        }
    }
    let log = logs();
    for answer in ids {
        assert!(log.contains(answer.header("x-request-id")), "the log knows of it: {answer:?}");
    }
    for secret in kept {
        let found = log.lines().find(|line| line.contains(&secret));
        assert_eq!(found, None);
    }
}

fn lines_about(id: &str) -> Vec<Value> {
    let json = |line: &str| serde_json::from_str(line).expect("a line of JSON");
    logs().lines().filter(|line| line.contains(id)).map(json).collect()
}

async fn a_refusal_is_logged_with_its_private_reason(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|_| ()).await;
    let wrong = Persona { secret: "wrong".to_owned(), ..client.clone() };
    let unknown = Persona { id: "nobody".to_owned(), ..client.clone() };
    let elsewhere = Persona { method: AuthMethod::ClientSecretPost, ..client.clone() };
    for (caller, reason) in [(wrong, "wrong_secret"), (unknown, "unknown_client"), (elsewhere, "wrong_auth_method")] {
        let answer = caller.ask(&world, &[]).await;
        answer.is_refused(401, "invalid_client");
        answer.never_says(&[reason]);
        let lines = lines_about(answer.header("x-request-id"));
        let line = lines.iter().find(|line| line["message"] == "refused").expect("a line about it");
        assert_eq!((&line["error"], &line["reason"]), (&"invalid_client".into(), &reason.into()), "{line}");
    }
}

async fn a_breakage_is_logged_under_the_id_that_the_caller_was_told(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|_| ()).await;
    client.token(&world).await;
    while !world.app.store.migrate_down().await.expect("the tables go").done.is_empty() {}
    let answer = client.ask(&world, &[]).await;
    answer.is_refused(500, "server_error");
    answer.never_says(&["client_secrets", "SELECT", "relation", "table"]);
    let lines = lines_about(answer.header("x-request-id"));
    let line = lines.iter().find(|line| line["message"] == "broken").expect("a line about it");
    assert_eq!((&line["level"], &line["what"]), (&"ERROR".into(), &"store".into()), "{line}");
    assert!(line["source"].as_str().is_some_and(|source| source.contains("clients")), "{line}");
}
