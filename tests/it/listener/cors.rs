//! Which scripts of other origins may call (Fetch §3.3).

use reqwest::Method;

use crate::harness::{Answer, Backend, World, stories};

stories![
    what_anybody_may_read_is_for_any_origin,
    the_listed_origins_may_call_and_no_other,
    nothing_is_open_unless_it_is_listed,
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
