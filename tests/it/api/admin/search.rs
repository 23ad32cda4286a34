//! Accounts are searched, and come in pages.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{IMPORT, SHORT, USERS, account, at};
use crate::api::Governed;
use crate::api::people::REGISTER;
use crate::harness::{Backend, stories};

stories![
    accounts_are_found_by_what_they_are,
    a_name_is_found_in_whatever_case,
    a_question_must_be_one,
    pages_are_complete_while_people_come,
];

fn names(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap_or_else(|| panic!("a page: {answer}"));
    items.iter().map(|item| item["username"].as_str().expect("a name").to_owned()).collect()
}

async fn accounts_are_found_by_what_they_are(backend: Backend) {
    let governed = Governed::start(backend).await;
    let (ann, bob) = (governed.hires("ann", &["admin"]).await, governed.hires("b_b", &[]).await);
    let (cem, dee) = (governed.hires("cem", &[]).await, governed.hires("dee", &[]).await);
    governed.patch(&at(&ann), &json!({"name": "Ann 100% Example"})).await;
    governed.act(&format!("{}/disable", at(&bob))).await;
    governed.act(&format!("{}/lock", at(&cem))).await;
    governed.patch(&at(&dee), &json!({"email_verified": false})).await;
    for (query, mut expected) in [
        ("", vec!["ann", "b_b", "cem", "dee"]),
        ("q=", vec!["ann", "b_b", "cem", "dee"]),
        ("q=ANN", vec!["ann"]),
        ("q=cem%40example", vec!["cem"]),
        ("q=100%25", vec!["ann"]),
        ("q=_", vec!["b_b"]),
        ("q=%25", vec!["ann"]),
        ("q=nobody", vec![]),
        ("role=admin", vec!["ann"]),
        ("role=user", vec!["ann", "b_b", "cem", "dee"]),
        ("role=nothing", vec![]),
        ("enabled=false", vec!["b_b"]),
        ("enabled=true", vec!["ann", "cem", "dee"]),
        ("locked=true", vec!["cem"]),
        ("verified=false", vec!["dee"]),
        ("verified=true&locked=false&enabled=true", vec!["ann"]),
    ] {
        for path in [USERS, SHORT] {
            let mut found = names(&governed.get(&format!("{path}?{query}")).await.json());
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{query}");
        }
    }
}

async fn a_name_is_found_in_whatever_case(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let found = async |text: &str| {
        let query: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let mut found = names(&governed.get(&format!("{USERS}?q={query}")).await.json());
        found.sort_unstable();
        found
    };
    // However the name came to be there.
    let named = |username: &str| {
        let (_, mut body) = account(username);
        body["name"] = json!("ÄNNE Ørsted");
        body
    };
    assert_eq!(governed.post(USERS, &named("made")).await.status, 201);
    let lines = governed.request(Method::POST, IMPORT).header("content-type", "application/x-ndjson");
    assert_eq!(world.send(lines.body(named("imported").to_string())).await.json()["imported"], 1);
    assert_eq!(world.tell(REGISTER, &named("registered")).await.status, 201);
    let (changed, own) = (governed.hires("changed", &[]).await, governed.hires("own", &[]).await);
    governed.patch(&at(&changed), &json!({"name": "ÄNNE Ørsted"})).await;
    let session = world.login(&own).await;
    session.patch(world, json!({"name": "ÄNNE Ørsted"})).await;
    let all = ["changed", "imported", "made", "own", "registered"];
    for text in ["änne ør", "ÄNNE ØRSTED", "ne Ørs", " Änne "] {
        assert_eq!(found(text).await, all, "{text}");
    }
    assert!(found("anne").await.is_empty(), "another letter is another name");
    session.patch(world, json!({"name": "Ærlig"})).await;
    governed.put(&at(&changed), &json!({"username": "changed", "email": "changed@example.org"})).await;
    assert_eq!(found("ørsted").await, ["imported", "made", "registered"]);
    assert_eq!(found("æRLIG").await, ["own"]);
}

async fn a_question_must_be_one(backend: Backend) {
    let governed = Governed::start(backend).await;
    let long = format!("q={}", "x".repeat(257));
    for query in [
        "q=a&q=b",
        "q=%00",
        "q=a%0Ab",
        long.as_str(),
        "role=%00",
        "role=a&role=b",
        "enabled=yes",
        "enabled=",
        "enabled=true&enabled=true",
        "locked=1",
        "verified=TRUE",
        "limit=0",
        "after=!",
    ] {
        for path in [USERS, SHORT] {
            governed.get(&format!("{path}?{query}")).await.is_problem(400, "invalid_request");
        }
    }
    let behind = governed.get(&format!("{USERS}?after=fn5-fg")).await.json();
    assert_eq!(behind, json!({"items": [], "next": null}));
}

async fn pages_are_complete_while_people_come(backend: Backend) {
    let governed = Governed::start(backend).await;
    let first: Vec<String> = (0..7).map(|number| format!("m{number}")).collect();
    for name in &first {
        governed.hires(name, &[]).await;
        governed.world.advance(1);
    }
    let (mut seen, mut path) = (Vec::new(), format!("{USERS}?limit=3&enabled=true"));
    for round in 0..10 {
        let page = governed.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        seen.extend(names(&page.json()));
        governed.hires(&format!("z{round}"), &[]).await;
        let link = page.header("link").to_owned();
        let Some((address, _)) = link.split_once('>') else { break };
        assert!(address.contains("enabled=true"), "{address}");
        path = address.trim_start_matches('<').strip_prefix(governed.world.issuer()).expect("here").to_owned();
    }
    let distinct: BTreeSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "nobody comes twice: {seen:?}");
    assert!(first.iter().all(|name| distinct.contains(name)), "nobody is left out: {seen:?}");
}
