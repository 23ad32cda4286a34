//! Who shows no ID token only has the user asked.

use reqwest::Method;

use super::{BYE, PATH, address, asks, is_done, is_signed_in, leave, says, shop, signed_in};
use crate::harness::{Backend, Browser, stories};

stories![
    without_an_id_token_the_user_is_asked,
    a_client_that_says_who_it_is_gets_its_user_back,
    somebody_unknown_has_nobody_sent_anywhere,
    whoever_is_not_signed_in_is_signed_out,
    a_form_of_another_page_signs_nobody_out,
    a_form_without_a_cookie_takes_none_away,
    somebody_may_sign_out_everywhere,
];

async fn without_an_id_token_the_user_is_asked(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    for path in [PATH.to_owned(), leave(&[("state", "only this")]), leave(&[("logout_hint", "ann")])] {
        let mut browser = Browser::default();
        signed_in(&mut browser, &world, &client, &ann, "openid").await;
        let page = browser.opens(&world, &path).await;
        assert!(asks(&page) && page.page().body.contains("<strong>ann</strong>"), "{page:?}");
        assert!(is_signed_in(&browser, &world, &client).await, "a look changes nothing");
        let stays = browser.submits(&world, &page, &[("decision", "stay")]).await;
        assert!(says(&stays, "You are still signed in") && is_signed_in(&browser, &world, &client).await, "{stays:?}");
        let before = browser.clone();
        let left = browser.submits(&world, &page, &[("decision", "leave")]).await;
        assert!(is_done(&left) && left.page().status == 200, "{left:?}");
        assert!(!browser.cookies.contains_key("countersign_session"), "{:?}", browser.cookies);
        assert!(!is_signed_in(&before, &world, &client).await, "the cookie opens nothing any more");
    }
}

async fn a_client_that_says_who_it_is_gets_its_user_back(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let said = [("client_id", client.id.as_str()), ("post_logout_redirect_uri", BYE), ("state", "a & b")];
    let page = browser.opens(&world, &leave(&said)).await;
    assert!(asks(&page) && page.page().body.contains("<strong>Shop</strong>"), "{page:?}");
    let policy = page.page().header("content-security-policy").to_owned();
    assert!(policy.contains("form-action 'self' https:;"), "the form may lead to the client: {policy}");
    let left = browser.submits(&world, &page, &[("decision", "leave")]).await;
    assert_eq!(address(&left), "https://shop.example/bye?from=here&state=a+%26+b");
    assert!(!is_signed_in(&browser, &world, &client).await);
}

async fn somebody_unknown_has_nobody_sent_anywhere(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    let path = leave(&[("post_logout_redirect_uri", BYE), ("state", "x")]);
    assert!(is_done(&browser.opens(&world, &path).await), "nobody is signed in");
    signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let page = browser.opens(&world, &path).await;
    assert!(asks(&page) && !page.page().header("content-security-policy").contains("https:"), "{page:?}");
    assert!(is_done(&browser.submits(&world, &page, &[("decision", "leave")]).await));
}

async fn whoever_is_not_signed_in_is_signed_out(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let hint = ("id_token_hint", token.id_token().expect("one"));
    let mut stranger = Browser::default();
    assert!(is_done(&stranger.opens(&world, PATH).await) && is_done(&stranger.opens(&world, "/logout").await));
    let back = stranger.opens(&world, &leave(&[hint, ("post_logout_redirect_uri", BYE)])).await;
    assert_eq!(address(&back), BYE);
    assert!(is_signed_in(&browser, &world, &client).await, "an ID token alone ends nothing");
    let page = browser.opens(&world, PATH).await;
    world.disable_user(&ann, Some(world.clock.now())).await;
    assert!(is_done(&browser.submits(&world, &page, &[("decision", "leave")]).await), "it was over already");
    assert!(browser.cookies.len() == 1, "{:?}", browser.cookies);
}

async fn a_form_of_another_page_signs_nobody_out(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let (action, hidden) = browser.opens(&world, PATH).await.form();
    let mark = hidden[0].1.clone();
    let mut other = Browser::default();
    signed_in(&mut other, &world, &client, &ann, "openid").await;
    for decision in ["leave", "everywhere"] {
        for (browser, mark) in [(&mut browser, ""), (&mut other, mark.as_str())] {
            let answer = browser.sends(&world, Method::POST, &action, &[("form", mark), ("decision", decision)]).await;
            assert!(answer.status == 403 && answer.header("set-cookie").is_empty(), "{answer:?}");
        }
        let elsewhere = format!("/logout?client_id={}", client.id);
        let form = [("form", mark.as_str()), ("decision", decision)];
        assert_eq!(browser.sends(&world, Method::POST, &elsewhere, &form).await.status, 403);
        assert!(is_signed_in(&browser, &world, &client).await && is_signed_in(&other, &world, &client).await);
    }
}

/// Browsers send no cookie along with the form of another site, and would take one from its answer all the same.
async fn a_form_without_a_cookie_takes_none_away(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let said = leave(&[("client_id", &client.id), ("post_logout_redirect_uri", BYE)]).replace(PATH, "/logout");
    for path in ["/logout", said.as_str()] {
        let answer = Browser::default().sends(&world, Method::POST, path, &[("decision", "leave")]).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (303, ""), "{answer:?}");
        let mut browser = Browser::default();
        signed_in(&mut browser, &world, &client, &ann, "openid").await;
        let next = answer.header("location").strip_prefix(world.issuer()).expect("here").to_owned();
        assert!(asks(&browser.opens(&world, &next).await), "with its cookie it is asked");
    }
}

async fn somebody_may_sign_out_everywhere(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let (mut here, mut there) = (Browser::default(), Browser::default());
    let mut tokens = Vec::new();
    for browser in [&mut here, &mut there] {
        tokens.push(signed_in(browser, &world, &client, &ann, "openid offline_access").await);
    }
    let page = here.opens(&world, PATH).await;
    assert!(is_done(&here.submits(&world, &page, &[("decision", "everywhere")]).await));
    for (browser, token) in [&here, &there].into_iter().zip(&tokens) {
        assert!(!is_signed_in(browser, &world, &client).await);
        assert!(!client.sees_alive(&world, &token.text).await);
        client.refresh(&world, token.next(), &[]).await.is_refused(400, "invalid_grant");
    }
    let acts = world.texts("SELECT target_kind || ' ' || target_id FROM audit_log WHERE act = 'signed_out_everywhere'");
    assert_eq!(acts.await, [format!("user {}", ann.id)]);
}
