//! What is wrong with a request is a page: nobody is logged out by it, and nobody is sent anywhere.

use countersign::protocol::jwk::Algorithm;
use serde_json::json;

use super::{BYE, PATH, address, is_signed_in, leave, shop, signed_in};
use crate::harness::forge::Parts;
use crate::harness::{Arrived, Backend, Browser, Node, Persona, recorder, stories};

stories![
    only_what_is_registered_is_returned_to,
    what_is_no_id_token_of_this_server_for_the_client_is_no_hint,
    what_userinfo_says_is_no_hint,
    a_hint_of_a_key_that_was_withdrawn_is_none,
    what_cannot_be_read_is_refused,
];

const NOT_REGISTERED: &str = "asked to be answered at an address that it is not registered for";
const NO_HINT: &str = "asked to sign out somebody whom it did not sign in here";

async fn is_refused(browser: &Browser, node: &Node, client: &Persona, path: &str, about: &str) {
    for (mut browser, is_in) in [(browser.clone(), true), (Browser::default(), false)] {
        let arrived = browser.opens(node, path).await;
        let Arrived::Page { answer, .. } = &arrived else { panic!("a page, not {arrived:?}: {path}") };
        assert_eq!((answer.status, answer.header("set-cookie")), (400, ""), "{path}: {answer:?}");
        assert!(answer.body.contains(about), "{about}: {answer:?}");
        assert_eq!(is_signed_in(&browser, node, client).await, is_in, "{path}");
    }
}

async fn only_what_is_registered_is_returned_to(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let other = world.web_app(|_| ()).await;
    let mut browser = Browser::default();
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let hint = ("id_token_hint", token.id_token().expect("one"));
    let id = ("client_id", client.id.as_str());
    for uri in [
        "https://else.example/bye",
        "https://shop.example/bye",
        "https://shop.example/bye?from=here&foo=bar",
        "https://shop.example/bye?from=here/",
        "https://shop.example/callback",
        "https://SHOP.example/bye?from=here",
    ] {
        for who in [hint, id] {
            let path = leave(&[who, ("post_logout_redirect_uri", uri)]);
            is_refused(&browser, &world, &client, &path, NOT_REGISTERED).await;
        }
    }
    let path = leave(&[("client_id", &other.id), ("post_logout_redirect_uri", BYE)]);
    is_refused(&browser, &world, &client, &path, NOT_REGISTERED).await;
    for uri in ["https://shop.example/bye#top", "javascript:alert(1)", "//else.example"] {
        let path = leave(&[hint, ("post_logout_redirect_uri", uri)]);
        is_refused(&browser, &world, &client, &path, "This application cannot be answered").await;
    }
    world.disable(&client.id, Some(world.clock.now())).await;
    let back = Browser::default().opens(&world, &leave(&[hint, ("post_logout_redirect_uri", BYE)])).await;
    assert_eq!(back.page().status, 200, "a disabled client gets nobody back");
    let path = leave(&[id, ("post_logout_redirect_uri", BYE)]);
    is_refused(&browser, &world, &other, &path, "The application is not known here").await;
    world.disable(&client.id, None).await;
    let back = browser.opens(&world, &leave(&[hint, ("post_logout_redirect_uri", BYE)])).await;
    assert_eq!(address(&back), BYE);
}

async fn what_is_no_id_token_of_this_server_for_the_client_is_no_hint(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let other = world.web_app(|_| ()).await;
    let mut browser = Browser::default();
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let of_other = signed_in(&mut browser, &world, &other, &ann, "openid").await;
    let good = Parts::of(token.id_token().expect("one"));
    let changed = |change: &dyn Fn(&mut Parts)| {
        let mut parts = good.clone();
        change(&mut parts);
        parts
    };
    let unsigned = changed(&|parts| {
        parts.header["alg"] = json!("none");
        parts.signature = Vec::new();
    });
    for hint in [
        "nonsense".to_owned(),
        token.text.clone(),
        good.signed_by_a_stranger(),
        unsigned.put_together(),
        changed(&|parts| parts.claims["sub"] = json!("somebody")).put_together(),
        changed(&|parts| parts.claims["iss"] = json!("https://else.example")).signed(),
        of_other.id_token().expect("one").to_owned(),
    ] {
        let id = ("client_id", client.id.as_str());
        let path = leave(&[("id_token_hint", &hint), id, ("post_logout_redirect_uri", BYE)]);
        is_refused(&browser, &world, &client, &path, NO_HINT).await;
    }
    let path = leave(&[("id_token_hint", &good.signed()), ("post_logout_redirect_uri", BYE)]);
    assert_eq!(address(&browser.opens(&world, &path).await), BYE, "signed as this server does it is good");
}

/// An API that was given a token could ask for it, and would log the user out.
async fn what_userinfo_says_is_no_hint(backend: Backend) {
    let (world, _, ann) = shop(backend).await;
    let client = world.web_app(|m| m.userinfo_signed_response_alg = Some(Algorithm::Rs256)).await;
    let mut browser = Browser::default();
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let said = world.send(world.request(reqwest::Method::GET, "/oauth2/userinfo").bearer_auth(&token.text)).await;
    assert_eq!((said.status, said.body.split('.').count()), (200, 3), "{said:?}");
    is_refused(&browser, &world, &client, &leave(&[("id_token_hint", &said.body)]), NO_HINT).await;
}

async fn a_hint_of_a_key_that_was_withdrawn_is_none(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    world.app.keyring.rotate_in_emergency(world.clock.now(), &recorder).await.expect("it can be");
    let path = leave(&[("id_token_hint", token.id_token().expect("one")), ("post_logout_redirect_uri", BYE)]);
    is_refused(&browser, &world, &client, &path, NO_HINT).await;
}

async fn what_cannot_be_read_is_refused(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let long = "x".repeat(1025);
    for (path, about) in [
        (leave(&[("state", "a"), ("state", "b")]), "state is given more than once"),
        (leave(&[("state", &long)]), "state is too long"),
        (leave(&[("id_token_hint", &long.repeat(4))]), "id_token_hint is too long"),
        (leave(&[("state", &long.repeat(8))]), "the request is too long"),
        (leave(&[("client_id", "nobody")]), "The application is not known here"),
        (format!("{PATH}?state=%zz"), "That did not work"),
    ] {
        is_refused(&browser, &world, &client, &path, about).await;
    }
}
