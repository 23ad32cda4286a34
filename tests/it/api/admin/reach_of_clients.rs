//! Who governs clients makes none, and acts as none, that may do more here than they.

use reqwest::Method;
use serde_json::{Value, json};

use super::{CLIENTS, exists, send};
use crate::api::Governed;
use crate::harness::{Backend, stories};

stories![
    a_client_is_given_no_right_that_the_giver_lacks,
    a_client_that_has_one_is_left_alone,
    this_servers_own_client_is_for_those_who_may_do_everything,
];

fn service(scope: &str) -> Value {
    json!({"grant_types": ["client_credentials"], "scope": scope})
}

async fn made(governed: &Governed, scope: &str) -> String {
    let answer = governed.post(CLIENTS, &service(scope)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let answer = answer.json();
    crate::harness::secrets::note(answer["client_secret"].as_str().expect("a secret"));
    format!("{CLIENTS}/{}", answer["client_id"].as_str().expect("an id"))
}

async fn a_client_is_given_no_right_that_the_giver_lacks(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let token = governed.token_with("admin:clients").await;
    let own = made(&governed, "openid").await;
    for scope in ["admin:users", "openid admin:keys", "admin:clients admin:roles"] {
        let body = service(scope);
        send(world, &token, Method::POST, CLIENTS, Some(&body)).await.is_problem(403, "forbidden");
        send(world, &token, Method::PUT, &own, Some(&body)).await.is_problem(403, "forbidden");
        let mut for_people = body.clone();
        for_people["grant_types"] = json!(["password"]);
        send(world, &token, Method::POST, CLIENTS, Some(&for_people)).await.is_problem(403, "forbidden");
    }
    assert_eq!(governed.get(&own).await.json()["scope"], "openid");
    let answer = send(world, &token, Method::POST, CLIENTS, Some(&service("admin:clients openid"))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    crate::harness::secrets::note(answer.json()["client_secret"].as_str().expect("a secret"));
}

async fn a_client_that_has_one_is_left_alone(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let token = governed.token_with("admin:clients").await;
    let strong = made(&governed, "admin:users").await;
    let before = governed.get(&strong).await.json();
    let secrets = governed.get(&format!("{strong}/secrets")).await.json();
    let secret = secrets["items"][0]["secret_id"].as_str().expect("an id").to_owned();
    let acts = [
        (Method::PUT, strong.clone(), Some(service("openid"))),
        (Method::PUT, strong.clone(), Some(service("admin:users"))),
        (Method::POST, format!("{strong}/secrets"), Some(json!({}))),
        (Method::DELETE, format!("{strong}/secrets/{secret}"), None),
        (Method::POST, format!("{strong}/disable"), None),
        (Method::POST, format!("{strong}/enable"), None),
        (Method::DELETE, strong.clone(), None),
    ];
    for (method, path, body) in &acts {
        let answer = send(world, &token, method.clone(), path, body.as_ref()).await;
        assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
        answer.is_problem(403, "forbidden");
    }
    assert_eq!(governed.get(&strong).await.json(), before);
    assert_eq!(governed.get(&format!("{strong}/secrets")).await.json(), secrets);
    let weak = made(&governed, "admin:clients").await;
    assert_eq!(send(world, &token, Method::POST, &format!("{weak}/disable"), None).await.status, 200);
    assert_eq!(send(world, &token, Method::DELETE, &weak, None).await.status, 204);
    assert!(!exists(world, "nobody").await);
}

async fn this_servers_own_client_is_for_those_who_may_do_everything(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let (own, user) = (format!("{CLIENTS}/first-party"), world.user("ann").await);
    let token = governed.token_with("admin:clients admin:users").await;
    let before = governed.get(&own).await.json();
    for (method, path, body) in [
        (Method::PUT, own.clone(), Some(&before)),
        (Method::POST, format!("{own}/disable"), None),
        (Method::POST, format!("{own}/enable"), None),
        (Method::DELETE, own.clone(), None),
    ] {
        send(world, &token, method, &path, body).await.is_problem(403, "forbidden");
    }
    world.login(&user).await;
    assert_eq!(governed.act(&format!("{own}/disable")).await.status, 200);
    assert_eq!(world.try_login("ann", &user.password).await.status, 403);
    assert_eq!(governed.act(&format!("{own}/enable")).await.status, 200);
    world.login(&user).await;
}
