//! From the client to the page, and back with a code.

use serde_json::json;

use super::{CALLBACK, a_token, all_the_way, exchange, request, shop};
use crate::harness::forge::Parts;
use crate::harness::{Arrived, Backend, Browser, Outside, Token, scopes, sorted, stories};

stories![
    somebody_signs_in_consents_and_the_client_has_tokens,
    a_refresh_token_is_for_offline_access,
    a_form_leads_to_the_same,
    the_answer_may_be_in_the_fragment,
    an_app_may_listen_on_any_port,
    below_an_issuer_with_a_path_it_goes_all_the_way,
];

async fn somebody_signs_in_consents_and_the_client_has_tokens(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let mut browser = Browser::default();
    let page = browser.opens(&world, &request(&client, &[("login_hint", "ann")])).await;
    assert!(page.asks_for_password() && page.page().status == 200, "{page:?}");
    assert!(page.page().body.contains("Shop") && page.page().body.contains("value=\"ann\""), "{page:?}");
    for field in ["username", "password"] {
        let body = &page.page().body;
        assert!(body.contains(&format!("for=\"{field}\"")) && body.contains(&format!("id=\"{field}\"")), "{field}");
    }
    let policy = page.page().header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("script"), "{policy}");

    let page = browser.signs_in(&world, &page, &ann).await;
    assert!(page.asks_for_consent() && page.page().status == 200, "{page:?}");
    for said in ["Shop", "ann", "Sign you in", "See your email address"] {
        assert!(page.page().body.contains(said), "{said}: {page:?}");
    }
    assert!(!page.page().body.contains("while you are away"), "what was not asked for is not shown");

    let arrived = browser.allows(&world, &page).await;
    let told = arrived.told(&world);
    assert_eq!(told["state"], "a state & more");
    let Arrived::Client(url) = &arrived else { panic!("at the client") };
    assert!(url.as_str().starts_with(CALLBACK) && url.fragment().is_none());
    world.advance(7);
    let answer = exchange(&client, &world, &told["code"], &[]).await;
    let token = Token::of(&answer);
    assert_eq!((sorted(token.scope()), token.answer.get("refresh_token")), (vec!["email", "openid"], None));
    assert_eq!((&token.claims["sub"], &token.claims["client_id"]), (&json!(ann.id), &json!(client.id)));
    assert!(client.sees_alive(&world, &token.text).await);
    let id_token = token.id_token().expect("an ID token");
    let claims = Parts::of(id_token).claims;
    let now = world.clock.now().seconds();
    assert_eq!((&claims["nonce"], &claims["auth_time"]), (&json!("a nonce"), &json!(now - 7)));
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:countersign:acr:pwd"), &json!(["pwd"])));
    assert_eq!((&claims["azp"], &claims["aud"], claims.get("c_hash")), (&json!(client.id), &json!(client.id), None));
    let outside = Outside::fetch(&world).await;
    assert!(outside.takes_id_token(world.issuer(), &client.id, id_token, &token.text));
}

async fn a_refresh_token_is_for_offline_access(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let token = a_token(&world, &client, &ann, &[("scope", "openid offline_access")]).await;
    world.advance(100);
    let next = client.refreshed(&world, token.next(), &[]).await;
    let (first, then) =
        (Parts::of(token.id_token().expect("one")).claims, Parts::of(next.id_token().expect("one")).claims);
    assert_eq!((&then["auth_time"], then.get("nonce")), (&first["auth_time"], None));
    let without = world.web_app(|m| m.grant_types.truncate(1)).await;
    let token = a_token(&world, &without, &ann, &[("scope", "openid offline_access")]).await;
    assert_eq!(token.answer.get("refresh_token"), None);
}

async fn a_form_leads_to_the_same(backend: Backend) {
    let (world, client, _) = shop(backend).await;
    let path = request(&client, &[]);
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(path.split_once('?').expect("a query").1.as_bytes()).into_owned().collect();
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = world.post("/oauth2/authorize", &form).await;
    assert_eq!((answer.status, answer.header("location")), (303, format!("{}{path}", world.issuer()).as_str()));
}

async fn the_answer_may_be_in_the_fragment(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let path = request(&client, &[("response_mode", "fragment")]);
    let arrived = all_the_way(&mut Browser::default(), &world, &ann, &path).await;
    let Arrived::Client(url) = &arrived else { panic!("at the client") };
    assert!(url.query().is_none() && url.fragment().is_some_and(|text| text.starts_with("code=")), "{url}");
    let code = arrived.code(&world);
    assert_eq!(exchange(&client, &world, &code, &[]).await.status, 200);
    let path = request(&client, &[("response_mode", "fragment"), ("prompt", "none")]);
    assert_eq!(Browser::default().opens(&world, &path).await.error(&world), "login_required");
    let path = request(&client, &[("response_mode", "web_message")]);
    assert_eq!(Browser::default().opens(&world, &path).await.error(&world), "invalid_request");
}

async fn an_app_may_listen_on_any_port(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let document = r#"{"redirect_uris":["http://127.0.0.1/cb"],"application_type":"TYPE","token_endpoint_auth_method":"none","scope":"openid"}"#;
    let app = world.client(&document.replace("TYPE", "native"), |_| ()).await;
    let uri = "http://127.0.0.1:51004/cb";
    let path = request(&app, &[("redirect_uri", uri), ("scope", "openid")]);
    let mut browser = Browser::default();
    let code = all_the_way(&mut browser, &world, &ann, &path).await.code(&world);
    assert!(browser.opens(&world, &path).await.asks_for_consent(), "another app could say that it is this one");
    let silent = browser.opens(&world, &format!("{path}&prompt=none")).await;
    assert_eq!(silent.error(&world), "consent_required");
    assert_eq!(exchange(&app, &world, &code, &[("redirect_uri", "http://127.0.0.1:51005/cb")]).await.status, 400);
    assert_eq!(exchange(&app, &world, &code, &[("redirect_uri", uri)]).await.status, 200);
    let web = world.client(&document.replace("TYPE", "web"), |_| ()).await;
    let arrived = Browser::default().opens(&world, &request(&web, &[("redirect_uri", uri)])).await;
    assert_eq!(arrived.page().status, 400, "{arrived:?}");
}

async fn below_an_issuer_with_a_path_it_goes_all_the_way(backend: Backend) {
    let issuer = "http://localhost:8080/tenant".parse().expect("an issuer");
    let world = backend.world_with(|config| config.issuer = issuer).await;
    let (client, ann) = (world.web_app(|m| m.scope = scopes("openid email")).await, world.user("ann").await);
    let path = format!("/tenant{}", request(&client, &[]));
    let code = all_the_way(&mut Browser::default(), &world, &ann, &path).await.code(&world);
    assert_eq!(exchange(&client, &world, &code, &[]).await.status, 200);
}
