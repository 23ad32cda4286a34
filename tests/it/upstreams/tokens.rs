//! Only an ID token that the provider made for this server and this sign-in says who somebody is.

use serde_json::{Value, json};

use super::{Person, described, presses, says_why_not};
use crate::harness::forge::Parts;
use crate::harness::{Arrived, Backend, Provider, World, secrets, stories};

stories![
    a_token_is_good_only_as_it_should_be,
    a_key_that_is_newer_than_what_is_known_is_looked_up,
    what_the_token_does_not_tell_the_userinfo_endpoint_does,
    claims_are_read_under_the_names_that_were_said,
];

/// A server, and a provider whose tokens a story makes.
struct Scene {
    here: World,
    provider: Provider,
    /// The name of the key that signs in every world.
    kid: String,
}

impl Scene {
    async fn new(backend: Backend, more: Value) -> Self {
        let here = backend.world().await;
        let provider = Provider::of_keys(&here).await;
        let mut description = json!({
            "name": "made-up", "label": "Made up", "issuer": provider.url(""), "client_id": "here", "client_secret": "s",
        });
        let members = description.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        described(&here, &description).await.expect("a provider");
        let kid = here.service_client(|_| ()).await.token(&here).await.kid().to_owned();
        Self { here, provider, kid }
    }

    /// Goes there and comes back with a code, for which the provider gives what is made of a good token.
    async fn signs_in(&self, make: impl FnOnce(Parts) -> String) -> Arrived {
        let mut person = Person::default();
        let page = person.here.opens(&self.here, "/login").await;
        let Arrived::Client(url) = presses(&self.here, &mut person, &page, "login/with/made-up").await else {
            panic!("over there")
        };
        let asked: std::collections::BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let state = &asked["state"];
        secrets::note(state);
        let now = self.here.clock.now().seconds();
        let claims = json!({
            "iss": self.provider.url(""), "sub": "s1", "aud": "here", "exp": now + 300, "iat": now,
            "nonce": asked["nonce"], "email": "eve@example.org", "email_verified": true, "name": "Eve",
        });
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": self.kid});
        let id_token = make(Parts { header, claims, signature: Vec::new() });
        let tokens = json!({"access_token": "the access token", "token_type": "Bearer", "id_token": id_token});
        self.provider.says("/token", 200, &tokens);
        person.here.opens(&self.here, &format!("/login/from/made-up?state={state}&code=x")).await
    }
}

/// A token with these claims instead.
fn with(mut parts: Parts, name: &str, value: Value) -> Parts {
    match value {
        Value::Null => drop(parts.claims.as_object_mut().expect("claims").remove(name)),
        value => parts.claims[name] = value,
    }
    parts
}

async fn a_token_is_good_only_as_it_should_be(backend: Backend) {
    let scene = Scene::new(backend, json!({})).await;
    let now = scene.here.clock.now().seconds();
    let wrong: [(&str, Value); 10] = [
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("aud", json!("another")),
        ("aud", json!(["here", "another"])),
        ("iss", json!("https://elsewhere.example")),
        ("exp", json!(now - 61)),
        ("azp", json!("another")),
        ("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("sub", Value::Null),
        ("sub", json!("")),
    ];
    for (name, value) in wrong {
        let page = scene.signs_in(|parts| with(parts, name, value.clone()).signed()).await;
        says_why_not(&page, "cannot be taken here");
    }
    let page = scene.signs_in(|parts| parts.signed_by_a_stranger()).await;
    says_why_not(&page, "cannot be taken here");
    let page = scene
        .signs_in(|mut parts| {
            parts.header["alg"] = json!("none");
            parts.put_together()
        })
        .await;
    says_why_not(&page, "cannot be taken here");
    let page = scene.signs_in(|_| "no token at all".to_owned()).await;
    says_why_not(&page, "cannot be taken here");
    assert!(scene.here.texts("SELECT id FROM users").await.is_empty());
    let account = scene.signs_in(|parts| parts.signed()).await;
    assert!(account.page().body.contains("value=\"eve\""), "{account:?}");
    let form = scene.provider.asked_at("/token").pop().expect("a call").form;
    assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), ("here", "s"), "as its metadata says");
    assert!(form["code_verifier"].len() >= 43, "PKCE");
}

async fn a_key_that_is_newer_than_what_is_known_is_looked_up(backend: Backend) {
    let scene = Scene::new(backend, json!({})).await;
    let keys = scene.here.get("/.well-known/jwks.json").await.json();
    let mut others = keys.clone();
    for key in others["keys"].as_array_mut().expect("keys") {
        key["kid"] = json!("an older one");
    }
    scene.provider.says("/keys", 200, &others);
    let page = scene.signs_in(|parts| parts.signed()).await;
    says_why_not(&page, "cannot be taken here");
    scene.provider.says("/keys", 200, &keys);
    let account = scene.signs_in(|parts| parts.signed()).await;
    assert!(account.page().body.contains("value=\"eve\""), "{account:?}");
    let asked = scene.provider.asked_at("/keys").len();
    scene.signs_in(|parts| parts.signed()).await;
    assert_eq!(scene.provider.asked_at("/keys").len(), asked, "what is known is not asked for again");
    scene.here.advance(3_600);
    scene.signs_in(|parts| parts.signed()).await;
    assert_eq!(scene.provider.asked_at("/keys").len(), asked + 1, "but for an hour");
}

async fn what_the_token_does_not_tell_the_userinfo_endpoint_does(backend: Backend) {
    let scene = Scene::new(backend, json!({})).await;
    let mut metadata = scene.provider.metadata();
    metadata["userinfo_endpoint"] = json!(scene.provider.url("/userinfo"));
    scene.provider.says("/.well-known/openid-configuration", 200, &metadata);
    let without = |parts| with(parts, "email", Value::Null).signed();
    let said = json!({"sub": "another", "email": "eve@example.org", "email_verified": true});
    scene.provider.says("/userinfo", 200, &said);
    says_why_not(&scene.signs_in(without).await, "cannot be taken here");
    let said = json!({"sub": "s1", "email": "eve@example.org", "name": "Another", "preferred_username": "evelyn"});
    scene.provider.says("/userinfo", 200, &said);
    let account = scene.signs_in(without).await;
    assert!(account.page().body.contains("value=\"evelyn\""), "{account:?}");
    assert!(account.page().body.contains("value=\"Eve\""), "the token goes first: {account:?}");
    let asked = scene.provider.asked_at("/userinfo").pop().expect("a call");
    assert!(asked.head.contains("authorization: bearer the access token"), "{asked:?}");
}

async fn claims_are_read_under_the_names_that_were_said(backend: Backend) {
    let names = json!({"username": "uid", "email": "mail", "email_verified": "mail_ok", "name": "display"});
    let scene = Scene::new(backend, json!({"claims": names})).await;
    let account = scene
        .signs_in(|parts| {
            let parts = with(parts, "uid", json!("eve.other"));
            let parts = with(with(parts, "mail", json!("e@example.org")), "mail_ok", json!("true"));
            with(parts, "display", json!("Eve Other")).signed()
        })
        .await;
    assert!(account.page().body.contains("value=\"eve.other\""), "{account:?}");
    let user = scene.here.app.store.user_named("e@example.org").await.expect("an answer").expect("an account");
    assert_eq!(user.name.as_deref(), Some("Eve Other"));
    assert!(user.verified_at.is_some());
}
