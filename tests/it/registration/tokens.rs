//! Initial access tokens, and the scopes that are open.

use countersign::audit::By;
use countersign::clients::initial::{self, Terms};
use countersign::failure::Failure;
use countersign::protocol::scope::ScopeSet;
use countersign::scopes::{self, Said};
use futures_util::future::join_all;
use serde_json::json;

use super::{ask, clients, initial_token, is_token_refused, open, registered, shop, shop_with};
use crate::authorize::{a_code, exchange};
use crate::harness::{Backend, Token, World, stories};

stories![
    a_token_is_good_for_so_many_clients_also_at_once,
    a_token_ends,
    a_token_gives_no_scope_of_this_servers_own,
    a_scope_is_opened_and_closed_again,
    a_token_may_give_more_than_is_open,
];

async fn a_token_is_good_for_so_many_clients_also_at_once(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let token = initial_token(&world.app, 3, 60, "").await;
    let shop = shop();
    let tries = (0..8).map(|n| ask(if n % 2 == 0 { &world } else { &other }, Some(&token), &shop));
    let answers = join_all(tries).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 3, "{answers:?}");
    answers.iter().filter(|answer| answer.status != 201).for_each(is_token_refused);
    assert_eq!(clients(&world).await, 3);
    is_token_refused(&ask(&world, Some(&token), &shop).await);
}

async fn a_token_ends(backend: Backend) {
    let world = backend.world().await;
    let token = initial_token(&world.app, 10, 60, "").await;
    registered(&world, Some(&token), &shop()).await;
    world.advance(60);
    is_token_refused(&ask(&world, Some(&token), &shop()).await);
    assert_eq!(world.sweep().await.of("initial_tokens"), 0, "not on every node yet");
    world.advance(121);
    assert_eq!(world.sweep().await.of("initial_tokens"), 1);
    let another = initial_token(&world.app, 10, 60, "").await;
    let now = world.clock.now();
    let id = world.app.store.initial_tokens(now).await.expect("the tokens").remove(0).id;
    assert!(initial::delete(&world.app, &id, &By::operator(), now).await.expect("the store answers"));
    assert!(!initial::delete(&world.app, &id, &By::operator(), now).await.expect("the store answers"));
    is_token_refused(&ask(&world, Some(&another), &shop()).await);
    let acts = world.texts("SELECT act FROM audit_log WHERE act LIKE 'registration_token%' ORDER BY act").await;
    let made = "registration_token_created";
    assert_eq!(acts, [made, made, "registration_token_deleted"]);
}

async fn a_token_gives_no_scope_of_this_servers_own(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["admin:of-somebody"]).await;
    let now = world.clock.now();
    for scope in ["account", "admin:users", "admin:of-somebody", "nothing"] {
        let scope = ScopeSet::parse(scope).expect("a scope");
        let about = scope.to_string();
        let terms = Terms { scope, uses: 1, expires_at: now.plus(60), without_pkce: false };
        let made = initial::create(&world.app, terms, &By::operator(), now).await;
        assert!(matches!(made, Err(Failure::Refused(_))), "{about}");
    }
    assert_eq!(world.texts("SELECT id FROM initial_tokens").await.len(), 0);
}

async fn set_registrable(world: &World, name: &str, registrable: bool) -> bool {
    let before = world.app.store.scope(name).await.expect("the store answers").expect("a scope");
    let said = Said { description: before.description.clone(), registrable };
    match scopes::describe(&world.app, before, said, &By::operator(), world.clock.now()).await {
        Ok(after) => after.is_some_and(|after| after.registrable == registrable),
        Err(Failure::Refused(_)) => false,
        Err(Failure::Broken(broken)) => panic!("{broken:?}"),
    }
}

async fn a_scope_is_opened_and_closed_again(backend: Backend) {
    let world = open(backend).await;
    world.scopes(["read"]).await;
    world.resource("https://api.example", "read", &[]).await;
    let reader = shop_with(json!({"scope": "openid read", "audience": ["https://api.example"]}));
    ask(&world, None, &reader).await.is_refused(400, "invalid_client_metadata");
    assert!(set_registrable(&world, "read", true).await);
    let own = registered(&world, None, &reader).await;
    assert_eq!(own.answer["scope"], "openid read");
    let plain = registered(&world, None, &shop()).await;
    assert!(!plain.answer["scope"].as_str().expect("a scope").contains("read"), "who wants more says so");
    world.role("readers", &["read"]).await;
    let ann = world.user("ann").await;
    world.give_roles(&ann, &["readers"]).await;
    world.look().await;
    let code = a_code(&world, &own.persona, &ann, &[("scope", "openid read")]).await;
    let token = Token::of(&exchange(&own.persona, &world, &code, &[]).await);
    assert!(token.scope().contains("read"), "{}", token.scope());
    assert!(set_registrable(&world, "read", false).await);
    ask(&world, None, &reader).await.is_refused(400, "invalid_client_metadata");
    for own in ["account", "admin:clients", "openid"] {
        assert!(!set_registrable(&world, own, true).await, "{own}");
    }
}

async fn a_token_may_give_more_than_is_open(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read", "write"]).await;
    let token = initial_token(&world.app, 5, 60, "read").await;
    let own = registered(&world, Some(&token), &shop_with(json!({"scope": "openid read"}))).await;
    assert_eq!(own.answer["scope"], "openid read");
    let more = shop_with(json!({"scope": "openid read write"}));
    ask(&world, Some(&token), &more).await.is_refused(400, "invalid_client_metadata");
}
