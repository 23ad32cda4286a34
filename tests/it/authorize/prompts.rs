//! Requests for an account to be made, and what is only carried along.

use super::{all_the_way, request, shop};
use crate::harness::{Backend, Browser, stories};
use reqwest::Method;

stories![an_account_is_made_on_the_way, wishes_are_carried_along_and_refuse_nothing];

async fn an_account_is_made_on_the_way(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let path = request(&client, &[("prompt", "create"), ("ui_locales", "fr-CA fr")]);
    let mut browser = Browser::default();
    all_the_way(&mut browser, &world, &ann, &request(&client, &[])).await.code(&world);
    for mut somebody in [Browser::default(), browser] {
        let answer = somebody.sends(&world, Method::GET, &path, &[]).await;
        let expected = path.replace("/oauth2/authorize", "/register");
        assert_eq!((answer.status, answer.header("location")), (303, format!("{}{expected}", world.issuer()).as_str()));
    }
    let closed = backend.world_with(|config| config.accounts.registration = false).await;
    let client = closed.web_app(|_| ()).await;
    let arrived = Browser::default().opens(&closed, &request(&client, &[("prompt", "create")])).await;
    assert_eq!(arrived.error(&closed), "invalid_request");
}

async fn wishes_are_carried_along_and_refuse_nothing(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let wishes = [("ui_locales", "fr-CA fr"), ("display", "popup"), ("acr_values", "urn:other 2"), ("unheard", "of")];
    let mut browser = Browser::default();
    let answer = browser.sends(&world, Method::GET, &request(&client, &wishes), &[]).await;
    let location = answer.header("location").to_owned();
    for part in ["/login?", "ui_locales=fr-CA+fr", "display=popup", "acr_values=urn%3Aother+2"] {
        assert!(location.contains(part), "{part}: {location}");
    }
    assert!(!location.contains("unheard"), "{location}");
    all_the_way(&mut browser, &world, &ann, &request(&client, &wishes)).await.code(&world);
    let wish = r#"{"id_token":{"acr":{"values":["urn:other"]}}}"#;
    browser.opens(&world, &request(&client, &[("claims", wish)])).await.code(&world);
    let there = r#"{"id_token":{"acr":{"essential":true,"values":["urn:other","urn:countersign:acr:pwd"]}}}"#;
    browser.opens(&world, &request(&client, &[("claims", there)])).await.code(&world);
}
