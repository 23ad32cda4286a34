//! Whom a client has in mind: `id_token_hint`, and `sub` in `claims`.

use serde_json::json;

use super::{all_the_way, exchange, request, shop};
use crate::harness::forge::Parts;
use crate::harness::{Backend, Browser, Token, recorder, stories};

stories![
    nobody_is_told_of_another_user,
    a_hint_is_good_after_it_expired_and_its_key_has_gone,
    a_hint_of_a_key_that_was_withdrawn_is_none,
    what_is_no_id_token_for_the_client_is_no_hint,
];

async fn nobody_is_told_of_another_user(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let bob = world.user("bob").await;
    let mut browser = Browser::default();
    let code = all_the_way(&mut browser, &world, &ann, &request(&client, &[])).await.code(&world);
    let hint = Token::of(&exchange(&client, &world, &code, &[]).await).id_token().expect("one").to_owned();
    let claims = json!({"id_token": {"sub": {"value": ann.id}}}).to_string();
    let others = json!({"userinfo": {"sub": {"values": [ann.id, "somebody"]}}}).to_string();
    let mut bobs = Browser::default();
    all_the_way(&mut bobs, &world, &bob, &request(&client, &[])).await.code(&world);
    for named in [("id_token_hint", hint.as_str()), ("claims", &claims), ("claims", &others)] {
        browser.opens(&world, &request(&client, &[named, ("prompt", "none")])).await.code(&world);
        for mut stranger in [bobs.clone(), Browser::default()] {
            let silent = stranger.opens(&world, &request(&client, &[named, ("prompt", "none")])).await;
            assert_eq!(silent.error(&world), "login_required", "{named:?}");
            let page = stranger.opens(&world, &request(&client, &[named])).await;
            assert!(page.asks_for_password(), "{page:?}");
            let again = stranger.clone().signs_in(&world, &page, &bob).await;
            assert_eq!(again.error(&world), "login_required", "{named:?}");
            stranger.signs_in(&world, &page, &ann).await.code(&world);
        }
    }
    let both = [("id_token_hint", hint.as_str()), ("claims", r#"{"id_token":{"sub":{"value":"somebody"}}}"#)];
    let silent = browser.opens(&world, &request(&client, &[both[0], both[1], ("prompt", "none")])).await;
    assert_eq!(silent.error(&world), "login_required", "nobody is both");
}

async fn a_hint_is_good_after_it_expired_and_its_key_has_gone(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    world.stop_jobs().await;
    let leadership = world.app.store.lead("the story", None).await.expect("the store answers").expect("nobody leads");
    world.advance(360);
    let mut browser = Browser::default();
    let code = all_the_way(&mut browser, &world, &ann, &request(&client, &[])).await.code(&world);
    let hint = Token::of(&exchange(&client, &world, &code, &[]).await).id_token().expect("one").to_owned();
    world.app.keyring.rotate(world.clock.now(), &recorder).await.expect("it is time");
    world.advance(4 * 3600);
    world.app.keyring.keep(world.clock.now(), &leadership).await.expect("keys are kept");
    let kid = Parts::of(&hint).header["kid"].as_str().expect("a kid").to_owned();
    let phase = world.texts(&format!("SELECT phase FROM signing_keys WHERE kid = '{kid}'")).await;
    assert_eq!(phase, ["retired"]);
    let path = request(&client, &[("id_token_hint", &hint), ("prompt", "none")]);
    browser.opens(&world, &path).await.code(&world);
    assert_eq!(Browser::default().opens(&world, &path).await.error(&world), "login_required");
}

async fn a_hint_of_a_key_that_was_withdrawn_is_none(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    let code = all_the_way(&mut browser, &world, &ann, &request(&client, &[])).await.code(&world);
    let hint = Token::of(&exchange(&client, &world, &code, &[]).await).id_token().expect("one").to_owned();
    world.app.keyring.rotate_in_emergency(world.clock.now(), &recorder).await.expect("it can be");
    let arrived = browser.opens(&world, &request(&client, &[("id_token_hint", &hint)])).await;
    assert_eq!(arrived.error(&world), "invalid_request");
}

async fn what_is_no_id_token_for_the_client_is_no_hint(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let other = world.web_app(|_| ()).await;
    let mut browser = Browser::default();
    let mut tokens = Vec::new();
    for client in [&client, &other] {
        let code = all_the_way(&mut browser, &world, &ann, &request(client, &[])).await.code(&world);
        tokens.push(Token::of(&exchange(client, &world, &code, &[]).await));
    }
    let good = Parts::of(tokens[0].id_token().expect("one"));
    let of_another_issuer = {
        let mut parts = good.clone();
        parts.claims["iss"] = json!("https://else.example");
        parts.signed()
    };
    let unsigned = {
        let mut parts = good.clone();
        parts.header["alg"] = json!("none");
        parts.put_together()
    };
    for hint in [
        "nonsense",
        tokens[0].text.as_str(),
        tokens[1].id_token().expect("one"),
        &good.signed_by_a_stranger(),
        &of_another_issuer,
        &unsigned,
    ] {
        for mut browser in [browser.clone(), Browser::default()] {
            let arrived = browser.opens(&world, &request(&client, &[("id_token_hint", hint)])).await;
            assert_eq!(arrived.error(&world), "invalid_request");
        }
    }
    browser.opens(&world, &request(&client, &[("id_token_hint", &good.signed())])).await.code(&world);
}
