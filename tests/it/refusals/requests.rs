//! Methods, headers and parameters.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use super::Bad;
use crate::harness::{Backend, stories};

stories![
    a_form_must_be_one,
    a_client_says_who_it_is_in_one_way,
    a_wrong_method_is_told_the_right_one,
    elsewhere_errors_are_problems,
];

/// What is wrong, the Authorization headers, what else is in the form, and the answer.
type Row<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)], u16, &'a str);

const FORM: &str = "application/x-www-form-urlencoded";

async fn a_form_must_be_one(backend: Backend) {
    let bad = Bad::start(backend).await;
    for (path, (name, value)) in bad.endpoints() {
        let many: String = (0..65).map(|n| format!("&p{n}=1")).collect();
        let rows: [(&str, Option<&str>, Vec<u8>); 16] = [
            ("JSON", Some("application/json"), format!("{{\"{name}\":\"{value}\"}}").into_bytes()),
            ("a form that says it is JSON", Some("application/json"), format!("{name}={value}").into_bytes()),
            ("a multipart form", Some("multipart/form-data; boundary=x"), format!("{name}={value}").into_bytes()),
            ("text", Some("text/plain"), format!("{name}={value}").into_bytes()),
            ("no content type", None, format!("{name}={value}").into_bytes()),
            ("an empty content type", Some(""), format!("{name}={value}").into_bytes()),
            ("half a percent sign", Some(FORM), format!("{name}={value}&x=%4").into_bytes()),
            ("a percent sign with other letters", Some(FORM), format!("{name}={value}&x=%zz").into_bytes()),
            ("bytes that are no text", Some(FORM), [format!("{name}={value}&x=").as_bytes(), b"\xff"].concat()),
            ("encoded bytes that are no text", Some(FORM), format!("{name}={value}&x=%c3%28").into_bytes()),
            ("NUL", Some(FORM), format!("{name}={value}&x=%00").into_bytes()),
            ("a parameter without a name", Some(FORM), format!("{name}={value}&=x").into_bytes()),
            ("nothing", Some(FORM), Vec::new()),
            ("a parameter without a value", Some(FORM), format!("{name}=").into_bytes()),
            ("a parameter twice", Some(FORM), format!("{name}={value}&{name}={value}").into_bytes()),
            ("too many parameters", Some(FORM), format!("{name}={value}{many}").into_bytes()),
        ];
        for (what, content_type, body) in rows {
            let request = bad.world.request(Method::POST, path).basic_auth(&bad.client.id, Some(&bad.client.secret));
            let request = match content_type {
                Some(content_type) => request.header(CONTENT_TYPE, content_type),
                None => request,
            };
            let answer = bad.world.send(request.body(body)).await;
            assert_eq!(answer.status, 400, "{path}, {what}: {answer:?}");
            answer.is_refused(400, "invalid_request");
            answer.never_says(&bad.kept());
        }
        let answer = bad.world.post(path, &[(name, &value), ("client_secret", "a"), ("client_secret", "b")]).await;
        answer.is_refused(400, "invalid_request");
        let answer = bad.world.post(&format!("{path}?{name}={value}"), &[]).await;
        answer.is_refused(401, "invalid_client");
    }
    bad.all_is_well().await;
}

async fn a_client_says_who_it_is_in_one_way(backend: Backend) {
    let bad = Bad::start(backend).await;
    let (id, secret) = (bad.client.id.as_str(), bad.client.secret.as_str());
    let basic = |text: &[u8]| format!("Basic {}", BASE64.encode(text));
    let good = basic(format!("{id}:{secret}").as_bytes());
    let bearer = format!("Bearer {}", bad.token);
    let assertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    for (path, (name, value)) in bad.endpoints() {
        let rows: [Row; 20] = [
            ("nobody", &[], &[], 401, "invalid_client"),
            ("an unknown client", &[], &[("client_id", "nobody"), ("client_secret", secret)], 401, "invalid_client"),
            ("an id alone", &[], &[("client_id", id)], 401, "invalid_client"),
            ("a secret alone", &[], &[("client_secret", secret)], 400, "invalid_request"),
            ("in the other place", &[], &[("client_id", id), ("client_secret", secret)], 401, "invalid_client"),
            ("two headers", &[&good, &good], &[], 400, "invalid_request"),
            ("two schemes", &[&good, &bearer], &[], 400, "invalid_request"),
            ("header and body", &[&good], &[("client_secret", secret)], 400, "invalid_request"),
            ("two ids", &[&good], &[("client_id", "another")], 400, "invalid_request"),
            ("header and assertion", &[&good], &[("client_assertion", "a.b.c")], 400, "invalid_request"),
            (
                "an assertion",
                &[],
                &[("client_assertion_type", assertion), ("client_assertion", "a.b.c")],
                401,
                "invalid_client",
            ),
            ("a token", &[&bearer], &[], 401, "invalid_client"),
            ("an empty header", &[""], &[], 401, "invalid_client"),
            ("a scheme alone", &["Basic"], &[], 401, "invalid_client"),
            ("no base64", &["Basic !!!"], &[], 401, "invalid_client"),
            ("no base64, but the secret", &[&format!("Basic {id}:{secret}")], &[], 401, "invalid_client"),
            ("no colon", &[&basic(id.as_bytes())], &[], 401, "invalid_client"),
            ("no text", &[&basic(b"\xff:\xff")], &[], 401, "invalid_client"),
            ("a wrong secret", &[&basic(format!("{id}:wrong").as_bytes())], &[], 401, "invalid_client"),
            ("an unknown scheme", &["Negotiate abc"], &[], 401, "invalid_client"),
        ];
        for (what, headers, more, status, code) in rows {
            let request = bad.world.request(Method::POST, path);
            let request = headers.iter().fold(request, |request, header| request.header(AUTHORIZATION, *header));
            let answer = bad.world.send(request.form(&[&[(name, value.as_str())], more].concat())).await;
            assert_eq!(answer.status, status, "{path}, {what}: {answer:?}");
            answer.is_refused(status, code);
            answer.never_says(&bad.kept());
        }
    }
    bad.all_is_well().await;
}

async fn a_wrong_method_is_told_the_right_one(backend: Backend) {
    let bad = Bad::start(backend).await;
    for (path, (name, value)) in bad.endpoints() {
        for method in ["GET", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
            let method: Method = method.parse().expect("a method");
            let url = format!("{path}?{name}={value}&client_id={}&client_secret={}", bad.client.id, bad.client.secret);
            let answer = bad.world.send(bad.world.request(method, &url)).await;
            answer.is_refused(405, "invalid_request");
            assert_eq!(answer.header("allow"), "POST, OPTIONS");
            answer.never_says(&bad.kept());
        }
        let head = bad.world.send(bad.world.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.body.as_str()), (405, ""));
        let options = bad.world.send(bad.world.request(Method::OPTIONS, path)).await;
        assert_eq!((options.status, options.header("allow")), (204, "POST, OPTIONS"));
    }
    for nowhere in ["/oauth2/nowhere", "/oauth2/token/", "/oauth2/TOKEN", "/oauth2/", "/oauth2/token/x"] {
        bad.world.post(nowhere, &[("grant_type", "client_credentials")]).await.is_refused(404, "invalid_request");
    }
    bad.all_is_well().await;
}

async fn elsewhere_errors_are_problems(backend: Backend) {
    let bad = Bad::start(backend).await;
    for nowhere in ["/", "/nowhere", "/health/", "/.well-known/", "/oauth2", "/docs/x", "/%00", "/..%2f"] {
        let answer = bad.world.get(&format!("{nowhere}?token={}", bad.token)).await;
        answer.is_problem(404, "invalid_request");
        answer.never_says(&bad.kept());
    }
    bad.world.get("/%ff").await.is_problem(400, "invalid_request");
    for path in ["/health", "/health/ready", "/metrics", "/docs", "/openapi.json", "/.well-known/jwks.json"] {
        let answer = bad.world.post(path, &[("token", &bad.token)]).await;
        answer.is_problem(405, "invalid_request");
        assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
        answer.never_says(&bad.kept());
    }
    bad.all_is_well().await;
}
