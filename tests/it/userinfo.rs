//! The userinfo endpoint (OpenID Connect Core §5.3): what a client may know of who signed in.

mod bearers;
mod signed;

use countersign::store::users::NewUser;
use serde_json::{Value, json};

use crate::harness::{Answer, Backend, Node, User, World, scopes, stories};

stories![
    each_scope_tells_its_claims_and_no_others,
    what_is_not_known_or_not_well_formed_is_left_out,
    what_a_client_may_not_have_any_more_it_is_not_told,
];

pub const USERINFO: &str = "/oauth2/userinfo";

pub async fn ask(node: &Node, token: &str) -> Answer {
    node.get_with(USERINFO, &[("authorization", &format!("Bearer {token}"))]).await
}

pub async fn told(node: &Node, token: &str) -> Value {
    let answer = ask(node, token).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

/// Somebody of whom everything is known, and then some.
pub async fn somebody(world: &World) -> User {
    let profile = json!({
        "middle_name": "Maria", "nickname": "annie", "profile": "https://ann.example/me", "gender": "female",
        "picture": "https://ann.example/me.png", "website": "http://ann.example", "birthdate": "0000-10-31",
        "zoneinfo": "Europe/Paris", "locale": "fr-CA", "phone_number": "+1 (425) 555-1212",
        "address": {"street_address": "1 Rue\nDeux", "locality": "Paris", "country": "FR", "planet": "Earth"},
        "sub": "somebody else", "email": "another@example.org", "email_verified": true, "phone_number_verified": true,
        "iss": "https://evil.example", "shoe_size": 39,
    });
    let change = |new: &mut NewUser| {
        new.user.given_name = Some("Ann".to_owned());
        new.user.family_name = Some("Other".to_owned());
        new.user.name = Some("Ann M. Other".to_owned());
        new.user.profile = profile.to_string();
    };
    world.user_with("ann", change).await
}

async fn each_scope_tells_its_claims_and_no_others(backend: Backend) {
    let world = backend.world().await;
    let ann = somebody(&world).await;
    let app = world.app(|m| m.scope = scopes("openid profile email address phone")).await;
    let profile = json!({
        "name": "Ann M. Other", "given_name": "Ann", "family_name": "Other", "middle_name": "Maria",
        "nickname": "annie", "preferred_username": "ann", "profile": "https://ann.example/me", "gender": "female",
        "picture": "https://ann.example/me.png", "website": "http://ann.example", "birthdate": "0000-10-31",
        "zoneinfo": "Europe/Paris", "locale": "fr-CA", "updated_at": world.clock.now().seconds(),
    });
    let address = json!({"address": {"street_address": "1 Rue\nDeux", "locality": "Paris", "country": "FR"}});
    let phone = json!({"phone_number": "+1 (425) 555-1212", "phone_number_verified": false});
    let email = json!({"email": ann.email, "email_verified": true});
    let mut all = json!({"sub": ann.id});
    for (scope, claims) in
        [("openid", json!({})), ("profile", profile), ("email", email), ("address", address), ("phone", phone)]
    {
        let token = app.signed_in(&world, &ann, &[("scope", &format!("openid {scope}"))]).await;
        let mut expected = json!({"sub": ann.id});
        for document in [&mut expected, &mut all] {
            document.as_object_mut().expect("an object").extend(claims.as_object().expect("an object").clone());
        }
        assert_eq!(told(&world, &token.text).await, expected, "{scope}");
    }
    let token = app.signed_in(&world, &ann, &[]).await;
    assert_eq!(told(&world, &token.text).await, all);
    let metadata = world.get("/.well-known/openid-configuration").await.json();
    for name in all.as_object().expect("an object").keys() {
        let listed = metadata["claims_supported"].as_array().expect("a list").iter().any(|each| each == name);
        assert!(listed, "{name} is not in {metadata}");
    }
}

async fn what_is_not_known_or_not_well_formed_is_left_out(backend: Backend) {
    let world = backend.world().await;
    let app = world.app(|m| m.scope = scopes("openid profile email address phone")).await;
    let bare = world.user_with("bob", |new| new.user.verified_at = None).await;
    let profile = json!({"picture": "javascript:alert(1)", "locale": ["en"], "phone_number": "call me", "address": {}});
    let odd = world.user_with("carl", |new| new.user.profile = profile.to_string()).await;
    for (user, verified) in [(&bare, false), (&odd, true)] {
        let token = app.signed_in(&world, user, &[]).await;
        let expected = json!({
            "sub": user.id, "preferred_username": user.username, "updated_at": world.clock.now().seconds(),
            "email": user.email, "email_verified": verified,
        });
        assert_eq!(told(&world, &token.text).await, expected);
    }
}

async fn what_a_client_may_not_have_any_more_it_is_not_told(backend: Backend) {
    let world = backend.world().await;
    let ann = somebody(&world).await;
    let app = world.app(|m| m.scope = scopes("openid email phone")).await;
    let token = app.signed_in(&world, &ann, &[]).await;
    assert!(told(&world, &token.text).await["phone_number"].is_string());
    let document = r#"{"grant_types":["password","refresh_token"],"scope":"openid email"}"#;
    let metadata =
        countersign::protocol::client_metadata::ClientMetadata::parse(document.as_bytes()).expect("metadata");
    let before = world.app.store.client(&app.id).await.expect("the store answers").expect("a client");
    let by = countersign::audit::By::operator();
    let done = countersign::clients::update(&world.app, before, metadata, &by, world.clock.now()).await;
    assert!(done.expect("it can be changed").is_some());
    world.look().await;
    assert_eq!(told(&world, &token.text).await, json!({"sub": ann.id, "email": ann.email, "email_verified": true}));
}
