//! Scopes and resources by command, at a server that runs meanwhile.

use serde_json::{Value, json};

use super::clients::SERVICE;
use super::{Credentials, Home};
use crate::harness::{Backend, stories};

stories![
    scopes_are_made_listed_and_removed,
    a_scope_is_known_and_forgotten_within_a_second,
    resources_are_made_replaced_listed_and_removed,
    an_introspector_is_known_and_forgotten_within_a_second,
];

fn named<'a>(list: &'a Value, member: &str, name: &str) -> Option<&'a Value> {
    list.as_array().expect("a list").iter().find(|row| row[member] == name)
}

async fn scopes_are_made_listed_and_removed(backend: Backend) {
    let home = Home::new(backend).await;
    let made = home.json(&["scope", "create", "a:read", "--description", "Read the a"]).await;
    assert_eq!(made, json!({"name": "a:read", "description": "Read the a", "registrable": false}));
    assert!(home.refused(&["scope", "describe", "a:write", "--description", "W"]).await.contains("no scope a:write"));
    assert_eq!(home.run(&["scope", "describe", "a:read"], &[]).await.code, Some(2));
    let described = home.json(&["scope", "describe", "a:read", "--description", "Read all of the a"]).await;
    assert_eq!(described, json!({"name": "a:read", "description": "Read all of the a", "registrable": false}));
    let list = home.json(&["scope", "list"]).await;
    let row = named(&list, "name", "a:read").expect("it is listed");
    let row_of = json!({"name": "a:read", "description": "Read all of the a", "built_in": false, "registrable": false});
    assert_eq!(*row, row_of);
    for built_in in ["openid", "profile", "email", "address", "phone", "offline_access"] {
        assert_eq!(named(&list, "name", built_in).expect("it is listed")["built_in"], true);
        assert!(home.refused(&["scope", "delete", built_in]).await.contains("built in"));
    }
    assert!(home.refused(&["scope", "create", "a:read"]).await.contains("there is a scope a:read already"));
    assert!(home.refused(&["scope", "create", "two words"]).await.contains("one word"));
    home.json(&["scope", "delete", "a:read"]).await;
    assert!(home.refused(&["scope", "delete", "a:read"]).await.contains("there is no scope a:read"));
    assert!(named(&home.json(&["scope", "list"]).await, "name", "a:read").is_none());
}

async fn a_scope_is_known_and_forgotten_within_a_second(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    server.get("/.well-known/oauth-authorization-server").await;
    home.json(&["scope", "create", "a:read"]).await;
    let client = Credentials::of(&home.json(&[&SERVICE[..], &["--scope", "a:read"]].concat()).await);
    let asks = async || server.ask(&client, &[("scope", "a:read")]).await;
    server.soon("the scope is known", async || asks().await.json()["scope"] == "a:read").await;
    home.json(&["scope", "delete", "a:read"]).await;
    server.soon("the scope is forgotten", async || asks().await.status == 400).await;
    asks().await.is_refused(400, "invalid_scope");
}

async fn resources_are_made_replaced_listed_and_removed(backend: Backend) {
    let home = Home::new(backend).await;
    let client = Credentials::of(&home.json(&SERVICE).await).id;
    home.json(&["scope", "create", "a:read"]).await;
    let uri = "https://api.example";
    let create = ["resource", "create", uri];
    let more = ["--scope", "a:read", "--scope", "openid", "--introspector", &client];
    let made = home.json(&[&create[..], &more].concat()).await;
    assert_eq!(made, json!({"uri": uri, "scopes": ["a:read", "openid"], "introspectors": [client]}));
    assert_eq!(home.json(&["resource", "list"]).await, json!([made]));
    for (more, part) in [
        (["--scope", "a:wirte"], "there is no scope a:wirte: `countersign scope create` makes one"),
        (["--introspector", "nobody"], "an introspector is no client of this server"),
    ] {
        let said = home.refused(&[&create[..], &more].concat()).await;
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(home.json(&["resource", "list"]).await, json!([made]), "as it was");
    let replaced = home.json(&create).await;
    assert_eq!(replaced, json!({"uri": uri, "scopes": [], "introspectors": []}));
    assert_eq!(home.json(&["resource", "list"]).await, json!([replaced]));
    assert!(home.refused(&["resource", "create", "api"]).await.contains("an absolute URI"));
    let reader = Credentials::of(&home.json(&[&SERVICE[..], &["--audience", uri]].concat()).await).id;
    let said = home.refused(&["resource", "delete", uri]).await;
    assert!(said.contains(&reader), "its tokens would be wider without the resource: {said}");
    home.json(&["client", "delete", &reader]).await;
    home.json(&["resource", "delete", uri]).await;
    assert_eq!(home.json(&["resource", "list"]).await, json!([]));
    assert!(home.refused(&["resource", "delete", uri]).await.contains("there is no resource https://api.example"));
    assert!(home.refused(&["resource", "delete", "api"]).await.contains("there is no resource api"));
}

async fn an_introspector_is_known_and_forgotten_within_a_second(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let client = [&SERVICE[..], &["--audience", "https://api.example"]].concat();
    let client = Credentials::of(&home.json(&client).await);
    let api = Credentials::of(&home.json(&SERVICE).await);
    let token = server.token(&client).await;
    assert!(!server.is_active(&api, &token).await, "it is told nothing");
    home.json(&["resource", "create", "https://api.example", "--introspector", &api.id]).await;
    server.soon("it is told", async || server.is_active(&api, &token).await).await;
    home.json(&["resource", "create", "https://api.example"]).await;
    server.soon("it is told nothing again", async || !server.is_active(&api, &token).await).await;
    let said = home.refused(&["resource", "delete", "https://api.example"]).await;
    assert!(said.contains(&format!("the client {} may ask tokens for https://api.example", client.id)), "{said}");
}
