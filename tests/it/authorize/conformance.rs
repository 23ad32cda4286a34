//! What OpenID's conformance suite asks of a server and no other story shows (the whole list: docs/standards.md). Each sign-in is
//! told by a redirect and, once more, by a form.

use std::collections::BTreeSet;

use countersign::protocol::client_authentication::AuthMethod;
use reqwest::Method;
use serde_json::{Value, json};

use super::{CALLBACK, a_code, a_token, all_the_way, exchange, request, shop};
use crate::harness::forge::Parts;
use crate::harness::{Arrived, Backend, Browser, Node, Outside, Persona, Token, World, scopes, stories};
use crate::userinfo::{somebody, told};

stories![
    a_request_may_leave_out_a_nonce_and_put_things_in_another_order,
    wishes_that_cannot_be_granted_are_no_error,
    each_scope_tells_its_claims_at_userinfo_alone,
    a_claim_that_is_essential_is_told,
    whoever_has_signed_in_is_the_same_the_second_time,
    whoever_signs_in_anew_does_so_later,
    a_client_may_show_its_secret_in_the_form,
    a_request_says_which_of_two_uris_it_means,
    the_query_of_a_redirect_uri_is_a_part_of_it,
    a_code_that_comes_again_after_half_a_minute_ends_its_tokens,
];

const MODES: [&str; 2] = ["", "form_post"];

/// The claims of the ID token that an answer led to, which a verifier that nobody here wrote has taken.
async fn signed(world: &World, client: &Persona, arrived: &Arrived) -> (Token, Value) {
    let token = Token::of(&exchange(client, world, &arrived.code(world), &[]).await);
    let id_token = token.id_token().expect("an ID token").to_owned();
    let outside = Outside::fetch(world).await;
    assert!(outside.takes_id_token(world.issuer(), &client.id, &id_token, &token.text));
    (token, Parts::of(&id_token).claims)
}

/// Nobody is asked anything: the client is told at once.
async fn at_once(browser: &mut Browser, node: &Node, path: &str) -> Arrived {
    let arrived = browser.opens(node, path).await;
    assert!(!matches!(arrived, Arrived::Page { .. }), "{arrived:?}");
    arrived
}

async fn a_request_may_leave_out_a_nonce_and_put_things_in_another_order(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    for mode in MODES {
        let path = request(&client, &[("nonce", ""), ("scope", "email openid"), ("response_mode", mode)]);
        let (path, query) = path.split_once('?').expect("a query");
        let turned: Vec<&str> = query.split('&').rev().collect();
        let path = format!("{path}?{}", turned.join("&"));
        let arrived = all_the_way(&mut Browser::default(), &world, &ann, &path).await;
        assert_eq!(matches!(arrived, Arrived::Form { .. }), mode == "form_post");
        let (token, claims) = signed(&world, &client, &arrived).await;
        assert_eq!((claims.get("nonce"), &claims["sub"]), (None, &json!(ann.id)));
        assert_eq!(told(&world, &token.text).await["email"], json!(ann.email));
    }
}

async fn wishes_that_cannot_be_granted_are_no_error(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let metadata = world.get("/.well-known/openid-configuration").await.json();
    let class = metadata["acr_values_supported"][0].as_str().expect("a class").to_owned();
    for mode in MODES {
        for wish in [
            ("display", "page"),
            ("display", "popup"),
            ("ui_locales", "se"),
            ("claims_locales", "se"),
            ("login_hint", "buffy@id.example"),
            ("extra", "foobar"),
            ("acr_values", class.as_str()),
        ] {
            let path = request(&client, &[wish, ("response_mode", mode)]);
            let arrived = all_the_way(&mut Browser::default(), &world, &ann, &path).await;
            let (_, claims) = signed(&world, &client, &arrived).await;
            assert_eq!(claims["acr"], json!(class), "{wish:?}");
        }
    }
}

async fn each_scope_tells_its_claims_at_userinfo_alone(backend: Backend) {
    let world = backend.world().await;
    let ann = somebody(&world).await;
    let client = world.web_app(|m| m.scope = scopes("openid profile email address phone")).await;
    for mode in MODES {
        for (scope, some) in [
            ("openid profile", ["name", "birthdate", "updated_at"].as_slice()),
            ("openid email", &["email", "email_verified"]),
            ("openid address", &["address"]),
            ("openid phone", &["phone_number", "phone_number_verified"]),
            ("openid address email phone profile", &["name", "email", "address", "phone_number"]),
        ] {
            let path = request(&client, &[("scope", scope), ("response_mode", mode)]);
            let arrived = all_the_way(&mut Browser::default(), &world, &ann, &path).await;
            let (token, claims) = signed(&world, &client, &arrived).await;
            let known = told(&world, &token.text).await;
            let names: BTreeSet<&String> = known.as_object().expect("an object").keys().collect();
            let missing: Vec<_> = some.iter().filter(|name| !names.iter().any(|known| known == *name)).collect();
            assert!(missing.is_empty() && known["sub"] == claims["sub"], "{scope}: {missing:?} {known}");
            assert!(some.iter().all(|name| claims.get(name).is_none()), "{scope}: {claims}");
        }
    }
}

async fn a_claim_that_is_essential_is_told(backend: Backend) {
    let world = backend.world().await;
    let ann = somebody(&world).await;
    let client = world.web_app(|m| m.scope = scopes("openid profile")).await;
    let asked = r#"{"userinfo":{"name":{"essential":true}}}"#;
    for mode in MODES {
        let path = request(&client, &[("scope", "openid"), ("claims", asked), ("response_mode", mode)]);
        let arrived = all_the_way(&mut Browser::default(), &world, &ann, &path).await;
        let (token, _) = signed(&world, &client, &arrived).await;
        assert_eq!(told(&world, &token.text).await, json!({"sub": ann.id, "name": "Ann M. Other"}));
    }
}

async fn whoever_has_signed_in_is_the_same_the_second_time(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    for mode in MODES {
        let mut browser = Browser::default();
        let silent = browser.opens(&world, &request(&client, &[("prompt", "none"), ("response_mode", mode)])).await;
        assert_eq!(silent.error(&world), "login_required");
        let first = request(&client, &[("max_age", "15000"), ("response_mode", mode)]);
        let arrived = all_the_way(&mut browser, &world, &ann, &first).await;
        let (token, before) = signed(&world, &client, &arrived).await;
        assert_eq!(before["auth_time"], json!(world.clock.now().seconds()));
        world.advance(2);
        let hint = ("id_token_hint", token.id_token().expect("one"));
        for changes in [&[("prompt", "none")][..], &[("max_age", "10000")], &[("prompt", "none"), hint]] {
            let path = request(&client, &[changes, &[("response_mode", mode)]].concat());
            let (_, after) = signed(&world, &client, &at_once(&mut browser, &world, &path).await).await;
            for claim in ["sub", "auth_time"] {
                assert_eq!(after[claim], before[claim], "{changes:?}");
            }
        }
    }
}

async fn whoever_signs_in_anew_does_so_later(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    for mode in MODES {
        let mut browser = Browser::default();
        let path = request(&client, &[("response_mode", mode)]);
        let arrived = all_the_way(&mut browser, &world, &ann, &path).await;
        let (_, before) = signed(&world, &client, &arrived).await;
        let mut last = before["auth_time"].as_i64().expect("a time");
        for anew in [("prompt", "login"), ("max_age", "1")] {
            world.advance(2);
            let page = browser.opens(&world, &request(&client, &[anew, ("response_mode", mode)])).await;
            assert!(page.asks_for_password(), "{anew:?}: {page:?}");
            let arrived = browser.signs_in(&world, &page, &ann).await;
            let (_, after) = signed(&world, &client, &arrived).await;
            let time = after["auth_time"].as_i64().expect("a time");
            assert!(time > last && after["sub"] == before["sub"], "{anew:?}: {after}");
            last = time;
        }
    }
}

async fn a_client_may_show_its_secret_in_the_form(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let client = world.web_app(|m| m.token_endpoint_auth_method = Some(AuthMethod::ClientSecretPost)).await;
    for mode in MODES {
        let path = request(&client, &[("response_mode", mode)]);
        let arrived = all_the_way(&mut Browser::default(), &world, &ann, &path).await;
        let (token, _) = signed(&world, &client, &arrived).await;
        assert_eq!(told(&world, &token.text).await["sub"], json!(ann.id));
    }
}

/// With more than one there is none that is meant without a word; with a request object, the one in it.
async fn a_request_says_which_of_two_uris_it_means(backend: Backend) {
    let world = backend.world().await;
    let other = "https://shop.example/other";
    let client = world.web_app(|m| m.redirect_uris.push(other.parse().expect("a URI"))).await;
    let arrived = Browser::default().opens(&world, &request(&client, &[("redirect_uri", "")])).await;
    assert!(matches!(arrived, Arrived::Page { .. }) && arrived.page().status == 400, "{arrived:?}");
    let object =
        Parts { header: json!({"alg": "none"}), claims: json!({"redirect_uri": other}), signature: Vec::new() };
    let path = request(&client, &[("redirect_uri", "https://shop.example/third"), ("request", &object.public())]);
    let ann = world.user("ann").await;
    let arrived = all_the_way(&mut Browser::default(), &world, &ann, &path).await;
    let Arrived::Client(url) = arrived else { panic!("at the client: {arrived:?}") };
    assert!(url.as_str().starts_with(&format!("{other}?code=")), "{url}");
}

async fn the_query_of_a_redirect_uri_is_a_part_of_it(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let uri = "https://shop.example/callback?foo=bar";
    let client = world.web_app(|m| m.redirect_uris = vec![uri.parse().expect("a URI")]).await;
    let path = request(&client, &[("redirect_uri", uri)]);
    let arrived = all_the_way(&mut Browser::default(), &world, &ann, &path).await;
    let Arrived::Client(url) = &arrived else { panic!("at the client: {arrived:?}") };
    assert!(url.as_str().starts_with(&format!("{uri}&code=")), "{url}");
    let answer = exchange(&client, &world, &arrived.code(&world), &[("redirect_uri", uri)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for other in [CALLBACK, "https://shop.example/callback?foo=baz", "https://shop.example/callback?foo=bar&more=1"] {
        let path = request(&client, &[("redirect_uri", other)]);
        let answer = Browser::default().sends(&world, Method::GET, &path, &[]).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{other}: {answer:?}");
    }
}

async fn a_code_that_comes_again_after_half_a_minute_ends_its_tokens(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let another = a_token(&world, &client, &ann, &[]).await;
    for seconds in [0, 30] {
        let code = a_code(&world, &client, &ann, &[]).await;
        let token = Token::of(&exchange(&client, &world, &code, &[]).await);
        world.advance(seconds);
        exchange(&client, &world, &code, &[]).await.is_refused(400, "invalid_grant");
        let header = format!("Bearer {}", token.text);
        assert_eq!(world.get_with("/oauth2/userinfo", &[("authorization", &header)]).await.status, 401);
    }
    assert!(client.sees_alive(&world, &another.text).await, "what came of other codes goes on");
}
