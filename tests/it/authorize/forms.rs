//! The page that asks for a password takes no form but its own, and tells nothing.

use reqwest::Method;

use super::{request, shop};
use crate::harness::{Backend, Browser, secrets, stories};

stories![
    a_form_of_another_page_signs_nobody_in,
    whatever_is_wrong_the_words_are_the_same,
    an_account_is_locked_here_too
];

async fn a_form_of_another_page_signs_nobody_in(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    let page = browser.opens(&world, &request(&client, &[])).await;
    let (action, hidden) = page.form();
    let mark = hidden[0].1.as_str();
    let sent = |mark| [("form", mark), ("username", ann.username.as_str()), ("password", ann.password.as_str())];
    for mut forger in [Browser::default(), browser.clone()] {
        let mark = if forger.cookies.is_empty() { mark } else { "" };
        let answer = forger.sends(&world, Method::POST, &action, &sent(mark)).await;
        assert!(answer.status == 403 && answer.header("set-cookie").is_empty(), "{answer:?}");
    }
    let elsewhere = action.replace("openid", "email");
    assert_ne!(elsewhere, action);
    assert_eq!(browser.sends(&world, Method::POST, &elsewhere, &sent(mark)).await.status, 403);
    let json = world.request(Method::POST, &action).header("content-type", "application/json").body("{}");
    assert_eq!(world.send(json).await.status, 400);
    assert_eq!(browser.sends(&world, Method::POST, &action, &sent(mark)).await.status, 303);
}

async fn whatever_is_wrong_the_words_are_the_same(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let locked = world.user("bob").await;
    world.lock(&locked, Some(world.clock.now())).await;
    let mut browser = Browser::default();
    let page = browser.opens(&world, &request(&client, &[])).await;
    let mut bodies = Vec::new();
    let wrong = "a wrong pass phrase";
    secrets::note(wrong);
    for (name, password) in [("ann", wrong), ("nobody", wrong), ("bob", locked.password.as_str())] {
        let again = browser.submits(&world, &page, &[("username", name), ("password", password)]).await;
        assert!(again.asks_for_password() && again.page().status == 422, "{again:?}");
        again.page().never_says(&[password]);
        bodies.push(again.page().body.replace(&format!("value=\"{name}\""), ""));
    }
    assert!(bodies.iter().all(|body| *body == bodies[0] && body.contains("The name or the password is wrong.")));
    let again = browser.submits(&world, &page, &[("username", "\"><b>x</b>")]).await;
    assert!(again.page().status == 422 && !again.page().body.contains("<b>x"), "{again:?}");
    let page = browser.submits(&world, &page, &[("username", &ann.email), ("password", &ann.password)]).await;
    assert!(page.asks_for_consent(), "{page:?}");
}

async fn an_account_is_locked_here_too(backend: Backend) {
    let world = backend
        .world_with(|config| {
            config.limits.enabled = true;
            config.limits.failed_logins_per_minute = 2;
        })
        .await;
    let (client, ann) = (world.web_app(|_| ()).await, world.user("ann").await);
    let mut browser = Browser::default();
    let page = browser.opens(&world, &request(&client, &[])).await;
    for _ in 0..2 {
        let again = browser.submits(&world, &page, &[("username", "ann"), ("password", "a wrong one")]).await;
        assert_eq!(again.page().status, 422);
    }
    let again = browser.signs_in(&world, &page, &ann).await;
    assert!(again.page().status == 429 && !again.page().header("retry-after").is_empty(), "{again:?}");
}
