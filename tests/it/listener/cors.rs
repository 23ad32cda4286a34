//! Which scripts of other origins may call (Fetch §3.3).

use countersign::config::Config;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Backend, World, secrets, stories};

stories![
    what_anybody_may_read_is_for_any_origin,
    the_listed_origins_may_call_and_no_other,
    nothing_is_open_unless_it_is_listed,
    scripts_of_a_client_read_its_answers_where_it_is_answered,
    clients_register_themselves_from_the_listed_origins_alone,
];

const APP: &str = "https://app.example.com";

async fn asked(world: &World, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = world.request(method, path);
    world.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

async fn what_anybody_may_read_is_for_any_origin(backend: Backend) {
    let world = backend.world().await;
    for path in ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server"] {
        let answer = asked(&world, Method::GET, path, &[("origin", "https://anybody.example")]).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "*"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
}

async fn the_listed_origins_may_call_and_no_other(backend: Backend) {
    let world = backend.world_with(|config| config.server.cors_origins = vec![APP.to_owned()]).await;
    for path in ["/oauth2/token", "/oauth2/revoke", "/api/v1/auth/login", "/api/v1/users/me"] {
        let preflight = [
            ("origin", APP),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization, idempotency-key"),
        ];
        let answer = asked(&world, Method::OPTIONS, path, &preflight).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, APP), "{path}");
        assert!(answer.header("access-control-allow-headers").contains("Idempotency-Key"), "{answer:?}");
        assert!(!answer.header("access-control-allow-methods").is_empty(), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-credentials"), "", "{path}");
        // Others get an answer that their browser keeps from them.
        for origin in
            ["https://app.example.com.evil.example", "http://app.example.com", "null", "https://APP.example.com"]
        {
            let answer = asked(&world, Method::OPTIONS, path, &[("origin", origin), preflight[1]]).await;
            assert_eq!(answer.header("access-control-allow-origin"), "", "{origin} at {path}");
            assert_eq!(answer.header("vary"), "Origin", "{origin} at {path}");
        }
    }
    // A refusal can be read as well.
    let answer = asked(&world, Method::GET, "/api/v1/users/me", &[("origin", APP)]).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (401, APP));
    assert!(answer.header("access-control-expose-headers").contains("WWW-Authenticate"));
}

async fn nothing_is_open_unless_it_is_listed(backend: Backend) {
    let world = backend.world().await;
    for path in ["/oauth2/token", "/oauth2/introspect", "/api/v1/auth/login", "/health"] {
        let answer =
            asked(&world, Method::OPTIONS, path, &[("origin", APP), ("access-control-request-method", "POST")]).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
}

const SHOP: &str = "https://shop.example";

/// A script at `origin` sends a form.
async fn sent(world: &World, path: &str, origin: &str, form: &[(&str, &str)]) -> Answer {
    world.send(world.request(Method::POST, path).header("origin", origin).form(form)).await
}

async fn scripts_of_a_client_read_its_answers_where_it_is_answered(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let document = r#"{"grant_types":["password","authorization_code"],"scope":"openid","token_endpoint_auth_method":"none",
        "redirect_uris":["https://shop.example/callback","com.example.app:/cb"],"application_type":"native"}"#;
    let app = world.client(document, |_| ()).await;
    let form = [("grant_type", "password"), ("client_id", &app.id), ("username", "ann"), ("password", &ann.password)];
    let readable = |answer: &Answer| answer.header("access-control-allow-origin").to_owned();
    let token = sent(&world, "/oauth2/token", SHOP, &form).await;
    assert_eq!((token.status, readable(&token).as_str(), token.header("vary")), (200, SHOP, "Origin"), "{token:?}");
    assert_eq!(token.header("access-control-allow-credentials"), "");
    let wrong = [
        ("grant_type", "authorization_code"),
        ("client_id", &app.id),
        ("code", "x"),
        ("redirect_uri", "x"),
        ("code_verifier", "x"),
    ];
    let refused = sent(&world, "/oauth2/token", SHOP, &wrong).await;
    assert_eq!((refused.status, readable(&refused).as_str()), (400, SHOP), "{refused:?}");
    let text = token.json()["access_token"].as_str().expect("a token").to_owned();
    let preflight = [
        ("origin", SHOP),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization"),
    ];
    let may_ask = asked(&world, Method::OPTIONS, "/oauth2/userinfo", &preflight).await;
    assert_eq!((may_ask.status, readable(&may_ask).as_str()), (204, SHOP));
    assert!(may_ask.header("access-control-allow-headers").contains("Authorization"), "{may_ask:?}");
    let bearer = format!("Bearer {text}");
    for (origin, expected) in
        [(SHOP, SHOP), ("https://evil.example", ""), ("https://shop.example:8443", ""), ("null", "")]
    {
        let told =
            asked(&world, Method::GET, "/oauth2/userinfo", &[("origin", origin), ("authorization", &bearer)]).await;
        assert_eq!((told.status, readable(&told).as_str(), told.header("vary")), (200, expected, "Origin"), "{origin}");
        let token = sent(&world, "/oauth2/token", origin, &form).await;
        assert_eq!((token.status, readable(&token).as_str()), (200, expected), "{origin}");
        let other = token.json()["access_token"].as_str().expect("a token").to_owned();
        let ended = sent(&world, "/oauth2/revoke", origin, &[("client_id", &app.id), ("token", &other)]).await;
        assert_eq!((ended.status, readable(&ended).as_str()), (200, expected), "{origin}");
    }
    // Who is nobody's client is told nothing that a script could read.
    let unknown = sent(&world, "/oauth2/token", SHOP, &[("grant_type", "password"), ("client_id", "nobody")]).await;
    assert_eq!((unknown.status, readable(&unknown).as_str()), (401, ""));
}

async fn clients_register_themselves_from_the_listed_origins_alone(backend: Backend) {
    let settings = |origins: &[&str]| {
        let origins = origins.iter().map(ToString::to_string).collect();
        move |config: &mut Config| {
            config.registration.open = true;
            config.server.cors_origins = origins;
        }
    };
    let world = backend.world_with(settings(&[APP])).await;
    let metadata = json!({"redirect_uris": ["https://app.example.com/callback"]});
    let readable = |answer: &Answer| answer.header("access-control-allow-origin").to_owned();
    let register = |origin: &str| world.request(Method::POST, "/oauth2/register").header("origin", origin);
    let own = world.send(register(APP).json(&metadata)).await;
    assert_eq!((own.status, readable(&own).as_str(), own.header("vary")), (201, APP, "Origin"), "{own:?}");
    assert_eq!(own.header("access-control-allow-credentials"), "");
    let own = own.json();
    let text = |name: &str| own[name].as_str().unwrap_or_else(|| panic!("{name}: {own}")).to_owned();
    for secret in ["client_secret", "registration_access_token"] {
        secrets::note(&text(secret));
    }
    let refused = world.send(register(APP).json(&json!({"redirect_uris": []}))).await;
    assert_eq!((refused.status, readable(&refused).as_str()), (400, APP), "a refusal can be read as well");
    // Where it is answered is not where it may be registered from: anybody can write that into a request.
    for origin in ["https://evil.example", "https://shop.example", "null"] {
        let answer = world.send(register(origin).json(&metadata)).await;
        assert_eq!((answer.status, readable(&answer).as_str(), answer.header("vary")), (201, "", "Origin"), "{origin}");
    }

    let path = format!("/oauth2/register/{}", text("client_id"));
    let bearer = format!("Bearer {}", text("registration_access_token"));
    for (origin, expected) in [(APP, APP), ("https://evil.example", "")] {
        for method in ["GET", "PUT", "DELETE"] {
            let preflight = [
                ("origin", origin),
                ("access-control-request-method", method),
                ("access-control-request-headers", "authorization, content-type"),
            ];
            let answer = asked(&world, Method::OPTIONS, &path, &preflight).await;
            assert_eq!((answer.status, readable(&answer).as_str()), (204, expected), "{method} {origin}");
            let methods = answer.header("access-control-allow-methods").to_owned();
            assert_eq!(methods.contains(method), !expected.is_empty(), "{method} {origin}: {methods}");
        }
        let told = asked(&world, Method::GET, &path, &[("origin", origin), ("authorization", &bearer)]).await;
        assert_eq!((told.status, readable(&told).as_str()), (200, expected), "{origin}");
    }

    let nobody = backend.world_with(settings(&[])).await;
    let answer =
        nobody.send(nobody.request(Method::POST, "/oauth2/register").header("origin", APP).json(&metadata)).await;
    assert_eq!((answer.status, readable(&answer).as_str()), (201, ""));
}
