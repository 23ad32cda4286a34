//! What the edge adds to every request and every answer.

use super::{Served, settings, within};
use countersign::config::Server;
use reqwest::header::{ALLOW, CACHE_CONTROL, HeaderMap, PRAGMA};
use reqwest::{Client, Method, Response, StatusCode};

async fn ask(served: &Served, method: Method, path: &str, headers: &[(&'static str, &str)]) -> Response {
    let mut request = Client::new().request(method, served.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    within(5, request.send()).await.expect("an answer")
}

async fn get(served: &Served, path: &str) -> Response {
    ask(served, Method::GET, path, &[]).await
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default()
}

fn behind_a_trusted_proxy() -> Server {
    Server { trusted_proxies: vec!["127.0.0.0/8".parse().expect("a network")], ..settings() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_has_an_id_that_is_also_in_its_answer() {
    let served = Served::start(&settings());
    let mut seen = Vec::new();
    for path in ["/who", "/who", "/nowhere", "/broken"] {
        let answer = get(&served, path).await;
        let id = text(answer.headers(), "x-request-id");
        assert_eq!(id.len(), 22, "{path}: {id}");
        assert!(!seen.contains(&id));
        if path == "/who" {
            assert_eq!(answer.text().await.expect("a body"), format!("{id} 127.0.0.1"));
        }
        seen.push(id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_trusted_proxy_brings_an_id_and_an_address() {
    let brought = [("x-request-id", "From.the_proxy-1"), ("x-forwarded-for", "203.0.113.9")];
    let untrusting = Served::start(&settings());
    let answer = ask(&untrusting, Method::GET, "/who", &brought).await;
    assert_ne!(text(answer.headers(), "x-request-id"), "From.the_proxy-1");
    assert!(answer.text().await.expect("a body").ends_with(" 127.0.0.1"));

    let trusting = Served::start(&behind_a_trusted_proxy());
    let answer = ask(&trusting, Method::GET, "/who", &brought).await;
    assert_eq!(text(answer.headers(), "x-request-id"), "From.the_proxy-1");
    assert_eq!(answer.text().await.expect("a body"), "From.the_proxy-1 203.0.113.9");

    let too_long = "a".repeat(65);
    for bad in ["", "with space", "quote\"", &too_long] {
        let answer = ask(&trusting, Method::GET, "/who", &[("x-request-id", bad)]).await;
        assert_eq!(text(answer.headers(), "x-request-id").len(), 22, "{bad:?} is replaced");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_the_route_does_not_have_is_405_with_those_that_it_has() {
    let served = Served::start(&settings());
    for (method, path, allow) in [
        (Method::POST, "/hello", "GET, HEAD, OPTIONS"),
        (Method::GET, "/oauth2/token", "POST, OPTIONS"),
        (Method::HEAD, "/oauth2/token", "POST, OPTIONS"),
        (Method::from_bytes(b"BREW").expect("a method"), "/hello", "GET, HEAD, OPTIONS"),
    ] {
        let answer = ask(&served, method.clone(), path, &[]).await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert_eq!(text(answer.headers(), ALLOW.as_str()), allow, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_and_head_are_answered() {
    let served = Served::start(&settings());
    let options = ask(&served, Method::OPTIONS, "/oauth2/token", &[]).await;
    assert_eq!(options.status(), StatusCode::NO_CONTENT);
    assert_eq!(text(options.headers(), ALLOW.as_str()), "POST, OPTIONS");
    let head = ask(&served, Method::HEAD, "/hello", &[]).await;
    assert_eq!(head.status(), StatusCode::OK);
    assert!(!head.headers().contains_key(ALLOW));
    let nowhere = ask(&served, Method::OPTIONS, "/nowhere", &[]).await;
    assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_not_sniffed_and_those_of_oauth2_are_not_stored() {
    let served = Served::start(&settings());
    for (method, path, cache, pragma) in [
        (Method::GET, "/hello", "", ""),
        (Method::POST, "/oauth2/token", "no-store", "no-cache"),
        (Method::GET, "/oauth2/token", "no-store", "no-cache"),
        (Method::GET, "/oauth2/nowhere", "no-store", "no-cache"),
        (Method::GET, "/oauth2/cached", "max-age=300", ""),
    ] {
        let answer = ask(&served, method.clone(), path, &[]).await;
        let headers = answer.headers();
        assert_eq!(text(headers, "x-content-type-options"), "nosniff", "{method} {path}");
        assert_eq!(text(headers, CACHE_CONTROL.as_str()), cache, "{method} {path}");
        assert_eq!(text(headers, PRAGMA.as_str()), pragma, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_of_the_issuer_may_stand_before_a_path() {
    let served = Served::start_at(&settings(), "/x");
    for (path, status) in [
        ("/hello", 200),
        ("/x/hello", 200),
        ("/x/hello?a=b", 200),
        ("/xhello", 404),
        ("/y/hello", 404),
        ("/x/x/hello", 404),
        ("/hello/x", 404),
        ("/.well-known/oauth-authorization-server", 200),
        ("/.well-known/oauth-authorization-server/x", 200),
        ("/x/.well-known/oauth-authorization-server", 200),
        ("/.well-known/oauth-authorization-server/y", 404),
        ("/.well-known/oauth-authorization-serverx", 404),
        ("/x", 404),
    ] {
        assert_eq!(get(&served, path).await.status(), status, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_route_method_and_status() {
    let served = Served::start(&settings());
    get(&served, "/hello").await;
    get(&served, "/hello?again").await;
    get(&served, "/nowhere/1").await;
    get(&served, "/nowhere/2").await;
    ask(&served, Method::from_bytes(b"BREW").expect("a method"), "/hello", &[]).await;
    let text = served.counters.encode();
    for line in [
        "countersign_requests_total{route=\"/hello\",method=\"GET\",status=\"200\"} 2\n",
        "countersign_requests_total{route=\"other\",method=\"GET\",status=\"404\"} 2\n",
        "countersign_requests_total{route=\"/hello\",method=\"other\",status=\"405\"} 1\n",
        "countersign_request_seconds_count{route=\"/hello\"} 3\n",
        "countersign_request_seconds_bucket{le=\"+Inf\",route=\"/hello\"} 3\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("nowhere"), "paths of strangers are no labels");
}
