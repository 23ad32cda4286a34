//! What is wrong before the client is trusted is a page; what is wrong after that goes to the client, and nowhere else.

use countersign::protocol::token::GrantType;

use super::{CALLBACK, request, shop};
use crate::harness::{Arrived, Backend, Browser, stories};

stories![
    nobody_is_sent_to_a_uri_that_is_not_registered,
    what_is_wrong_with_a_request_is_told_to_its_client,
    a_client_asks_for_no_more_than_it_may,
];

async fn nobody_is_sent_to_a_uri_that_is_not_registered(backend: Backend) {
    let (world, client, _) = shop(backend).await;
    let disabled = world.web_app(|_| ()).await;
    world.disable(&disabled.id, Some(world.clock.now())).await;
    let good = request(&client, &[]);
    let mut paths = vec![
        request(&client, &[("client_id", "nobody")]),
        request(&client, &[("client_id", "")]),
        request(&disabled, &[]),
        format!("{good}&state=twice"),
        format!("{good}&client_id=another"),
        format!("{good}&state=%ff"),
    ];
    for uri in [
        "",
        "https://evil.example/",
        "https://shop.example/callback/",
        "https://shop.example/callback?x=1",
        "https://shop.example/callback#x",
        "https://shop.example:443/callback",
        "https://SHOP.example/callback",
        "https://shop.example/./callback",
        "https://shop.example@evil.example/callback",
        "http://shop.example/callback",
        "javascript:alert(1)",
        "/callback",
    ] {
        paths.push(request(&client, &[("redirect_uri", uri)]));
    }
    for path in paths {
        for page in ["/oauth2/authorize", "/login", "/consent"] {
            let arrived = Browser::default().opens(&world, &path.replace("/oauth2/authorize", page)).await;
            let answer = arrived.page();
            assert!(answer.status == 400 && answer.header("location").is_empty(), "{path}: {answer:?}");
            assert!(answer.body.contains(answer.header("x-request-id")) && !answer.body.contains("evil"), "{answer:?}");
        }
    }
}

async fn what_is_wrong_with_a_request_is_told_to_its_client(backend: Backend) {
    let (world, client, _) = shop(backend).await;
    let unable = world
        .web_app(|m| {
            m.grant_types = vec![GrantType::ClientCredentials];
            m.response_types.clear();
        })
        .await;
    let plain = [("code_challenge_method", "plain"), ("code_challenge", super::VERIFIER)];
    let cases: [(&[(&str, &str)], &str); 15] = [
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code id_token")], "unsupported_response_type"),
        (&[("response_type", "")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&plain, "invalid_request"),
        (&[("code_challenge", "too-short")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("prompt", "tea")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("scope", "no  spaces")], "invalid_scope"),
        (&[("scope", "unheard-of")], "invalid_scope"),
        (&[("resource", "https://else.example")], "invalid_target"),
        (&[("request", "x.y.z")], "request_not_supported"),
        (&[("request_uri", "https://shop.example/r")], "request_uri_not_supported"),
    ];
    for (changes, code) in cases {
        for page in ["/oauth2/authorize", "/login", "/consent"] {
            let path = request(&client, changes).replace("/oauth2/authorize", page);
            let arrived = Browser::default().opens(&world, &path).await;
            assert_eq!(arrived.error(&world), code, "{changes:?}");
            assert_eq!(arrived.told(&world)["state"], "a state & more", "{changes:?}");
            let Arrived::Client(url) = &arrived else { panic!("at the client") };
            assert!(url.as_str().starts_with(&format!("{CALLBACK}?")), "{url}");
        }
    }
    let arrived = Browser::default().opens(&world, &request(&unable, &[])).await;
    assert_eq!(arrived.error(&world), "unauthorized_client");
}

async fn a_client_asks_for_no_more_than_it_may(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    world.scopes(["orders"]).await;
    let arrived = Browser::default().opens(&world, &request(&client, &[("scope", "orders")])).await;
    assert_eq!(arrived.error(&world), "invalid_scope");
    let token = super::a_token(&world, &client, &ann, &[("scope", "openid orders admin:users")]).await;
    assert_eq!(token.scope(), "openid");
}
