//! What a user lets a client have: asked once, and never more granted than was shown.

use super::{all_the_way, exchange, request, shop};
use crate::harness::{Backend, Browser, Token, sorted, stories};

stories![
    what_was_allowed_is_not_asked_again,
    whoever_refuses_sends_the_client_away,
    without_a_question_there_is_no_consent,
    each_client_is_asked_for_by_itself,
    a_client_says_what_it_does_with_what_it_learns,
];

async fn what_was_allowed_is_not_asked_again(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    all_the_way(&mut browser, &world, &ann, &request(&client, &[("scope", "openid")])).await.code(&world);
    browser.opens(&world, &request(&client, &[("scope", "openid")])).await.code(&world);
    let page = browser.opens(&world, &request(&client, &[])).await;
    assert!(page.asks_for_consent(), "email is new: {page:?}");
    let silent = browser.opens(&world, &request(&client, &[("prompt", "none")])).await;
    assert_eq!(silent.error(&world), "consent_required");
    let code = browser.allows(&world, &page).await.code(&world);
    let token = Token::of(&exchange(&client, &world, &code, &[]).await);
    assert_eq!(sorted(token.scope()), ["email", "openid"]);
    browser.opens(&world, &request(&client, &[("prompt", "none")])).await.code(&world);
    let page = browser.opens(&world, &request(&client, &[("prompt", "consent")])).await;
    assert!(page.asks_for_consent(), "{page:?}");
    browser.allows(&world, &page).await.code(&world);
}

async fn whoever_refuses_sends_the_client_away(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    let page = browser.opens(&world, &request(&client, &[])).await;
    let page = browser.signs_in(&world, &page, &ann).await;
    for decision in ["refuse", "anything"] {
        let arrived = browser.submits(&world, &page, &[("decision", decision)]).await;
        assert_eq!(
            (arrived.error(&world), arrived.told(&world)["state"].as_str()),
            ("access_denied".to_owned(), "a state & more")
        );
    }
    assert!(browser.opens(&world, &request(&client, &[])).await.asks_for_consent(), "nothing was granted");
}

async fn without_a_question_there_is_no_consent(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    let narrow = browser.opens(&world, &request(&client, &[("scope", "openid")])).await;
    let narrow = browser.signs_in(&world, &narrow, &ann).await;
    let (_, seen) = narrow.form();
    let path = request(&client, &[]).replace("/oauth2/authorize", "/consent");
    let wide = browser.opens(&world, &path).await;
    let (action, own) = wide.form();
    // The mark of one question does not answer another, nor does none at all.
    let of = |form: &[(String, String)], name: &str| form.iter().find(|(each, _)| each == name).expect("it").1.clone();
    for (form, shown) in [
        (of(&own, "form"), of(&seen, "shown")),
        (of(&seen, "form"), of(&seen, "shown")),
        (of(&own, "form"), String::new()),
        (String::new(), of(&own, "shown")),
    ] {
        let sent = [("form", form.as_str()), ("shown", &shown), ("decision", "allow")];
        let answer = browser.sends(&world, reqwest::Method::POST, &action, &sent).await;
        assert!(answer.status == 403 && answer.header("location").is_empty(), "{answer:?}");
    }
    let sent = [("form", of(&own, "form")), ("shown", of(&own, "shown")), ("decision", "allow".to_owned())];
    let sent = sent.each_ref().map(|(name, value)| (*name, value.as_str()));
    // Nor is it good in another browser.
    let answer = Browser::default().sends(&world, reqwest::Method::POST, &action, &sent).await;
    assert_eq!(answer.status, 403);
    assert_eq!(world.texts("SELECT scope FROM consents").await, Vec::<String>::new());
    assert_eq!(browser.sends(&world, reqwest::Method::POST, &action, &sent).await.status, 303);
}

async fn each_client_is_asked_for_by_itself(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let other = world.web_app(|_| ()).await;
    let mut browser = Browser::default();
    all_the_way(&mut browser, &world, &ann, &request(&client, &[])).await.code(&world);
    let page = browser.opens(&world, &request(&other, &[])).await;
    assert!(page.asks_for_consent() && !page.asks_for_password(), "{page:?}");
    browser.allows(&world, &page).await.code(&world);
    assert_eq!(world.texts("SELECT scope FROM consents").await.len(), 2);
}

async fn a_client_says_what_it_does_with_what_it_learns(backend: Backend) {
    let (world, silent, ann) = shop(backend).await;
    let told = world
        .web_app(|m| {
            m.policy_uri = Some("https://shop.example/privacy?a=b&c".to_owned());
            m.tos_uri = Some("https://shop.example/terms".to_owned());
        })
        .await;
    let mut browser = Browser::default();
    let page = browser.opens(&world, &request(&silent, &[])).await;
    let page = browser.signs_in(&world, &page, &ann).await;
    assert!(page.asks_for_consent() && !page.page().body.contains("Privacy policy"), "{page:?}");
    let page = browser.opens(&world, &request(&told, &[])).await;
    let body = page.page().body.replace("&#x2f;", "/");
    for link in [r#"<a href="https://shop.example/privacy?a=b&amp;c">"#, r#"<a href="https://shop.example/terms">"#] {
        assert!(body.contains(link), "{link}: {page:?}");
    }
}
