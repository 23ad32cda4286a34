//! The documentation is of this server, and is shown without any other.

mod generated;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::harness::{Backend, stories};

stories![
    every_documented_operation_is_served,
    what_an_operation_answers_is_documented,
    what_browsers_come_with_is_documented,
    the_page_needs_no_other_server,
];

async fn every_documented_operation_is_served(backend: Backend) {
    let world = backend.world().await;
    let specification = world.get("/openapi.json").await.json();
    assert_eq!(specification["servers"][0]["url"], world.issuer());
    let mut operations = 0;
    for (path, item) in specification["paths"].as_object().expect("paths") {
        let item = item.as_object().expect("methods");
        for name in item.keys() {
            let method: Method = name.to_uppercase().parse().expect("a method");
            let answer = world.send(world.request(method, path)).await;
            assert!(![404, 405, 500].contains(&answer.status), "{name} {path}: {answer:?}");
            operations += 1;
        }
        // No path has this one.
        let answer = world.send(world.request(Method::from_bytes(b"PURGE").expect("a method"), path)).await;
        assert_eq!(answer.status, 405, "{path}");
        for name in item.keys() {
            assert!(answer.header("allow").contains(&name.to_uppercase()), "{path}: {answer:?}");
        }
        let answer = world.send(world.request(Method::OPTIONS, path)).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{path}");
    }
    assert!(operations >= 9, "{operations}");
}

async fn what_an_operation_answers_is_documented(backend: Backend) {
    let world = backend.world().await;
    let specification = world.get("/openapi.json").await.json();
    let client = world.service_client(|_| ()).await;
    let token = client.token(&world).await;
    let seen = client.introspect(&world, &token.text).await;
    let metadata = world.get("/.well-known/oauth-authorization-server").await.json();
    let refusal = client.post(&world, "/oauth2/token", &[]).await.json();
    let health = world.get("/health").await.json();
    let problem = world.get("/nowhere").await.json();
    for (schema, answer) in [
        ("TokenBody", &token.answer),
        ("IntrospectionBody", &seen),
        ("AuthorizationServerMetadata", &metadata),
        ("OAuthError", &refusal),
        ("Health", &health),
        ("Problem", &problem),
    ] {
        let schema = &specification["components"]["schemas"][schema];
        let properties = schema["properties"].as_object().unwrap_or_else(|| panic!("a schema: {specification}"));
        for member in answer.as_object().expect("an object").keys() {
            assert!(properties.contains_key(member), "{member} of {answer} is not in {schema}");
        }
        let required = schema["required"].as_array().expect("a list");
        let missing: Vec<&Value> =
            required.iter().filter(|name| answer.get(name.as_str().expect("a name")).is_none()).collect();
        // Which scopes there are depends on the operator.
        assert!(missing.iter().all(|name| *name == "scopes_supported"), "{missing:?} of {schema}");
    }
}

async fn what_browsers_come_with_is_documented(backend: Backend) {
    let world = backend.world().await;
    let specification = world.get("/openapi.json").await.json();
    for (path, form, needed) in [
        ("/oauth2/authorize", "AuthorizationForm", ["client_id", "response_type"].as_slice()),
        ("/oauth2/logout", "LogoutForm", &[]),
    ] {
        let parameters = specification["paths"][path]["get"]["parameters"].as_array().expect("a list");
        let names: BTreeSet<&str> = parameters.iter().filter_map(|each| each["name"].as_str()).collect();
        let properties = specification["components"]["schemas"][form]["properties"].as_object().expect("a schema");
        assert_eq!(names, properties.keys().map(String::as_str).collect(), "{path}");
        assert_eq!(names.len(), parameters.len(), "{path}: each once");
        for parameter in parameters {
            let name = parameter["name"].as_str().expect("a name");
            assert_eq!(parameter["in"], "query", "{parameter}");
            assert!(parameter["description"].as_str().is_some_and(|about| !about.is_empty()), "{parameter}");
            assert!(parameter["schema"]["type"].is_string(), "{parameter}");
            assert_eq!(parameter["required"], needed.contains(&name), "{parameter}");
        }
    }
    // A token in a query would be in everybody's logs.
    assert!(specification["paths"]["/oauth2/userinfo"]["get"].get("parameters").is_none());
}

async fn the_page_needs_no_other_server(backend: Backend) {
    let world = backend.world().await;
    let page = world.get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.body.starts_with("<!doctype html>"), "{}", &page.body[..100]);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("http") && !policy.contains('*') && !policy.contains("unsafe-eval"), "{policy}");
    for outside in ["<script src", "<link rel=\"stylesheet\" href", "<iframe", "<img src=\"http"] {
        assert!(!page.body.contains(outside), "{outside}");
    }
    let compressed = world.get_with("/openapi.json", &[("accept-encoding", "gzip;q=0")]).await;
    assert_eq!(compressed.header("content-encoding"), "");
    let compressed = world.request(Method::GET, "/openapi.json").header("accept-encoding", "gzip").send().await;
    let compressed = compressed.expect("an answer");
    assert_eq!(compressed.headers()["content-encoding"], "gzip");
    assert!(compressed.bytes().await.expect("bytes").starts_with(&[0x1f, 0x8b]));
}
