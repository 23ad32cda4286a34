//! The logo of a client, as a browser loads it: just that picture.

use serde_json::json;

use super::pages::look_at;
use super::{shop_with, street};
use crate::harness::chromium::Chromium;
use crate::harness::{Backend, stories};
use crate::tidy::none;

stories![a_logo_is_loaded_and_nothing_beside_it];

/// A wide one with dark letters on no ground of its own, as many are.
const PICTURE: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 64\" width=\"96\" height=\"64\">\
    <path fill=\"#0b6e4f\" d=\"M8 24h80l-8 32H16z\"/><path fill=\"none\" stroke=\"#111\" stroke-width=\"6\" \
    d=\"M30 30V18a18 12 0 0 1 36 0v12\"/></svg>";

/// Whether the page has it, in the size that was kept free for it.
const LOADED: &str = "const logo = document.querySelector('.client img'); \
    return logo.complete && logo.naturalWidth > 0 && logo.offsetWidth === 56 && logo.offsetHeight === 56";

/// What becomes of a picture that something puts into the page.
const TRIED: &str = "return new Promise(done => { const picture = new Image(); \
    picture.onload = () => done('loaded'); picture.onerror = () => done('refused'); picture.src = arguments[0]; })";

async fn a_logo_is_loaded_and_nothing_beside_it(backend: Backend) {
    let street = street(backend, |_| ()).await;
    // Browsers compare it with the policy decoded.
    let (logo, other) = ("/img/logo;v=1.svg", "/img/other.svg");
    for path in [logo, other] {
        street.site.shows(path, "image/svg+xml", PICTURE);
    }
    let url = street.site.url(logo);
    let name = "The Corner Shop for Tea and Books";
    let client = shop_with(&street.world, name, &street.site, "none", |m| m.logo_uri = Some(url.clone())).await;
    let asked = street.asked_by(&client, &street.site, &[]);
    let browser = Chromium::start("en").await;
    let mut faults = Vec::new();
    browser.opens(&asked.replace("/oauth2/authorize", "/register")).await;
    for page in ["register", "sign-in", "consent"] {
        match page {
            "sign-in" => browser.opens(&asked).await,
            "consent" => street.signs_in(&browser, &street.ann.password).await,
            _ => (),
        }
        browser.arrives_at(if page == "sign-in" { "/login" } else { page }).await;
        assert_eq!(browser.run(LOADED, &[]).await, true, "{page}");
        for (url, outcome) in [(&url, "loaded"), (&street.site.url(other), "refused")] {
            assert_eq!(browser.run(TRIED, &[json!(url)]).await, outcome, "{page}: {url}");
        }
        look_at(&browser, &format!("logo-{page}"), &mut faults).await;
    }
    none("what keeps people from using the pages", &faults);
    // Where the client has no logo that very picture is not loaded either.
    browser.opens(&street.asked(&[("prompt", "login")])).await;
    browser.arrives_at("/login").await;
    assert_eq!(browser.run(TRIED, &[json!(url)]).await, "refused");
}
