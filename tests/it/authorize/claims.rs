//! Claims that a client asks for by name (OpenID Connect Core §5.5): allowed by the user as the scopes are that they belong to.

use serde_json::json;

use super::{all_the_way, exchange, request, shop};
use crate::harness::forge::Parts;
use crate::harness::{Backend, Browser, Token, scopes, stories};
use crate::userinfo::{somebody, told};

stories![
    what_is_asked_for_by_name_is_told_where_it_was_asked_for,
    nobody_is_told_what_was_not_allowed,
    without_openid_nothing_is_told,
];

const ASKED: &str = r#"{"userinfo":{"nickname":null,"shoe_size":{"essential":true}},
    "id_token":{"email":{"essential":true},"picture":null,"birthdate":{"value":"1999"},"iss":null}}"#;

async fn what_is_asked_for_by_name_is_told_where_it_was_asked_for(backend: Backend) {
    let world = backend.world().await;
    let ann = somebody(&world).await;
    let client = world.web_app(|m| m.scope = scopes("openid profile email phone offline_access")).await;
    let path = request(&client, &[("scope", "openid phone offline_access"), ("claims", ASKED)]);
    let code = all_the_way(&mut Browser::default(), &world, &ann, &path).await.code(&world);
    let token = Token::of(&exchange(&client, &world, &code, &[]).await);
    assert_eq!(token.scope(), "openid phone offline_access", "claims are no scopes");
    let next = client.refreshed(&world, token.next(), &[]).await;
    for token in [&token, &next] {
        let claims = Parts::of(token.id_token().expect("one")).claims;
        assert_eq!((&claims["email"], &claims["birthdate"]), (&json!(ann.email), &json!("0000-10-31")));
        assert_eq!(
            (&claims["picture"], &claims["iss"]),
            (&json!("https://ann.example/me.png"), &json!(world.issuer()))
        );
        assert!(claims.get("nickname").is_none() && claims.get("phone_number").is_none(), "{claims}");
        let expected = json!({
            "sub": ann.id, "nickname": "annie", "phone_number": "+1 (425) 555-1212", "phone_number_verified": false,
        });
        assert_eq!(told(&world, &token.text).await, expected);
    }
}

async fn nobody_is_told_what_was_not_allowed(backend: Backend) {
    let (world, client, _) = shop(backend).await;
    let ann = world.user_with("anna", |new| new.user.name = Some("Anna".to_owned())).await;
    let mut browser = Browser::default();
    let plain = request(&client, &[("scope", "openid")]);
    all_the_way(&mut browser, &world, &ann, &plain).await.code(&world);
    // It is shown and allowed like the scope that stands for it, once.
    let by_name = request(&client, &[("scope", "openid"), ("claims", r#"{"id_token":{"email":null,"name":null}}"#)]);
    let silent = browser.opens(&world, &format!("{by_name}&prompt=none")).await;
    assert_eq!(silent.error(&world), "consent_required");
    let page = browser.opens(&world, &by_name).await;
    assert!(page.asks_for_consent() && page.page().body.contains("See your email address"), "{page:?}");
    assert!(!page.page().body.contains("See your name"), "the client is not registered for that: {page:?}");
    let code = browser.allows(&world, &page).await.code(&world);
    let token = Token::of(&exchange(&client, &world, &code, &[]).await);
    let claims = Parts::of(token.id_token().expect("one")).claims;
    assert_eq!((&claims["email"], claims.get("name")), (&json!(ann.email), None));
    assert_eq!(told(&world, &token.text).await, json!({"sub": ann.id}), "it was asked for elsewhere");
    browser.opens(&world, &format!("{by_name}&prompt=none")).await.code(&world);
}

async fn without_openid_nothing_is_told(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let path = request(&client, &[("scope", "email"), ("claims", r#"{"userinfo":{"email":null}}"#)]);
    let code = all_the_way(&mut Browser::default(), &world, &ann, &path).await.code(&world);
    let token = Token::of(&exchange(&client, &world, &code, &[]).await);
    assert_eq!(token.id_token(), None);
    assert_eq!(world.texts("SELECT claims FROM grants WHERE claims IS NOT NULL").await, Vec::<String>::new());
}
