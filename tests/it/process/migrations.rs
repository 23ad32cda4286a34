//! The tables by command, and the sweep.

use serde_json::json;

use super::clients::SERVICE;
use super::{Credentials, Home, Server};
use crate::harness::{Backend, stories};

stories![
    the_tables_come_and_go_by_command,
    a_start_that_must_not_migrate_refuses_an_old_database,
    a_sweep_forgets_what_may_be_forgotten,
];

async fn the_tables_come_and_go_by_command(backend: Backend) {
    let home = Home::new(backend).await;
    let empty = home.json(&["migrate", "status"]).await;
    let all = empty["pending"].as_array().expect("a list").clone();
    assert!(!all.is_empty() && empty["applied"] == json!([]), "{empty}");
    let up = home.json(&["migrate", "up"]).await;
    assert_eq!((&up["done"], &up["applied"], &up["pending"]), (&json!(all), &json!(all), &json!([])));
    assert_eq!(home.json(&["migrate", "up"]).await["done"], json!([]), "nothing is left to do");
    let client = Credentials::of(&home.json(&SERVICE).await);
    for _ in &all {
        home.json(&["migrate", "down"]).await;
    }
    assert_eq!(home.json(&["migrate", "status"]).await, empty);
    assert_eq!(home.json(&["migrate", "down"]).await["done"], json!([]), "nothing is left to take back");
    assert_eq!(home.json(&["migrate"]).await["done"], json!(all));
    let server = home.start().await;
    server.ask(&client, &[]).await.is_refused(401, "invalid_client");
    server.token(&server.first_client()).await;
}

async fn a_start_that_must_not_migrate_refuses_an_old_database(backend: Backend) {
    let home = Home::new(backend).await;
    let careful = home.clone().with("COUNTERSIGN_DATABASE__MIGRATE_AT_START", "false");
    let ran = Server::launch(&careful).program().ended().await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.contains("run `countersign migrate up`"), "{ran:?}");
    careful.json(&["migrate", "up"]).await;
    careful.start().await;
}

async fn a_sweep_forgets_what_may_be_forgotten(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let client = server.first_client();
    let token = server.token(&client).await;
    server.revoke(&client, &token).await;
    let nothing = json!({"revoked_tokens": 0, "client_assertions": 0, "login_failures": 0, "idempotency_keys": 0, "one_time_tokens": 0, "sessions": 0, "session_clients": 0, "codes": 0, "held_usernames": 0, "unconfirmed_users": 0, "dead_letters": 0, "client_secrets": 0, "personal_data": 0, "grants": 0, "initial_tokens": 0, "upstream_logins": 0, "unused_clients": 0});
    assert_eq!(home.json(&["sweep"]).await, nothing, "it is too early");
    let rows = (0..1200).map(|n| format!("('old-{n}', '{}', 1, 2)", client.id)).collect::<Vec<_>>().join(", ");
    home.sql(&format!("INSERT INTO revoked_tokens (jti, client_id, revoked_at, expires_at) VALUES {rows}")).await;
    home.sql(&format!(
        "INSERT INTO client_secrets (id, client_id, hash, created_at, expires_at) VALUES ('s', '{}', 'h', 1, 2)",
        client.id
    ))
    .await;
    home.sql("INSERT INTO audit_persons (digest, salt, at) VALUES ('d', 's', 2)").await;
    let all = json!({"revoked_tokens": 1200, "client_assertions": 0, "login_failures": 0, "idempotency_keys": 0, "one_time_tokens": 0, "sessions": 0, "session_clients": 0, "codes": 0, "held_usernames": 0, "unconfirmed_users": 0, "dead_letters": 0, "client_secrets": 1, "personal_data": 1, "grants": 0, "initial_tokens": 0, "upstream_logins": 0, "unused_clients": 0});
    assert_eq!(home.json(&["sweep"]).await, all);
    assert!(!server.is_active(&client, &token).await, "what may still be asked for is not forgotten");
    server.token(&client).await;
}
