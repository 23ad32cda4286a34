//! Clients that were invited by a token whose clients do without PKCE.

use countersign::audit::By;
use countersign::clients;
use countersign::clients::initial::Terms;
use countersign::protocol::client_metadata::ClientMetadata;
use countersign::protocol::scope::ScopeSet;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Own, ask, clients as count, initial_token, initial_token_with, open, registered, shop, shop_with};
use crate::authorize::{VERIFIER, all_the_way, exchange, request};
use crate::harness::client_key::ClientKey;
use crate::harness::{Backend, Browser, Token, World, stories};

stories![
    a_token_may_let_its_clients_do_without_pkce,
    who_proves_nothing_is_not_exempted,
    a_client_keeps_what_it_has_and_gains_nothing,
    what_an_operator_takes_away_stays_away,
];

const WITHOUT: [(&str, &str); 2] = [("code_challenge", ""), ("code_challenge_method", "")];

async fn exempting_token(world: &World) -> String {
    let expires_at = world.clock.now().plus(60);
    let terms = Terms { scope: ScopeSet::empty(), uses: 10, expires_at, without_pkce: true };
    initial_token_with(&world.app, terms).await
}

/// Whether the client gets a code without a challenge; one with a challenge it gets in any case.
async fn does_without(world: &World, own: &Own) -> bool {
    world.look().await;
    let user = world.user(&format!("user-{}", count_of_users(world).await)).await;
    let mut browser = Browser::default();
    let with = all_the_way(&mut browser, world, &user, &request(&own.persona, &[])).await.code(world);
    exchange(&own.persona, world, &with, &[("code_verifier", "")]).await.is_refused(400, "invalid_request");
    Token::of(&exchange(&own.persona, world, &with, &[("code_verifier", VERIFIER)]).await);
    let without = all_the_way(&mut browser, world, &user, &request(&own.persona, &WITHOUT)).await;
    let told = without.told(world);
    let Some(code) = told.get("code") else {
        assert_eq!(told["error"], "invalid_request");
        return false;
    };
    Token::of(&exchange(&own.persona, world, code, &[("code_verifier", "")]).await);
    true
}

async fn count_of_users(world: &World) -> usize {
    world.texts("SELECT id FROM users").await.len()
}

async fn a_token_may_let_its_clients_do_without_pkce(backend: Backend) {
    let world = open(backend).await;
    let token = exempting_token(&world).await;
    // It knows nothing of it.
    let own = registered(&world, Some(&token), &shop()).await;
    assert_eq!(own.answer["require_pkce"], false, "it is told");
    assert!(does_without(&world, &own).await);
    let said = registered(&world, Some(&token), &shop_with(json!({"require_pkce": false}))).await;
    assert_eq!(said.answer["require_pkce"], false);
    let strict = registered(&world, Some(&token), &shop_with(json!({"require_pkce": true}))).await;
    assert!(strict.answer.get("require_pkce").is_none() && !does_without(&world, &strict).await);
    for token in [None, Some(initial_token(&world.app, 1, 60, "").await)] {
        let other = registered(&world, token.as_deref(), &shop()).await;
        assert!(other.answer.get("require_pkce").is_none() && !does_without(&world, &other).await);
    }
    let of = async |act: &str, target: &str| {
        let query = format!("SELECT detail FROM audit_log WHERE act = '{act}' AND target_id = '{target}'");
        serde_json::from_str::<Value>(&world.texts(&query).await.remove(0)).expect("JSON")
    };
    assert_eq!(of("client_created", &own.persona.id).await["require_pkce"], false);
    assert_eq!(of("client_created", &strict.persona.id).await["require_pkce"], Value::Null);
    let tokens = world.app.store.initial_tokens(world.clock.now()).await.expect("the tokens");
    let exempting = tokens.iter().find(|token| token.without_pkce).expect("the first one");
    assert_eq!(of("registration_token_created", &exempting.id).await["without_pkce"], true);
    let plain = initial_token(&world.app, 1, 60, "").await;
    assert!(!plain.is_empty());
    let tokens = world.app.store.initial_tokens(world.clock.now()).await.expect("the tokens");
    let plain = tokens.iter().find(|token| !token.without_pkce).expect("the last one");
    assert_eq!(of("registration_token_created", &plain.id).await.get("without_pkce"), None);
}

async fn who_proves_nothing_is_not_exempted(backend: Backend) {
    let world = open(backend).await;
    let token = exempting_token(&world).await;
    let public = json!({"token_endpoint_auth_method": "none"});
    let own = registered(&world, Some(&token), &shop_with(public.clone())).await;
    assert!(own.answer.get("require_pkce").is_none() && !does_without(&world, &own).await, "{}", own.answer);
    let mut bold = shop_with(public);
    bold["require_pkce"] = json!(false);
    ask(&world, Some(&token), &bold).await.is_refused(400, "invalid_client_metadata");
    // Not by leaving its method out either.
    let kept = own.send(&world, Method::PUT, Some(&own.again(json!({})))).await;
    assert!(kept.status == 200 && kept.json().get("require_pkce").is_none(), "{kept:?}");
    own.send(&world, Method::PUT, Some(&own.again(json!({"require_pkce": false}))))
        .await
        .is_refused(400, "invalid_client_metadata");
    assert_eq!(count(&world).await, 1);
    // Keys prove as much as a secret.
    let key = ClientKey::new("ES256", "mine");
    let by_keys = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": ClientKey::set(&[&key])});
    assert_eq!(registered(&world, Some(&token), &shop_with(by_keys)).await.answer["require_pkce"], false);
}

/// What a client says of PKCE when it replaces its metadata, and what holds then.
async fn replaced(world: &World, own: &Own, said: Value) -> Result<bool, u16> {
    let metadata = if said.is_null() { json!({}) } else { json!({"require_pkce": said}) };
    let answer = own.send(world, Method::PUT, Some(&own.again(metadata))).await;
    if answer.status != 200 {
        answer.is_refused(400, "invalid_client_metadata");
        return Err(answer.status);
    }
    let told = answer.json()["require_pkce"] == false;
    let read = own.send(world, Method::GET, None).await.json()["require_pkce"] == false;
    assert_eq!(told, read);
    Ok(told)
}

async fn a_client_keeps_what_it_has_and_gains_nothing(backend: Backend) {
    let world = open(backend).await;
    let token = exempting_token(&world).await;
    let (own, other) = (registered(&world, Some(&token), &shop()).await, registered(&world, None, &shop()).await);
    // The token is gone, what it gave is not.
    world.advance(3_600);
    assert_eq!(replaced(&world, &own, Value::Null).await, Ok(true));
    assert_eq!(replaced(&world, &own, json!(false)).await, Ok(true));
    assert!(does_without(&world, &own).await);
    assert_eq!(replaced(&world, &own, json!(true)).await, Ok(false));
    assert!(!does_without(&world, &own).await);
    assert_eq!(replaced(&world, &own, Value::Null).await, Ok(false), "what was given up does not come back by itself");
    assert_eq!(replaced(&world, &own, json!(false)).await, Err(400));
    assert_eq!(replaced(&world, &other, json!(false)).await, Err(400));
    assert_eq!(replaced(&world, &other, Value::Null).await, Ok(false));
}

async fn what_an_operator_takes_away_stays_away(backend: Backend) {
    let world = open(backend).await;
    let token = exempting_token(&world).await;
    let own = registered(&world, Some(&token), &shop()).await;
    for (require_pkce, left) in [(true, Err(400)), (false, Ok(true))] {
        let before = world.app.store.client(&own.persona.id).await.expect("the store answers").expect("a client");
        let mut metadata = ClientMetadata::parse(before.document.as_bytes()).expect("metadata");
        metadata.require_pkce = require_pkce;
        let now = world.clock.now();
        clients::update(&world.app, before, metadata, &By::operator(), now).await.expect("it is allowed");
        assert_eq!(replaced(&world, &own, Value::Null).await, Ok(!require_pkce));
        assert_eq!(replaced(&world, &own, json!(false)).await, left);
    }
}
