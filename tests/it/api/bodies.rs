//! What a body must be.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use super::{CLIENTS, Governed, KEYS, SCOPES, faulty};
use crate::harness::{Backend, raw, stories};

stories![
    a_body_must_be_json,
    a_body_has_an_end_and_comes_in_time,
    members_are_refused_by_their_names,
    metadata_is_refused_by_the_member_that_is_wrong,
    what_cannot_be_an_id_is_not_found,
];

async fn a_body_must_be_json(backend: Backend) {
    let governed = Governed::start(backend).await;
    let json = "application/json";
    for (what, content_type, body, status, code) in [
        ("a form", Some("application/x-www-form-urlencoded"), "name=a", 415, "unsupported_media_type"),
        ("text", Some("text/plain"), "{}", 415, "unsupported_media_type"),
        ("another JSON", Some("application/problem+json"), "{}", 415, "unsupported_media_type"),
        ("nothing said", None, "{}", 415, "unsupported_media_type"),
        ("nothing", Some(json), "", 400, "invalid_request"),
        ("no JSON", Some(json), "name=a", 400, "invalid_request"),
        ("a list", Some(json), "[]", 400, "invalid_request"),
        ("a member twice", Some(json), r#"{"name":"a","name":"b"}"#, 400, "invalid_request"),
        ("NUL", Some(json), r#"{"name":"a\u0000"}"#, 400, "invalid_request"),
        ("half of it", Some(json), r#"{"name":"#, 400, "invalid_request"),
    ] {
        for path in [SCOPES.to_owned(), CLIENTS.to_owned(), format!("{KEYS}/rotate")] {
            let request = governed.request(Method::POST, &path);
            let request = content_type.into_iter().fold(request, |request, kind| request.header(CONTENT_TYPE, kind));
            let answer = governed.world.send(request.body(body)).await;
            assert_eq!(answer.status, status, "{path}, {what}: {answer:?}");
            answer.is_problem(status, code);
        }
    }
    let request = governed.request(Method::POST, SCOPES).header(CONTENT_TYPE, "Application/JSON; charset=utf-8");
    assert_eq!(governed.world.send(request.body(r#"{"name":"a:read"}"#)).await.status, 201);
}

async fn a_body_has_an_end_and_comes_in_time(backend: Backend) {
    let governed = Governed::start(backend).await;
    let head = |of_body: &str| {
        format!(
            "POST {SCOPES} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: \
             application/json\r\n{of_body}\r\n\r\n",
            governed.token
        )
    };
    let longest = 64 * 1024;
    let answer = raw::send(&governed.world, head(&format!("Content-Length: {}", longest + 1)).as_bytes()).await;
    answer.is_problem(413, "invalid_request");
    let body = format!("{{\"name\":\"{}\"}}", "a".repeat(longest));
    let chunked = format!("{}{:x}\r\n{body}\r\n", head("Transfer-Encoding: chunked"), body.len());
    raw::send(&governed.world, chunked.as_bytes()).await.is_problem(413, "invalid_request");
    let half = format!("{}{{\"name\"", head("Content-Length: 100"));
    raw::send(&governed.world, half.as_bytes()).await.is_problem(408, "invalid_request");
}

async fn members_are_refused_by_their_names(backend: Backend) {
    let governed = Governed::start(backend).await;
    for (body, fields) in [
        (json!({}), vec!["name"]),
        (json!({"name": 7}), vec!["name"]),
        (json!({"name": null}), vec!["name"]),
        (json!({"name": "two words"}), vec!["name"]),
        (json!({"name": "x".repeat(129)}), vec!["name"]),
        (json!({"name": "a", "built_in": true}), vec!["built_in"]),
        (json!({"name": "a", "description": "one\ntwo"}), vec!["description"]),
        (json!({"name": "a", "description": false, "identity": true, "x y": 1}), vec!["description", "identity", "?"]),
    ] {
        let answer = governed.post(SCOPES, &body).await;
        answer.is_problem(422, "invalid_fields");
        assert_eq!(faulty(&answer), fields, "{body}: {answer:?}");
        answer.never_says(&["two words", "x y"]);
    }
    let answer = governed.post(&format!("{KEYS}/rotate"), &json!({"emergency": "yes"})).await;
    answer.is_problem(422, "invalid_fields");
    assert_eq!(faulty(&answer), ["emergency"]);
}

async fn metadata_is_refused_by_the_member_that_is_wrong(backend: Backend) {
    let governed = Governed::start(backend).await;
    for (body, field) in [
        (json!({"client_name": 7}), "client_name"),
        (json!({"grant_types": ["nothing"]}), "grant_types"),
        (json!({"grant_types": ["authorization_code"]}), "redirect_uris"),
        (json!({"redirect_uris": ["/relative"]}), "metadata"),
        (json!({"grant_types": ["client_credentials"], "scope": "a  b"}), "scope"),
        (json!({"grant_types": ["client_credentials"], "scope": "nobody:knows"}), "scope"),
        (json!({"grant_types": ["client_credentials"], "access_token_lifetime": 0}), "access_token_lifetime"),
        (json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}), "grant_types"),
        (json!({"grant_types": ["client_credentials"], "jwks": {"keys": [{"kty": "oct", "k": "x"}]}}), "jwks"),
    ] {
        let answer = governed.post(CLIENTS, &body).await;
        assert_eq!(answer.status, 422, "{body}: {answer:?}");
        answer.is_problem(422, "invalid_fields");
        assert_eq!(faulty(&answer), [field], "{body}: {answer:?}");
        answer.never_says(&["nobody:knows", "/relative"]);
    }
}

async fn what_cannot_be_an_id_is_not_found(backend: Backend) {
    let governed = Governed::start(backend).await;
    let long = "x".repeat(4000);
    for id in ["nobody", "%00", "%20", "%C3%A9", "a%2Fb", "%25", long.as_str()] {
        for (method, path) in [
            (Method::GET, format!("{SCOPES}/{id}")),
            (Method::DELETE, format!("{SCOPES}/{id}")),
            (Method::GET, format!("{CLIENTS}/{id}")),
            (Method::DELETE, format!("{CLIENTS}/{id}")),
            (Method::POST, format!("{CLIENTS}/{id}/disable")),
            (Method::POST, format!("{CLIENTS}/{id}/enable")),
            (Method::GET, format!("{CLIENTS}/{id}/secrets")),
            (Method::DELETE, format!("{CLIENTS}/{}/secrets/{id}", governed.service.id)),
            (Method::DELETE, format!("{CLIENTS}/{id}/secrets/{id}")),
        ] {
            let answer = governed.send(method.clone(), &path, &[], None).await;
            assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
            answer.is_problem(404, "not_found");
        }
        let answer = governed.post(&format!("{CLIENTS}/{id}/secrets"), &json!({})).await;
        answer.is_problem(404, "not_found");
        let answer = governed.post(&format!("{KEYS}/{id}/retire"), &json!({})).await;
        answer.is_problem(404, "not_found");
        let answer =
            governed.send(Method::PUT, &format!("{SCOPES}/{id}"), &[], Some(&json!({"description": "x"}))).await;
        answer.is_problem(404, "not_found");
    }
    for bad in ["%ff", "%c3%28"] {
        let answer = governed.get(&format!("{CLIENTS}/{bad}")).await;
        assert!([400, 404].contains(&answer.status), "{answer:?}");
    }
}
