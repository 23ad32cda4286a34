//! Answers that a form carries to the client (OAuth 2.0 Form Post Response Mode).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::{CALLBACK, all_the_way, exchange, request, shop};
use crate::harness::{Answer, Arrived, Backend, Browser, stories};

stories![a_form_carries_the_code, a_form_carries_what_is_wrong, nothing_in_it_is_more_than_text];

const MODE: (&str, &str) = ("response_mode", "form_post");

/// One script, which is named by its hash, and a form that leads to the client and nowhere else.
fn is_safe(answer: &Answer, place: &str) {
    let policy = answer.header("content-security-policy");
    let (_, script) = answer.body.split_once("<script>").expect("a script");
    let (script, rest) = script.split_once("</script>").expect("its end");
    assert!(!rest.contains("<script") && script == "document.forms[0].submit()", "{answer:?}");
    let hash = BASE64.encode(Sha256::digest(script));
    for part in ["default-src 'none';", &format!("script-src 'sha256-{hash}';"), &format!("form-action {place};")] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    for part in ["base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part) && !policy.contains("unsafe"), "{policy}");
    }
    assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-store", "no-referrer"));
    assert_eq!((answer.header("location"), answer.body.matches("<form").count()), ("", 1));
    assert!(answer.body.contains("<button>"), "it goes on without scripts, too: {answer:?}");
}

async fn a_form_carries_the_code(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let arrived = all_the_way(&mut Browser::default(), &world, &ann, &request(&client, &[MODE])).await;
    let Arrived::Form { to, answer } = &arrived else { panic!("a form: {arrived:?}") };
    assert_eq!(to, CALLBACK);
    is_safe(answer, "https:");
    let told = arrived.told(&world);
    let names: Vec<&str> = told.keys().map(String::as_str).collect();
    assert_eq!((names, told["state"].as_str()), (vec!["code", "iss", "state"], "a state & more"));
    assert_eq!(exchange(&client, &world, &told["code"], &[]).await.status, 200);
}

async fn a_form_carries_what_is_wrong(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    for (changes, code) in [
        (&[MODE, ("prompt", "none")][..], "login_required"),
        (&[MODE, ("scope", "unheard-of")], "invalid_scope"),
        (&[MODE, ("code_challenge", "")], "invalid_request"),
    ] {
        let arrived = Browser::default().opens(&world, &request(&client, changes)).await;
        let Arrived::Form { to, answer } = &arrived else { panic!("a form: {arrived:?}") };
        assert_eq!((to.as_str(), arrived.error(&world)), (CALLBACK, code.to_owned()));
        assert_eq!(arrived.told(&world)["state"], "a state & more");
        is_safe(answer, "https:");
    }
    let mut browser = Browser::default();
    let page = browser.opens(&world, &request(&client, &[MODE])).await;
    let page = browser.signs_in(&world, &page, &ann).await;
    let refused = browser.submits(&world, &page, &[("decision", "refuse")]).await;
    assert!(matches!(refused, Arrived::Form { .. }) && refused.error(&world) == "access_denied", "{refused:?}");
    // Before the client is trusted nothing is sent anywhere.
    let path = request(&client, &[MODE, ("redirect_uri", "https://evil.example/")]);
    let arrived = Browser::default().opens(&world, &path).await;
    assert!(matches!(arrived, Arrived::Page { .. }) && arrived.page().status == 400, "{arrived:?}");
}

async fn nothing_in_it_is_more_than_text(backend: Backend) {
    let world = backend.world().await;
    let document = r#"{"redirect_uris":["http://127.0.0.1:5000/cb?a=1&b=%22"],"scope":"openid"}"#;
    let client = world.client(document, |_| ()).await;
    let state = "\"><script>alert(1)</script>'&amp;";
    let uri = "http://127.0.0.1:5000/cb?a=1&b=%22";
    let path = request(&client, &[MODE, ("redirect_uri", uri), ("state", state), ("prompt", "none")]);
    let arrived = Browser::default().opens(&world, &path).await;
    let Arrived::Form { to, answer } = &arrived else { panic!("a form: {arrived:?}") };
    assert_eq!((to.as_str(), arrived.told(&world)["state"].as_str()), (uri, state));
    is_safe(answer, "http://127.0.0.1:5000");
}
