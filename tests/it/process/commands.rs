//! What all commands keep to: one JSON value on standard output, three exit codes, and a server that goes on beside them.

use super::{Credentials, Home};
use crate::harness::{Backend, stories, tell};

stories![every_command_prints_one_json_value_beside_a_running_server, a_command_on_an_empty_database_migrates_it];

async fn every_command_prints_one_json_value_beside_a_running_server(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let first = server.first_client();
    let create = ["client", "create", "--name", "Other", "--grant", "client_credentials"];
    let other = Credentials::of(&home.json(&create).await).id;
    let secret = home.json(&["client", "secret", "add", &other]).await;
    let secret = secret["secret_id"].as_str().expect("an id").to_owned();
    let id = other.as_str();
    let commands: &[&[&str]] = &[
        &["client", "list"],
        &["client", "show", id],
        &["client", "secret", "list", id],
        &["client", "secret", "delete", id, &secret],
        &["client", "disable", id],
        &["client", "enable", id],
        &["scope", "create", "a:read", "--description", "Read it"],
        &["scope", "describe", "a:read", "--description", "Read all of it"],
        &["scope", "list"],
        &["resource", "create", "https://api.example", "--scope", "a:read", "--introspector", id],
        &["resource", "list"],
        &["resource", "delete", "https://api.example"],
        &["scope", "delete", "a:read"],
        &["client", "delete", id],
        &["key", "list"],
        &["key", "rotate", "--emergency"],
        &["key", "reseal"],
        &["key", "reseal", "--new-key"],
        &["audit", "list"],
        &["audit", "verify"],
        &["migrate"],
        &["migrate", "up"],
        &["migrate", "status"],
        &["sweep"],
        &["config", "show"],
        &["config", "check"],
        &["doctor"],
    ];
    for command in commands {
        let value = home.json(command).await;
        assert!(value.is_object() || value.is_array(), "{command:?}: {value}");
    }
    server.token(&first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_lines_and_tables() {
    tell(async {
        let home = Home::new(Backend::Embedded).await;
        for (command, part) in [
            (["client", "list"], "AUTHENTICATION"),
            (["scope", "list"], "offline_access"),
            (["resource", "list"], "INTROSPECTORS"),
            (["key", "list"], "active"),
            (["migrate", "status"], "applied"),
            (["config", "show"], "sqlite:data/countersign.db"),
            (["config", "check"], "the settings are right"),
        ] {
            let ran = home.run(&command, &[]).await;
            assert_eq!(ran.code, Some(0), "{command:?}: {ran:?}");
            assert!(ran.out.contains(part), "{command:?}: {ran:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_called_rightly_ends_with_2_and_does_nothing() {
    tell(async {
        let home = Home::new(Backend::Embedded).await;
        let wrong: &[&[&str]] = &[
            &["nonsense"],
            &["client"],
            &["client", "create"],
            &["client", "create", "--name", "N"],
            &["client", "create", "--from", "-", "--name", "N"],
            &["client", "create", "--name", "N", "--grant", "client_credentials", "--public", "--auth-method", "none"],
            &["client", "create", "--name", "N", "--grant", "client_credentials", "--access-token-lifetime", "long"],
            &["key", "rotate", "--now"],
            &["migrate", "sideways"],
            &["config"],
        ];
        for arguments in wrong {
            let ran = home.run(&[*arguments, &["--json"]].concat(), &[]).await;
            assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
            assert!(!ran.err.is_empty(), "{arguments:?}: it says why");
        }
        assert!(!home.path("data").exists() && !home.path("keys").exists());
    })
    .await;
}

async fn a_command_on_an_empty_database_migrates_it(backend: Backend) {
    let home = Home::new(backend).await;
    let create = ["client", "create", "--name", "First", "--grant", "client_credentials"];
    let client = Credentials::of(&home.json(&create).await);
    let server = home.start().await;
    server.token(&client).await;
    assert!(!server.out().contains("secret"), "no other first client: {}", server.out());
}
