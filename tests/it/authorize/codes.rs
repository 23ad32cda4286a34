//! A code is good once, for a minute, for the client and the request that it was made for.

use super::{CALLBACK, a_code, exchange, shop};
use crate::harness::{Backend, Token, stories};

stories![
    a_code_that_comes_again_ends_what_it_opened,
    a_code_is_for_its_client_its_uri_and_its_verifier,
    a_code_is_good_for_a_minute,
    of_many_who_come_at_once_one_gets_in,
    a_code_ends_with_all_that_its_user_granted,
    codes_and_sessions_are_forgotten,
];

const WRONG: &str = "another-verifier-that-is-as-long-as-one-must-be";

async fn a_code_that_comes_again_ends_what_it_opened(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let code = a_code(&world, &client, &ann, &[("scope", "openid offline_access")]).await;
    let token = Token::of(&exchange(&client, &world, &code, &[]).await);
    assert!(client.sees_alive(&world, &token.text).await);
    world.advance(3600);
    let next = client.refreshed(&world, token.next(), &[]).await;
    exchange(&client, &world, &code, &[("code_verifier", WRONG)]).await.is_refused(400, "invalid_grant");
    assert!(!client.sees_alive(&world, &next.text).await);
    client.refresh(&world, next.next(), &[]).await.is_refused(400, "invalid_grant");
    let acts = world.texts("SELECT act FROM audit_log ORDER BY id").await;
    for act in ["signed_in", "consent_given", "grant_opened", "code_reused"] {
        assert_eq!(acts.iter().filter(|each| *each == act).count(), 1, "{act}: {acts:?}");
    }
}

async fn a_code_is_for_its_client_its_uri_and_its_verifier(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let other = world.web_app(|_| ()).await;
    let code = a_code(&world, &client, &ann, &[]).await;
    exchange(&other, &world, &code, &[]).await.is_refused(400, "invalid_grant");
    for (name, value) in [
        ("redirect_uri", "https://shop.example/callback?"),
        ("code_verifier", WRONG),
        ("code_verifier", super::CHALLENGE),
        ("code", "cs_code_nobody-made-this-one-ever-for-anybody-at-all"),
    ] {
        exchange(&client, &world, &code, &[(name, value)]).await.is_refused(400, "invalid_grant");
    }
    for missing in ["code", "redirect_uri", "code_verifier"] {
        exchange(&client, &world, &code, &[(missing, "")]).await.is_refused(400, "invalid_request");
    }
    let service = world.service_client(|_| ()).await;
    exchange(&service, &world, &code, &[]).await.is_refused(400, "unauthorized_client");
    assert_eq!(exchange(&client, &world, &code, &[]).await.status, 200, "none of that spent it");
    exchange(&other, &world, &code, &[("redirect_uri", CALLBACK)]).await.is_refused(400, "invalid_grant");
}

async fn a_code_is_good_for_a_minute(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let (one, two) = (a_code(&world, &client, &ann, &[]).await, a_code(&world, &client, &ann, &[]).await);
    world.advance(59);
    assert_eq!(exchange(&client, &world, &one, &[]).await.status, 200);
    world.advance(1);
    exchange(&client, &world, &two, &[]).await.is_refused(400, "invalid_grant");
}

async fn of_many_who_come_at_once_one_gets_in(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let another = world.another_node().await;
    let code = a_code(&world, &client, &ann, &[]).await;
    let racers = (0..8).map(|number| {
        let (client, code) = (client.clone(), code.clone());
        let node = if number % 2 == 0 { &*world } else { &another };
        async move { exchange(&client, node, &code, &[]).await }
    });
    let answers = futures_util::future::join_all(racers).await;
    let good: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(good.len(), 1, "{answers:?}");
    assert!(!client.sees_alive(&world, &Token::of(good[0]).text).await, "the others had it, too");
}

async fn a_code_ends_with_all_that_its_user_granted(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let code = a_code(&world, &client, &ann, &[]).await;
    let hash = world.app.passwords.hash(&countersign::secret::Plain::presented("another pass phrase")).await;
    world.change_password(&ann, hash.expect("a hash")).await;
    exchange(&client, &world, &code, &[]).await.is_refused(400, "invalid_grant");
}

async fn codes_and_sessions_are_forgotten(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    a_code(&world, &client, &ann, &[]).await;
    assert_eq!((world.sweep().await.of("codes"), world.sweep().await.of("sessions")), (0, 0));
    world.advance(8 * 86_400);
    let swept = world.sweep().await;
    assert_eq!((swept.of("codes"), swept.of("sessions")), (1, 1));
}
