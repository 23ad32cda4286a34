//! A client that shows an ID token of whoever is signed in has them logged out at once.

use std::collections::BTreeMap;

use countersign::protocol::client_metadata::SubjectType;
use reqwest::Method;

use super::{BYE, PATH, address, asks, is_done, is_signed_in, leave, shop, signed_in};
use crate::harness::forge::Parts;
use crate::harness::{Arrived, Backend, Browser, recorder, stories};

stories![
    a_client_logs_its_user_out_and_gets_them_back,
    a_form_does_the_same_as_a_link,
    a_hint_is_good_after_it_expired_and_its_key_has_gone,
    a_hint_of_somebody_else_or_of_another_sign_in_only_has_the_user_asked,
    a_pairwise_client_says_who_is_meant_by_its_own_name,
];

async fn a_client_logs_its_user_out_and_gets_them_back(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let cases = [
        (vec![("post_logout_redirect_uri", BYE), ("state", "a state & more")], Some("a state & more")),
        (vec![("post_logout_redirect_uri", BYE)], None),
        (vec![("post_logout_redirect_uri", BYE), ("client_id", client.id.as_str()), ("ui_locales", "de en")], None),
    ];
    for (params, state) in cases {
        let mut browser = Browser::default();
        let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
        let hint = [("id_token_hint", token.id_token().expect("one"))];
        let Arrived::Client(back) = browser.opens(&world, &leave(&[&hint, params.as_slice()].concat())).await else {
            panic!("at the client");
        };
        let told: BTreeMap<String, String> = back.query_pairs().into_owned().collect();
        assert_eq!(told.get("state").map(String::as_str), state);
        assert_eq!(told.len(), if state.is_some() { 2 } else { 1 }, "nothing else is said: {told:?}");
        assert!(back.as_str().starts_with(BYE), "{back}");
        assert!(!browser.cookies.contains_key("countersign_session") && !is_signed_in(&browser, &world, &client).await);
    }
    let mut browser = Browser::default();
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let done = browser.opens(&world, &leave(&[("id_token_hint", token.id_token().expect("one"))])).await;
    assert!(is_done(&done) && !is_signed_in(&browser, &world, &client).await, "{done:?}");
}

async fn a_form_does_the_same_as_a_link(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let form = [
        ("id_token_hint", token.id_token().expect("one")),
        ("post_logout_redirect_uri", BYE),
        ("state", "x"),
        ("else", "y"),
    ];
    // A browser sends no cookie with a form of another site.
    let first = Browser::default().sends(&world, Method::POST, PATH, &form).await;
    assert_eq!(first.status, 303, "{first:?}");
    let location = first.header("location").strip_prefix(world.issuer()).expect("it stays here").to_owned();
    assert!(!location.contains("else"), "{location}");
    assert_eq!(address(&browser.opens(&world, &location).await), format!("{BYE}&state=x"));
    assert!(!is_signed_in(&browser, &world, &client).await);
}

async fn a_hint_is_good_after_it_expired_and_its_key_has_gone(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    world.stop_jobs().await;
    let leadership = world.app.store.lead("the story", None).await.expect("the store answers").expect("nobody leads");
    world.advance(360);
    let mut browser = Browser::default();
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let hint = token.id_token().expect("one");
    world.app.keyring.rotate(world.clock.now(), &recorder).await.expect("it is time");
    world.advance(4 * 3600);
    world.app.keyring.keep(world.clock.now(), &leadership).await.expect("keys are kept");
    let kid = Parts::of(hint).header["kid"].as_str().expect("a kid").to_owned();
    let phase = world.texts(&format!("SELECT phase FROM signing_keys WHERE kid = '{kid}'")).await;
    assert_eq!(phase, ["retired"]);
    let back = browser.opens(&world, &leave(&[("id_token_hint", hint), ("post_logout_redirect_uri", BYE)])).await;
    assert_eq!(address(&back), BYE);
    assert!(!is_signed_in(&browser, &world, &client).await);
}

async fn a_hint_of_somebody_else_or_of_another_sign_in_only_has_the_user_asked(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let bob = world.user("bob").await;
    let (mut anns, mut elsewhere, mut bobs) = (Browser::default(), Browser::default(), Browser::default());
    signed_in(&mut anns, &world, &client, &ann, "openid").await;
    let of_elsewhere = signed_in(&mut elsewhere, &world, &client, &ann, "openid").await;
    let of_bob = signed_in(&mut bobs, &world, &client, &bob, "openid").await;
    for token in [of_elsewhere, of_bob] {
        let path = leave(&[("id_token_hint", token.id_token().expect("one")), ("post_logout_redirect_uri", BYE)]);
        let page = anns.opens(&world, &path).await;
        assert!(asks(&page) && is_signed_in(&anns, &world, &client).await, "{page:?}");
        let mut anns = anns.clone();
        let stays = anns.submits(&world, &page, &[("decision", "stay")]).await;
        assert_eq!(stays.page().status, 200);
        assert!(is_signed_in(&anns, &world, &client).await);
    }
    assert!(is_signed_in(&elsewhere, &world, &client).await && is_signed_in(&bobs, &world, &client).await);
}

async fn a_pairwise_client_says_who_is_meant_by_its_own_name(backend: Backend) {
    let (world, public, ann) = shop(backend).await;
    let client = world
        .web_app(|m| {
            m.subject_type = SubjectType::Pairwise;
            m.post_logout_redirect_uris = vec![BYE.parse().expect("a URI")];
        })
        .await;
    let mut browser = Browser::default();
    signed_in(&mut browser, &world, &public, &ann, "openid").await;
    let token = signed_in(&mut browser, &world, &client, &ann, "openid").await;
    let hint = token.id_token().expect("one");
    assert_ne!(Parts::of(hint).claims["sub"], ann.id.as_str());
    let back = browser.opens(&world, &leave(&[("id_token_hint", hint), ("post_logout_redirect_uri", BYE)])).await;
    assert_eq!(address(&back), BYE);
    assert!(!is_signed_in(&browser, &world, &public).await, "one session, two clients");
}
