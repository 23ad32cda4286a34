//! Who may call `/api/v1`.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use super::{Governed, SCOPES};
use crate::harness::{Backend, stories};

stories![
    without_a_good_token_nobody_may,
    each_operation_wants_the_scope_that_its_document_names,
    a_token_that_ended_is_no_token,
];

async fn without_a_good_token_nobody_may(backend: Backend) {
    let governed = Governed::start(backend).await;
    let (world, good) = (&governed.world, format!("Bearer {}", governed.token));
    world.resource("https://other.example", "admin:scopes", &[]).await;
    let elsewhere = world
        .service_client(|m| {
            m.scope = crate::harness::scopes("admin:scopes");
            m.audience = crate::harness::resources(["https://other.example"]);
        })
        .await;
    let elsewhere = elsewhere.token_for(world, &[("resource", "https://other.example")]).await.text;
    let answer = world.get(SCOPES).await;
    answer.is_problem(401, "invalid_token");
    assert_eq!(answer.header(WWW_AUTHENTICATE), "Bearer realm=\"countersign\"");
    let twice = world.request(Method::GET, SCOPES).header(AUTHORIZATION, &good).header(AUTHORIZATION, &good);
    let mut bodies = Vec::new();
    for (what, request) in [
        ("two headers", twice),
        (
            "another scheme",
            world.request(Method::GET, SCOPES).basic_auth(&governed.service.id, Some(&governed.service.secret)),
        ),
        ("nothing behind the scheme", world.request(Method::GET, SCOPES).header(AUTHORIZATION, "Bearer")),
        ("no token", world.request(Method::GET, SCOPES).bearer_auth("abc")),
        ("spaces", world.request(Method::GET, SCOPES).bearer_auth("a b")),
        ("a changed token", world.request(Method::GET, SCOPES).bearer_auth(format!("{}x", governed.token))),
        ("a token for another API", world.request(Method::GET, SCOPES).bearer_auth(&elsewhere)),
    ] {
        let answer = world.send(request).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        answer.is_problem(401, "invalid_token");
        assert_eq!(answer.header(WWW_AUTHENTICATE), "Bearer realm=\"countersign\", error=\"invalid_token\"", "{what}");
        answer.never_says(&[&governed.token, &elsewhere]);
        let mut body = answer.json();
        body["request_id"] = Value::Null;
        bodies.push(body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "whatever is wrong, the answer is the same: {bodies:?}");
    let in_query = world.get(&format!("{SCOPES}?access_token={}", governed.token)).await;
    in_query.is_problem(401, "invalid_token");
    assert_eq!(governed.get(SCOPES).await.status, 200);
}

async fn each_operation_wants_the_scope_that_its_document_names(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let other = world.service_client(|_| ()).await.token(world).await.text;
    let specification = world.get("/openapi.json").await.json();
    let token_url =
        &specification["components"]["securitySchemes"]["access_token"]["flows"]["clientCredentials"]["tokenUrl"];
    assert_eq!(*token_url, format!("{}/oauth2/token", world.issuer()));
    let mut operations = 0;
    for (path, item) in specification["paths"].as_object().expect("paths") {
        for (name, operation) in item.as_object().expect("methods") {
            let scopes = operation["security"][0]["access_token"].as_array();
            let of_people = path.starts_with("/api/v1/users") || path.ends_with("/change-password");
            // Logging out takes any token, or none when the body has one; userinfo answers in the manner of OAuth.
            let is_named = scopes.is_some() && !path.ends_with("/logout") && path != "/oauth2/userinfo";
            assert_eq!(is_named, path.starts_with("/api/v1/admin/") || of_people, "{name} {path}");
            let Some(scopes) = scopes.filter(|_| is_named) else { continue };
            let [scope] = scopes.as_slice() else { panic!("{name} {path} names one scope: {scopes:?}") };
            let method: Method = name.to_uppercase().parse().expect("a method");
            let answer = world.send(world.request(method.clone(), path).bearer_auth(&other)).await;
            answer.is_problem(403, "insufficient_scope");
            let challenge = answer.header(WWW_AUTHENTICATE);
            assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
            assert!(challenge.contains(&format!("scope={scope}")), "{name} {path}: {challenge}");
            operations += 1;
        }
    }
    assert!(operations >= 50, "{operations}");
}

async fn a_token_that_ended_is_no_token(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let another = governed.service.token(world).await.text;
    governed.service.revoke_well(world, &another).await;
    world.send(world.request(Method::GET, SCOPES).bearer_auth(&another)).await.is_problem(401, "invalid_token");
    assert_eq!(governed.get(SCOPES).await.status, 200);
    // A client that is disabled in the middle of its work is out at once.
    let path = format!("{}/{}/disable", super::CLIENTS, governed.service.id);
    assert_eq!(governed.post(&path, &json!({})).await.status, 200);
    governed.get(SCOPES).await.is_problem(401, "invalid_token");
}
