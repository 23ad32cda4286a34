//! Who is signed in with a browser, for how long, and what ends it.

use super::{all_the_way, exchange, request, shop};
use crate::harness::forge::Parts;
use crate::harness::{Backend, Browser, Token, stories};

stories![
    a_session_ends_with_all_that_its_user_granted,
    a_session_ends_when_it_is_not_used_and_at_its_end,
    somebody_may_be_asked_to_sign_in_anew,
    a_session_has_a_new_name_after_each_sign_in,
    clients_know_a_session_by_a_name_that_opens_nothing,
    with_https_cookies_are_for_this_host_alone,
];

const COOKIE: &str = "countersign_session";

async fn a_session_ends_with_all_that_its_user_granted(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let path = request(&client, &[("prompt", "none")]);
    let mut browser = Browser::default();
    all_the_way(&mut browser, &world, &ann, &request(&client, &[])).await.code(&world);
    browser.opens(&world, &path).await.code(&world);
    world.lock(&ann, Some(world.clock.now())).await;
    assert_eq!(browser.opens(&world, &path).await.error(&world), "login_required");
    world.lock(&ann, None).await;
    browser.opens(&world, &path).await.code(&world);
    world.disable_user(&ann, Some(world.clock.now())).await;
    assert_eq!(browser.opens(&world, &path).await.error(&world), "login_required");
    world.disable_user(&ann, None).await;
    let hash = world.app.passwords.hash(&countersign::secret::Plain::presented("another pass phrase")).await;
    world.change_password(&ann, hash.expect("a hash")).await;
    assert_eq!(browser.opens(&world, &path).await.error(&world), "login_required");
    assert!(browser.opens(&world, &request(&client, &[])).await.asks_for_password());
}

async fn a_session_ends_when_it_is_not_used_and_at_its_end(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    all_the_way(&mut browser, &world, &ann, &request(&client, &[])).await.code(&world);
    for _ in 0..14 {
        world.advance(43_199);
        let arrived = browser.opens(&world, &request(&client, &[])).await;
        assert!(!arrived.asks_for_password(), "{arrived:?}");
    }
    assert!(browser.opens(&world, &request(&client, &[("max_age", "604786")])).await.code(&world).len() > 40);
    world.advance(15);
    assert!(browser.opens(&world, &request(&client, &[])).await.asks_for_password(), "a week is over");
    let page = browser.opens(&world, &request(&client, &[])).await;
    browser.signs_in(&world, &page, &ann).await.code(&world);
    world.advance(43_200);
    assert!(browser.opens(&world, &request(&client, &[])).await.asks_for_password(), "it was not used");
}

async fn somebody_may_be_asked_to_sign_in_anew(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    let silent = browser.opens(&world, &request(&client, &[("prompt", "none")])).await;
    assert_eq!(silent.error(&world), "login_required");
    all_the_way(&mut browser, &world, &ann, &request(&client, &[])).await.code(&world);
    world.advance(100);
    browser.opens(&world, &request(&client, &[("max_age", "100")])).await.code(&world);
    let silent = browser.opens(&world, &request(&client, &[("max_age", "99"), ("prompt", "none")])).await;
    assert_eq!(silent.error(&world), "login_required");
    for changes in [[("max_age", "99")], [("max_age", "0")], [("prompt", "login")], [("prompt", "select_account")]] {
        let page = browser.opens(&world, &request(&client, &changes)).await;
        assert!(page.asks_for_password(), "{changes:?}: {page:?}");
        world.advance(5);
        let arrived = browser.signs_in(&world, &page, &ann).await;
        arrived.code(&world);
        world.advance(100);
    }
}

async fn a_session_has_a_new_name_after_each_sign_in(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    all_the_way(&mut browser, &world, &ann, &request(&client, &[])).await.code(&world);
    let before = browser.clone();
    let page = browser.opens(&world, &request(&client, &[("prompt", "login")])).await;
    browser.signs_in(&world, &page, &ann).await.code(&world);
    assert_ne!(before.cookies[COOKIE], browser.cookies[COOKIE]);
    let path = request(&client, &[("prompt", "none")]);
    assert_eq!(before.clone().opens(&world, &path).await.error(&world), "login_required", "the old one is over");
    browser.opens(&world, &path).await.code(&world);
    for hash in world.texts("SELECT hash FROM sessions").await {
        assert!(!browser.cookies[COOKIE].contains(&hash) && !hash.contains("cs_session"), "only its hash is stored");
    }
}

async fn clients_know_a_session_by_a_name_that_opens_nothing(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let other = world.web_app(|_| ()).await;
    let mut browser = Browser::default();
    let mut sids = Vec::new();
    for (client, prompt) in [(&client, ""), (&other, ""), (&client, "login")] {
        let path = request(client, &[("scope", "openid offline_access"), ("prompt", prompt)]);
        let mut arrived = all_the_way(&mut browser, &world, &ann, &path).await;
        if arrived.asks_for_password() {
            arrived = browser.signs_in(&world, &arrived, &ann).await;
        }
        let token = Token::of(&exchange(client, &world, &arrived.code(&world), &[]).await);
        let sid = |token: &Token| Parts::of(token.id_token().expect("one")).claims["sid"].as_str().map(str::to_owned);
        let of_grant = world.texts(&format!("SELECT session_id FROM grants WHERE id = '{}'", token.grant())).await;
        assert_eq!(of_grant, [sid(&token).expect("a name")]);
        let next = client.refreshed(&world, token.next(), &[]).await;
        assert_eq!(sid(&next), sid(&token), "the tokens that follow are of the same session");
        sids.extend(of_grant);
    }
    assert_eq!(sids[0], sids[1], "one sign-in, two clients");
    assert_ne!(sids[0], sids[2], "another sign-in");
    let mut known = world.texts("SELECT id FROM sessions ORDER BY created_at, id").await;
    known.sort();
    sids.dedup();
    sids.sort();
    assert_eq!(known, sids);
    assert!(sids.iter().all(|sid| sid.len() == 36 && !browser.cookies[COOKIE].contains(sid)), "{sids:?}");
    let mut thief = Browser::default();
    thief.cookies.insert(COOKIE.to_owned(), sids[1].clone());
    let silent = thief.opens(&world, &request(&client, &[("prompt", "none")])).await;
    assert_eq!(silent.error(&world), "login_required");
}

async fn with_https_cookies_are_for_this_host_alone(backend: Backend) {
    let world = backend.world_with(|config| config.issuer = "https://id.example".parse().expect("an issuer")).await;
    let (client, _) = (world.web_app(|_| ()).await, world.user("ann").await);
    let path = request(&client, &[]).replace("/oauth2/authorize", "/login");
    let answer = world.get(&path).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-countersign_form=cs_form_") && cookie.ends_with("; Secure"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
}
