//! What clients register about how they ask: without PKCE, and how old a sign-in may be.

use serde_json::json;

use super::{CALLBACK, VERIFIER, a_token, all_the_way, exchange, request, shop};
use crate::harness::forge::Parts;
use crate::harness::{Backend, Browser, Token, stories};

stories![
    a_client_with_a_secret_may_be_exempted_from_pkce,
    a_challenge_binds_also_who_is_exempted,
    a_client_may_want_sign_ins_to_be_recent,
];

const WITHOUT: [(&str, &str); 2] = [("code_challenge", ""), ("code_challenge_method", "")];

async fn a_client_with_a_secret_may_be_exempted_from_pkce(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let exempted = world.web_app(|m| m.require_pkce = false).await;
    let mut browser = Browser::default();
    let arrived = browser.opens(&world, &request(&client, &WITHOUT)).await;
    assert_eq!(arrived.error(&world), "invalid_request", "nobody else is");
    let code = all_the_way(&mut browser, &world, &ann, &request(&exempted, &WITHOUT)).await.code(&world);
    // Somebody may have taken the challenge away.
    exchange(&exempted, &world, &code, &[]).await.is_refused(400, "invalid_grant");
    let wrong = exchange(&exempted, &world, &code, &[("code_verifier", ""), ("redirect_uri", "https://else.example/")]);
    wrong.await.is_refused(400, "invalid_grant");
    assert_eq!(exchange(&exempted, &world, &code, &[("code_verifier", "")]).await.status, 200);
    exchange(&exempted, &world, &code, &[("code_verifier", "")]).await.is_refused(400, "invalid_grant");
    let half = browser.opens(&world, &request(&exempted, &[("code_challenge", "")])).await;
    assert_eq!(half.error(&world), "invalid_request", "a method without a challenge is a slip");
}

async fn a_challenge_binds_also_who_is_exempted(backend: Backend) {
    let (world, _, ann) = shop(backend).await;
    let exempted = world.web_app(|m| m.require_pkce = false).await;
    let mut browser = Browser::default();
    let code = all_the_way(&mut browser, &world, &ann, &request(&exempted, &[])).await.code(&world);
    exchange(&exempted, &world, &code, &[("code_verifier", "")]).await.is_refused(400, "invalid_request");
    let wrong = "another-verifier-that-is-as-long-as-one-must-be";
    exchange(&exempted, &world, &code, &[("code_verifier", wrong)]).await.is_refused(400, "invalid_grant");
    assert_eq!(exchange(&exempted, &world, &code, &[("code_verifier", VERIFIER)]).await.status, 200);
}

async fn a_client_may_want_sign_ins_to_be_recent(backend: Backend) {
    let (world, other, ann) = shop(backend).await;
    let client = world
        .web_app(|m| {
            m.default_max_age = Some(60);
            m.require_auth_time = true;
        })
        .await;
    let mut browser = Browser::default();
    all_the_way(&mut browser, &world, &ann, &request(&client, &[])).await.code(&world);
    all_the_way(&mut browser, &world, &ann, &request(&other, &[])).await.code(&world);
    world.advance(60);
    browser.opens(&world, &request(&client, &[])).await.code(&world);
    world.advance(1);
    browser.opens(&world, &request(&other, &[])).await.code(&world);
    let silent = browser.opens(&world, &request(&client, &[("prompt", "none")])).await;
    assert_eq!(silent.error(&world), "login_required");
    browser.opens(&world, &request(&client, &[("max_age", "100"), ("prompt", "none")])).await.code(&world);
    let page = browser.opens(&world, &request(&client, &[("prompt", "consent")])).await;
    assert!(page.asks_for_password(), "{page:?}");
    let page = browser.signs_in(&world, &page, &ann).await;
    // Whoever takes long to consent has signed in all the same.
    world.advance(600);
    let code = browser.allows(&world, &page).await.code(&world);
    let token = Token::of(&exchange(&client, &world, &code, &[("redirect_uri", CALLBACK)]).await);
    let signed_in = Parts::of(token.id_token().expect("one")).claims["auth_time"].clone();
    assert_eq!(signed_in, json!(world.clock.now().seconds() - 600));
    // Anybody can say that they have just signed in; it gains them no more than that time.
    world.advance(1);
    let page = browser.opens(&world, &request(&client, &[("signed_in", "1")])).await;
    assert!(page.asks_for_password(), "{page:?}");
    let strict = world.web_app(|m| m.default_max_age = Some(0)).await;
    a_token(&world, &strict, &ann, &[]).await;
}
