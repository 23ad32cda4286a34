//! What people do in a browser besides signing in: they leave, forget, go from one client to the next.

use super::{shop, shop_site, street};
use crate::api::people::{a_password, token_of_letter};
use crate::authorize::exchange;
use crate::harness::chromium::Chromium;
use crate::harness::{Backend, stories};

stories![
    somebody_stays_and_then_leaves_by_the_page_that_asks,
    a_forgotten_password_is_set_anew,
    two_clients_have_one_session_and_lose_it_together,
    a_form_goes_to_the_client_by_itself,
];

async fn somebody_stays_and_then_leaves_by_the_page_that_asks(backend: Backend) {
    let street = street(backend, |_| ()).await;
    let browser = Chromium::start("en").await;
    browser.opens(&street.asked(&[])).await;
    street.signs_in(&browser, &street.ann.password).await;
    browser.arrives_at("/consent").await;
    browser.clicks("button[value=allow]").await;
    browser.arrives_at("/callback?code=").await;

    browser.opens(&street.leaves()).await;
    browser.arrives_at("/logout?").await;
    assert_eq!(browser.text("h1").await, "Sign out?");
    browser.clicks("button[value=stay]").await;
    browser.waits_for("main:not(:has(form))").await;
    assert_eq!(browser.text("h1").await, "You are still signed in");
    browser.opens(&street.url("/account")).await;
    assert_eq!(browser.text("footer strong").await, "ann");

    browser.opens(&street.leaves()).await;
    browser.clicks("button[value=leave]").await;
    browser.arrives_at("/bye?state=left").await;
    assert_eq!(browser.text("h1").await, "Come again", "the policy of the page lets its form lead to the client");
    browser.opens(&street.asked(&[("prompt", "none")])).await;
    browser.arrives_at("error=login_required").await;
    browser.opens(&street.leaves()).await;
    browser.arrives_at("/bye?state=left").await;
}

async fn a_forgotten_password_is_set_anew(backend: Backend) {
    let street = street(backend, |_| ()).await;
    let browser = Chromium::start("en").await;
    browser.opens(&street.asked(&[])).await;
    browser.arrives_at("/login").await;
    browser.clicks("a[href=forgot-password]").await;
    browser.arrives_at("/forgot-password").await;
    browser.fills("#email", &street.ann.email).await;
    browser.clicks("form button").await;
    browser.waits_for("main:not(:has(form))").await;
    assert_eq!(browser.text("h1").await, "Look into your mail");
    let token = token_of_letter(&street.mailbox, &street.ann.email, 1).await;
    let link = street.mailbox.letters_to(&street.ann.email)[0].link();
    browser.opens(&link).await;
    let (good, other) = (a_password(), a_password());
    for (again, is_right) in [(&other, false), (&good, true)] {
        browser.fills("#password", &good).await;
        browser.fills("#again", again).await;
        browser.clicks("form button").await;
        browser.waits_for(if is_right { "main:not(:has(form))" } else { "#again[aria-invalid=true]" }).await;
    }
    assert_eq!(browser.text("h1").await, "Your password is set");
    browser.opens(&street.url(&format!("/reset-password?token={token}"))).await;
    assert_eq!(browser.text("h1").await, "This link does not work any more");
    browser.opens(&street.asked(&[])).await;
    street.signs_in(&browser, &street.ann.password).await;
    browser.waits_for("#wrong").await;
    street.signs_in(&browser, &good).await;
    browser.arrives_at("/consent").await;
}

async fn two_clients_have_one_session_and_lose_it_together(backend: Backend) {
    let street = street(backend, |_| ()).await;
    let browser = Chromium::start("en").await;
    let mut clients = Vec::new();
    for name in ["Books", "Tea"] {
        let site = shop_site().await;
        clients.push((name, shop(&street.world, name, &site, "client_secret_basic").await, site));
    }
    for (name, client, site) in &clients {
        browser.opens(&street.asked_by(client, site, &[])).await;
        if *name == "Books" {
            street.signs_in(&browser, &street.ann.password).await;
        }
        browser.arrives_at("/consent").await;
        assert_eq!(browser.text("h1").await, format!("Allow {name}?"));
        browser.clicks("button[value=allow]").await;
        browser.arrives_at(&site.url("/callback?code=")).await;
    }
    for (_, client, site) in &clients {
        browser.opens(&street.asked_by(client, site, &[])).await;
        browser.arrives_at(&site.url("/callback?code=")).await;
    }
    browser.opens(&street.url("/account/apps")).await;
    assert_eq!(browser.run("return document.querySelectorAll('.rows h2').length", &[]).await, 2);
    browser.opens(&street.url("/logout")).await;
    browser.clicks("button[value=leave]").await;
    browser.waits_for("main:not(:has(form))").await;
    assert_eq!(browser.text("h1").await, "You are signed out");
    for (_, client, site) in &clients {
        browser.opens(&street.asked_by(client, site, &[("prompt", "none")])).await;
        browser.arrives_at(&site.url("/callback?error=login_required")).await;
    }
}

/// OAuth 2.0 Form Post Response Mode: the script of the page runs, and its policy lets the form go to the client.
async fn a_form_goes_to_the_client_by_itself(backend: Backend) {
    let street = street(backend, |_| ()).await;
    let browser = Chromium::start("en").await;
    browser.opens(&street.asked(&[("response_mode", "form_post")])).await;
    street.signs_in(&browser, &street.ann.password).await;
    browser.arrives_at("/consent").await;
    browser.clicks("button[value=allow]").await;
    browser.arrives_at("/callback").await;
    assert_eq!((browser.text("h1").await.as_str(), browser.url().await), ("The shop", street.site.url("/callback")));
    let told = street.site.taken("/callback");
    assert_eq!((told["state"].as_str(), told["iss"].as_str()), ("a state & more", street.world.issuer()));
    let callback = street.site.url("/callback");
    let answer = exchange(&street.client, &street.world, &told["code"], &[("redirect_uri", &callback)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
