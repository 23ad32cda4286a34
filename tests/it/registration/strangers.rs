//! Clients that anybody may have registered: nobody is led to one by this server who has not signed in for it, and nobody else's
//! server is called for one again and again.

use countersign::limits;
use reqwest::Method;
use serde_json::json;

use super::{Own, initial_token, open, registered, shop_with};
use crate::authorize::{all_the_way, request};
use crate::harness::{Arrived, Backend, Browser, World, stories};
use crate::logout::{BYE, leave};

stories![
    nobody_is_led_to_a_stranger_who_has_not_signed_in,
    a_frame_of_its_own_page_is_answered,
    who_was_invited_is_told_what_is_wrong,
    who_was_invited_leads_to_its_pages_wherever_they_are,
    nobody_is_led_to_a_stranger_by_leaving,
    a_stranger_has_only_so_much_fetched,
];

const SIGN_IN: (&str, &str) = ("prompt", "none");

async fn stranger(world: &World, token: Option<&str>) -> Own {
    registered(world, token, &shop_with(json!({"post_logout_redirect_uris": [BYE]}))).await
}

async fn nobody_is_led_to_a_stranger_who_has_not_signed_in(backend: Backend) {
    let world = open(backend).await;
    let (own, ann) = (stranger(&world, None).await, world.user("ann").await);
    let mut browser = Browser::default();
    for wrong in [("response_type", "token"), ("scope", "nonsense"), ("code_challenge", ""), SIGN_IN] {
        for mode in ["query", "fragment", "form_post"] {
            let path = request(&own.persona, &[wrong, ("response_mode", mode)]);
            let arrived = browser.opens(&world, &path).await;
            let Arrived::Page { answer, .. } = &arrived else { panic!("a page, not {arrived:?}") };
            assert_eq!((answer.status, answer.header("location")), (400, ""), "{answer:?}");
            assert!(!answer.body.contains("shop.example"), "{answer:?}");
        }
    }
    all_the_way(&mut browser, &world, &ann, &request(&own.persona, &[])).await.code(&world);
    let told = browser.opens(&world, &request(&own.persona, &[("scope", "nonsense")])).await;
    assert_eq!(told.error(&world), "invalid_scope", "whoever is signed in has seen where this leads");
}

async fn a_frame_of_its_own_page_is_answered(backend: Backend) {
    let world = open(backend).await;
    let own = stranger(&world, None).await;
    let mut framed = Browser { headers: vec![("sec-fetch-dest", "iframe".to_owned())], ..Browser::default() };
    assert_eq!(framed.opens(&world, &request(&own.persona, &[SIGN_IN])).await.error(&world), "login_required");
}

async fn who_was_invited_is_told_what_is_wrong(backend: Backend) {
    let world = open(backend).await;
    let token = initial_token(&world.app, 1, 60, "").await;
    let own = stranger(&world, Some(&token)).await;
    let arrived = Browser::default().opens(&world, &request(&own.persona, &[SIGN_IN])).await;
    assert_eq!(arrived.error(&world), "login_required");
}

async fn who_was_invited_leads_to_its_pages_wherever_they_are(backend: Backend) {
    const PAGES: [(&str, &str); 2] =
        [("policy_uri", "https://law.example/privacy"), ("tos_uri", "https://law.example/terms")];
    let world = open(backend).await;
    let token = initial_token(&world.app, 1, 60, "").await;
    let metadata = shop_with(json!({PAGES[0].0: PAGES[0].1, PAGES[1].0: PAGES[1].1}));
    for (token, shows) in [(Some(token.as_str()), true), (None, false)] {
        let own = registered(&world, token, &metadata).await;
        for (name, page) in PAGES {
            assert_eq!(own.answer.get(name).is_some_and(|told| told == page), shows, "{name}: {}", own.answer);
        }
        let mut browser = Browser::default();
        let sign_in = browser.opens(&world, &request(&own.persona, &[])).await;
        let register = browser.opens(&world, &request(&own.persona, &[("prompt", "create")])).await;
        for (shown, (_, page)) in [sign_in, register].iter().flat_map(|shown| PAGES.map(|page| (shown, page))) {
            let body = shown.page().body.replace("&#x2f;", "/");
            assert_eq!(body.contains(&format!("<a href=\"{page}\">")), shows, "{shown:?}");
        }
        // It stays so when it says the same again.
        let again = own.send(&world, Method::PUT, Some(&own.again(metadata.clone()))).await;
        assert_eq!(again.json().get("tos_uri").is_some(), shows, "{again:?}");
    }
}

async fn nobody_is_led_to_a_stranger_by_leaving(backend: Backend) {
    let world = open(backend).await;
    let (own, ann) = (stranger(&world, None).await, world.user("ann").await);
    let path = leave(&[("client_id", &own.persona.id), ("post_logout_redirect_uri", BYE)]);
    for path in [path.clone(), path.replace("/oauth2/logout", "/logout")] {
        let answer = Browser::default().sends(&world, Method::GET, &path, &[]).await;
        assert_eq!((answer.status, answer.header("location")), (200, ""), "{answer:?}");
    }
    let mut browser = Browser::default();
    all_the_way(&mut browser, &world, &ann, &request(&own.persona, &[])).await.code(&world);
    let page = browser.opens(&world, &path).await;
    let left = browser.submits(&world, &page, &[("decision", "leave")]).await;
    assert!(matches!(&left, Arrived::Client(url) if url.as_str() == BYE), "whoever was asked: {left:?}");
}

async fn a_stranger_has_only_so_much_fetched(backend: Backend) {
    let world = backend.world_with(|config| config.limits.enabled = true).await;
    let most = world.app.config.limits.api_calls_per_minute;
    for _ in 0..most {
        limits::call_for_stranger(&world.app, "one", world.clock.now()).await.expect("one more");
    }
    assert!(
        limits::call_for_stranger(&world.app, "one", world.clock.now()).await.is_err(),
        "from wherever it is asked"
    );
    limits::call_for_stranger(&world.app, "another", world.clock.now()).await.expect("each has its own");
    world.advance(60);
    limits::call_for_stranger(&world.app, "one", world.clock.now()).await.expect("a minute later");
}
