//! From the button to the provider, and back to where somebody was going.

use serde_json::json;

use super::{BUTTON, Person, Two, acts};
use crate::authorize::{exchange, request};
use crate::harness::forge::Parts;
use crate::harness::{Arrived, Backend, Token, stories};

stories![
    somebody_signs_in_with_another_server_on_the_way_to_a_client,
    who_comes_again_is_known_whatever_became_of_the_address,
    what_is_asked_of_the_provider_is_bound_to_this_sign_in,
    a_node_takes_who_was_sent_by_another_one,
    a_client_that_insists_on_a_password_gets_one,
    below_an_issuer_with_a_path_the_way_there_and_back_is_found,
];

async fn somebody_signs_in_with_another_server_on_the_way_to_a_client(backend: Backend) {
    let two = Two::meet(backend).await;
    let shop = two.here.web_app(|_| ()).await;
    let ann = two.there.user_with("ann", |new| new.user.name = Some("Ann Other".to_owned())).await;
    let mut person = Person::default();
    let page = person.here.opens(&two.here, &request(&shop, &[])).await;
    assert!(page.asks_for_password() && page.page().body.contains("Sign in with The other one"), "{page:?}");
    let consent = two.signs_in(&mut person, &page, &ann).await;
    assert!(consent.asks_for_consent() && consent.page().body.contains("<strong>ann</strong>"), "{consent:?}");
    let code = person.here.allows(&two.here, &consent).await.code(&two.here);
    let token = Token::of(&exchange(&shop, &two.here, &code, &[]).await);
    let claims = Parts::of(token.id_token().expect("an ID token")).claims;
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:countersign:acr:fed"), &json!(["fed"])));
    assert_eq!((&claims["auth_time"], &claims["nonce"]), (&json!(two.here.clock.now()), &json!("a nonce")));

    let user = two.here.app.store.user_named("ann@example.org").await.expect("an answer").expect("an account");
    assert_eq!((user.username.as_str(), user.name.as_deref()), ("ann", Some("Ann Other")));
    assert!(user.verified_at.is_some() && user.password_hash.is_none(), "{user:?}");
    assert_eq!(claims["sub"], json!(user.id));
    let linked = two.here.app.store.identities_of(&user.id).await.expect("an answer");
    assert_eq!((linked.len(), linked[0].subject.as_str()), (1, ann.id.as_str()));
    for act in ["registered", "signed_in"] {
        let done = acts(&two.here, act).await;
        assert_eq!((done.len(), &done[0]["detail"]), (1, &json!({"upstream": "there"})), "{act}");
    }
}

async fn who_comes_again_is_known_whatever_became_of_the_address(backend: Backend) {
    let two = Two::meet(backend).await;
    let ann = two.there.user("ann").await;
    let first = two.to_account(&mut Person::default(), &ann).await;
    assert!(matches!(&first, Arrived::Page { at, answer } if at == "/account" && answer.status == 200), "{first:?}");
    two.there
        .amend(&ann, |amendment| {
            amendment.change.email = Some("else@example.org".to_owned());
            amendment.change.email_key = Some("else@example.org".to_owned());
        })
        .await;
    two.here.advance(100);
    let again = two.to_account(&mut Person::default(), &ann).await;
    assert!(again.page().body.contains("value=\"ann\""), "{again:?}");
    assert_eq!(two.accounts().await, 1);
    let used = two.here.texts("SELECT CAST(last_login_at - linked_at AS TEXT) FROM identities").await;
    assert_eq!(used, ["100"]);
}

async fn what_is_asked_of_the_provider_is_bound_to_this_sign_in(backend: Backend) {
    let two = Two::meet(backend).await;
    let mut asked = Vec::new();
    for _ in 0..2 {
        let mut person = Person::default();
        let shop = two.here.web_app(|_| ()).await;
        let page = person.here.opens(&two.here, &request(&shop, &[("login_hint", "ann")])).await;
        let policy = page.page().header("content-security-policy");
        assert!(policy.contains(two.there.issuer()), "the form may lead there: {policy}");
        let arrived = super::presses(&two.here, &mut person, &page, BUTTON).await;
        let Arrived::Client(url) = arrived else { panic!("over there: {arrived:?}") };
        asked.push(url.query_pairs().into_owned().collect::<std::collections::BTreeMap<String, String>>());
    }
    let [one, other] = asked.as_slice() else { panic!("two") };
    for (name, value) in [
        ("response_type", "code"),
        ("code_challenge_method", "S256"),
        ("scope", "openid email profile"),
        ("login_hint", "ann"),
        ("redirect_uri", &format!("{}/login/from/there", two.here.issuer())),
    ] {
        assert_eq!(one[name], value, "{name}");
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert!(one[name].len() >= 43 && one[name] != other[name], "{name}");
    }
    for hash in two.here.texts("SELECT hash FROM upstream_logins").await {
        assert!(
            !asked.iter().any(|asked| asked.values().any(|value| value.contains(&hash))),
            "only its hash is stored"
        );
    }
    // What nobody comes back for is forgotten.
    two.here.advance(600 + 121);
    assert_eq!(two.here.sweep().await.of("upstream_logins"), 2);
}

async fn a_node_takes_who_was_sent_by_another_one(backend: Backend) {
    let two = Two::meet(backend).await;
    let other = two.here.another_node().await;
    let ann = two.there.user("ann").await;
    let mut person = Person::default();
    let page = person.here.opens(&two.here, "/login").await;
    let back = two.goes_there(&mut person, &page, BUTTON, &ann).await;
    let account = person.here.opens(&other, &back).await;
    assert!(account.page().body.contains("value=\"ann\""), "{account:?}");
}

async fn a_client_that_insists_on_a_password_gets_one(backend: Backend) {
    let two = Two::meet(backend).await;
    let (shop, ann) = (two.here.web_app(|_| ()).await, two.there.user("ann").await);
    let insists = |class: &str| {
        let claims =
            json!({"id_token": {"acr": {"essential": true, "values": [format!("urn:countersign:acr:{class}")]}}});
        request(&shop, &[("claims", &claims.to_string())])
    };
    let mut person = Person::default();
    let page = person.here.opens(&two.here, &insists("fed")).await;
    let consent = two.signs_in(&mut person, &page, &ann).await;
    person.here.allows(&two.here, &consent).await.code(&two.here);
    let page = person.here.opens(&two.here, &insists("pwd")).await;
    assert!(page.asks_for_password(), "the session is of another class: {page:?}");
    let told = two.signs_in(&mut person, &page, &ann).await;
    assert_eq!(told.error(&two.here), "unmet_authentication_requirements");
    let silent = person.here.opens(&two.here, &format!("{}&prompt=none", insists("pwd"))).await;
    assert_eq!(silent.error(&two.here), "login_required");
}

async fn below_an_issuer_with_a_path_the_way_there_and_back_is_found(backend: Backend) {
    let issuer = "http://localhost:8080/tenant".parse().expect("an issuer");
    let two = Two::with(backend.world_with(|config| config.issuer = issuer).await, backend, |_| ()).await;
    let (shop, ann) = (two.here.web_app(|_| ()).await, two.there.user("ann").await);
    let mut person = Person::default();
    let page = person.here.opens(&two.here, &format!("/tenant{}", request(&shop, &[]))).await;
    let (action, hidden) = page.form_to(BUTTON).expect("a button");
    let arrived = person.here.sends_filled(&two.here, &format!("/tenant/{action}"), &hidden, &[]).await;
    let Arrived::Client(url) = &arrived else { panic!("over there: {arrived:?}") };
    let path = url.as_str().strip_prefix(two.there.issuer()).expect("the other server");
    let mut arrived = person.there.opens(&two.there, path).await;
    arrived = person.there.signs_in(&two.there, &arrived, &ann).await;
    arrived = person.there.allows(&two.there, &arrived).await;
    let back = format!("/tenant{}", two.back(&arrived));
    let consent = person.here.opens(&two.here, &back).await;
    assert!(consent.asks_for_consent(), "{consent:?}");
    person.here.allows(&two.here, &consent).await.code(&two.here);
}
