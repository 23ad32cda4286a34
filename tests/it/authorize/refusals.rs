//! What is wrong before the client is trusted is a page; what is wrong after that goes to the client, and nowhere else.

use countersign::protocol::token::GrantType;

use super::{CALLBACK, request, shop};
use crate::harness::{Arrived, Backend, Browser, stories};

stories![
    nobody_is_sent_to_a_uri_that_is_not_registered,
    what_is_wrong_with_a_request_is_told_to_its_client,
    what_is_repeated_is_told_to_the_client,
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
        format!("{good}&client_id=another"),
        format!("{good}&redirect_uri=https://evil.example/"),
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
    let other_class = [("claims", r#"{"id_token":{"acr":{"essential":true,"value":"urn:other"}}}"#)];
    let cases: [(&[(&str, &str)], &str); 17] = [
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
        (&[("prompt", "none create")], "invalid_request"),
        (&[("response_mode", "web_message")], "invalid_request"),
        (&[("claims", "{")], "invalid_request"),
        (&other_class, "unmet_authentication_requirements"),
        (&[("scope", "no  spaces")], "invalid_scope"),
        (&[("scope", "unheard-of")], "invalid_scope"),
        (&[("resource", "https://else.example")], "invalid_target"),
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

async fn what_is_repeated_is_told_to_the_client(backend: Backend) {
    let (world, client, _) = shop(backend).await;
    let good = request(&client, &[]);
    for (twice, state) in
        [("nonce=b", Some("a state & more")), ("unheard=1&unheard=2", Some("a state & more")), ("state=b", None)]
    {
        for page in ["/oauth2/authorize", "/login", "/consent"] {
            let path = format!("{good}&{twice}").replace("/oauth2/authorize", page);
            let arrived = Browser::default().opens(&world, &path).await;
            assert_eq!(arrived.error(&world), "invalid_request", "{twice}");
            assert_eq!(arrived.told(&world).get("state").map(String::as_str), state, "{twice}");
        }
    }
    let (_, query) = good.split_once('?').expect("a query");
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(format!("{query}&nonce=b").as_bytes()).into_owned().collect();
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let led = world.post("/oauth2/authorize", &form).await;
    let path = led.header("location").strip_prefix(world.issuer()).expect("here").to_owned();
    assert_eq!(Browser::default().opens(&world, &path).await.error(&world), "invalid_request");
}

async fn a_client_asks_for_no_more_than_it_may(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    world.scopes(["orders"]).await;
    let arrived = Browser::default().opens(&world, &request(&client, &[("scope", "orders")])).await;
    assert_eq!(arrived.error(&world), "invalid_scope");
    let token = super::a_token(&world, &client, &ann, &[("scope", "openid orders admin:users")]).await;
    assert_eq!(token.scope(), "openid");
}
