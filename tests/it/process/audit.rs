//! The audit log by command: what commands leave in it, and how it is listed, exported and verified.

use serde_json::Value;

use super::clients::SERVICE;
use super::{Credentials, Home};
use crate::harness::{A_WHILE, Backend, secrets, stories, within};

stories![
    what_an_operator_does_is_recorded,
    acts_are_listed_page_by_page,
    a_running_server_seals_and_its_log_holds_the_heads,
];

/// The exported acts: JSON values line by line.
async fn export(home: &Home, filter: &[&str]) -> Vec<Value> {
    let ran = home.run(&[&["audit", "export"], filter].concat(), &[]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out.lines().map(|line| serde_json::from_str(line).expect("a JSON value on each line")).collect()
}

fn acts(exported: &[Value]) -> Vec<&str> {
    exported.iter().map(|act| act["act"].as_str().expect("an act")).collect()
}

async fn what_an_operator_does_is_recorded(backend: Backend) {
    let home = Home::new(backend).await;
    let client = Credentials::of(&home.json(&SERVICE).await);
    let added = home.json(&["client", "secret", "add", &client.id]).await;
    let (secret_id, secret) = (added["secret_id"].as_str().expect("an id"), added["client_secret"].as_str());
    let secret = secret.expect("a secret");
    secrets::note(secret);
    let document = r#"{"client_name": "Mallory", "contacts": ["mallory@example.com"],
        "grant_types": ["client_credentials"], "response_types": []}"#;
    let metadata = home.write("client.json", document);
    let metadata = metadata.to_str().expect("a path");
    let id = client.id.as_str();
    let commands: &[(&[&str], &str)] = &[
        (&["client", "update", id, "--from", metadata], "client_updated"),
        (&["client", "secret", "delete", id, secret_id], "client_secret_deleted"),
        (&["client", "disable", id], "client_disabled"),
        (&["client", "enable", id], "client_enabled"),
        (&["scope", "create", "a:read"], "scope_created"),
        (&["resource", "create", "https://api.example", "--scope", "a:read"], "resource_set"),
        (&["resource", "delete", "https://api.example"], "resource_deleted"),
        (&["scope", "delete", "a:read"], "scope_deleted"),
        (&["client", "delete", id], "client_deleted"),
        (&["key", "rotate", "--emergency"], "key_rotated"),
        (&["key", "reseal", "--new-key"], "keys_resealed"),
    ];
    let mut expected = vec!["client_created", "client_secret_added"];
    for (command, act) in commands {
        home.json(command).await;
        let exported = export(&home, &["--act", act]).await;
        assert_eq!(acts(&exported), [*act], "{command:?}");
        assert_eq!((&exported[0]["actor_kind"], &exported[0]["outcome"]), (&"operator".into(), &"done".into()));
        expected.push(act);
    }
    // What was refused changed nothing.
    for refused in [&["client", "enable", id][..], &["scope", "delete", "openid"], &["key", "retire", "nobody"]] {
        home.refused(refused).await;
    }
    let exported = export(&home, &[]).await;
    let mut found = acts(&exported);
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let text = format!("{exported:?}");
    for kept in [client.secret.as_str(), secret, "Mallory", "mallory@example.com"] {
        assert!(!text.contains(kept), "{kept}: {text}");
    }
    assert_eq!(export(&home, &["--user", "nobody"]).await, Vec::<Value>::new());
    assert_eq!(export(&home, &["--since", "2099-01-01T00:00:00Z"]).await, Vec::<Value>::new());
    assert_eq!(export(&home, &["--until", "2099-01-01T00:00:00Z", "--json"]).await.len(), exported.len());
}

async fn acts_are_listed_page_by_page(backend: Backend) {
    let home = Home::new(backend).await;
    for scope in ["a", "b", "c"] {
        home.json(&["scope", "create", scope]).await;
    }
    let first = home.json(&["audit", "list", "--limit", "2"]).await;
    assert_eq!(first["acts"].as_array().map(Vec::len), Some(2));
    let next = first["next"].as_str().expect("there is more");
    let second = home.json(&["audit", "list", "--limit", "2", "--after", next]).await;
    assert_eq!((second["acts"].as_array().map(Vec::len), &second["next"]), (Some(1), &Value::Null));
    let mut scopes: Vec<_> = [&first, &second]
        .into_iter()
        .flat_map(|page| page["acts"].as_array().expect("acts"))
        .map(|act| act["target_id"].as_str().expect("a scope"))
        .collect();
    scopes.sort_unstable();
    assert_eq!(scopes, ["a", "b", "c"]);
    let table = home.run(&["audit", "list"], &[]).await.out;
    assert!(table.contains("scope_created") && table.contains("operator") && table.contains("scope b"), "{table}");
    for wrong in [&["--act", "nonsense"][..], &["--since", "noon"], &["--after", "x"], &["--outcome", "maybe"]] {
        let ran = home.run(&[&["audit", "list"], wrong].concat(), &[]).await;
        assert_eq!(ran.code, Some(2), "{ran:?}");
    }
}

async fn a_running_server_seals_and_its_log_holds_the_heads(backend: Backend) {
    let home = Home::new(backend).await.with("COUNTERSIGN_AUDIT__SEAL_SECONDS", "1");
    let mut server = home.start().await;
    home.json(&["scope", "create", "a"]).await;
    within(A_WHILE, "the act is sealed", async || home.json(&["audit", "verify"]).await["unsealed"] == 0).await;
    let head = home.json(&["audit", "verify"]).await["head"].as_str().expect("a head").to_owned();
    assert!(server.program().err().contains(&head), "the server logged {head}");
    let report = home.json(&["audit", "verify", "--head", &head]).await;
    assert_eq!((&report["damage"], &report["withdrawn_seals"]), (&Value::Null, &0.into()));
    let text = home.run(&["audit", "verify"], &[]).await;
    assert!(text.code == Some(0) && text.out.contains("No sealed act was changed"), "{text:?}");

    // As if the log had once been longer.
    let (_, hash) = head.split_once(':').expect("a position and a hash");
    let longer = format!("1000:{hash}");
    let ran = home.run(&["audit", "verify", "--head", &longer, "--json"], &[]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let report: Value = serde_json::from_str(&ran.out).expect("one JSON value");
    assert_eq!(report["damage"]["position"], 1000);
    let ran = home.run(&["audit", "verify", "--head", &longer], &[]).await;
    assert!(ran.code == Some(1) && ran.out.contains("DAMAGED at position 1000"), "{ran:?}");
    assert_eq!(home.run(&["audit", "verify", "--head", "nonsense"], &[]).await.code, Some(2));
    home.sql("UPDATE audit_log SET target_id = 'b' WHERE target_id = 'a'").await;
    let ran = home.run(&["audit", "verify"], &[]).await;
    assert!(ran.code == Some(1) && ran.out.contains("it, or its hash, was altered"), "{ran:?}");
}
