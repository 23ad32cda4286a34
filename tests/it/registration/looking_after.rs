//! What a client does with its registration (RFC 7592), and what becomes of one that nobody uses.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Own, REGISTER, clients, initial_token, is_token_refused, open, registered, send, shop, shop_with, signs_in,
};
use crate::authorize::request;
use crate::harness::{Backend, Browser, World, stories};

stories![
    a_client_reads_what_it_registered,
    what_is_replaced_is_replaced_whole,
    what_may_not_be_replaced_is_refused,
    a_client_removes_itself,
    nobody_looks_after_another_one,
    one_that_was_disabled_looks_after_nothing,
    a_client_keeps_what_its_token_gave_it,
    a_client_does_not_take_back_what_an_operator_set,
    a_client_that_nobody_uses_goes,
];

const DAY: i64 = 86_400;

impl Own {
    pub(super) async fn send(&self, world: &World, method: Method, body: Option<&Value>) -> crate::harness::Answer {
        send(world, method, &self.path, Some(&self.token), body).await
    }

    /// What it registered, as the story changes it, with its id.
    pub(super) fn again(&self, more: Value) -> Value {
        let mut metadata = shop_with(more);
        metadata["client_id"] = self.persona.id.as_str().into();
        metadata
    }
}

async fn a_client_reads_what_it_registered(backend: Backend) {
    let world = open(backend).await;
    let own = registered(&world, None, &shop()).await;
    world.advance(5);
    let read = own.send(&world, Method::GET, None).await;
    assert_eq!((read.status, read.header("cache-control")), (200, "no-store"), "{read:?}");
    read.never_says(&[&own.persona.secret]);
    let mut told = own.answer.clone();
    for once in ["client_secret", "client_secret_expires_at"] {
        told.as_object_mut().expect("an object").remove(once);
    }
    assert_eq!(read.json(), told, "the same, but for the secret");
}

async fn what_is_replaced_is_replaced_whole(backend: Backend) {
    let world = open(backend).await;
    let before = shop_with(json!({"contacts": ["me"], "tos_uri": "https://shop.example/terms"}));
    let own = registered(&world, None, &before).await;
    let elsewhere = "https://shop.example/elsewhere";
    let secret = own.persona.secret.as_str();
    let after = own.again(json!({"client_name": "Store", "redirect_uris": [elsewhere], "client_secret": secret}));
    let changed = own.send(&world, Method::PUT, Some(&after)).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    changed.never_says(&[secret]);
    let changed = changed.json();
    assert_eq!((&changed["client_name"], &changed["client_id"]), (&json!("Store"), &own.answer["client_id"]));
    assert!(changed.get("contacts").is_none() && changed.get("tos_uri").is_none(), "{changed}");
    assert_eq!(changed["registration_access_token"], own.token);
    assert_eq!(own.send(&world, Method::GET, None).await.json(), changed);
    world.look().await;
    let mut browser = Browser::default();
    let old = browser.opens(&world, &request(&own.persona, &[])).await;
    assert_eq!(old.page().status, 400, "nobody is sent there any more");
    let new = browser.opens(&world, &request(&own.persona, &[("redirect_uri", elsewhere)])).await;
    assert!(new.asks_for_password());
    let acts = "SELECT actor_kind || ' ' || actor_id FROM audit_log WHERE act = 'client_updated'";
    assert_eq!(world.texts(acts).await, [format!("client {}", own.persona.id)]);
}

async fn what_may_not_be_replaced_is_refused(backend: Backend) {
    let world = open(backend).await;
    let own = registered(&world, None, &shop()).await;
    let other = registered(&world, None, &shop()).await;
    for (what, metadata) in [
        ("no id", shop()),
        ("another id", own.again(json!({"client_id": other.persona.id}))),
        ("a secret of its choice", own.again(json!({"client_secret": "a secret that it would like to have"}))),
        ("another one's secret", own.again(json!({"client_secret": other.persona.secret}))),
        ("no text for a secret", own.again(json!({"client_secret": null}))),
        ("its token", own.again(json!({"registration_access_token": own.token}))),
        ("its address", own.again(json!({"registration_client_uri": "https://else.example"}))),
        ("its age", own.again(json!({"client_id_issued_at": 0}))),
        ("an end of its secret", own.again(json!({"client_secret_expires_at": 1}))),
        ("another method", own.again(json!({"token_endpoint_auth_method": "none"}))),
        ("administration", own.again(json!({"scope": "admin:clients"}))),
        ("passwords", own.again(json!({"grant_types": ["password"]}))),
    ] {
        let mut metadata = metadata;
        if what == "another id" {
            metadata["client_id"] = other.persona.id.as_str().into();
        }
        let answer = own.send(&world, Method::PUT, Some(&metadata)).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        answer.is_refused(400, "invalid_client_metadata");
    }
    let nowhere = own.again(json!({"redirect_uris": []}));
    own.send(&world, Method::PUT, Some(&nowhere)).await.is_refused(400, "invalid_redirect_uri");
    assert_eq!(own.send(&world, Method::GET, None).await.json()["redirect_uris"], own.answer["redirect_uris"]);
}

async fn a_client_removes_itself(backend: Backend) {
    let world = open(backend).await;
    let (own, other) = (registered(&world, None, &shop()).await, registered(&world, None, &shop()).await);
    signs_in(&world, &own).await;
    let gone = own.send(&world, Method::DELETE, None).await;
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    for method in [Method::GET, Method::DELETE] {
        is_token_refused(&own.send(&world, method, None).await);
    }
    own.persona.ask(&world, &[]).await.is_refused(401, "invalid_client");
    assert_eq!(clients(&world).await, 1);
    assert_eq!(world.texts("SELECT client_id FROM registrations").await, [other.persona.id]);
    assert_eq!(world.texts("SELECT client_id FROM consents").await, Vec::<String>::new());
    let acts = "SELECT actor_kind || ' ' || actor_id FROM audit_log WHERE act = 'client_deleted'";
    assert_eq!(world.texts(acts).await, [format!("client {}", own.persona.id)]);
}

async fn nobody_looks_after_another_one(backend: Backend) {
    let world = open(backend).await;
    let (own, other) = (registered(&world, None, &shop()).await, registered(&world, None, &shop()).await);
    let by_operator = world.web_app(|_| ()).await;
    let initial = initial_token(&world.app, 1, 60, "").await;
    let said = async |path: &str, token: Option<&str>, method: Method| {
        let body = own.again(json!({}));
        let body = (method == Method::PUT).then_some(&body);
        let answer = send(&world, method, path, token, body).await;
        is_token_refused(&answer);
        (answer.json()["error_description"].clone(), answer.header("www-authenticate").to_owned())
    };
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let foreign = said(&own.path, Some(&other.token), method.clone()).await;
        let by_id = |id: &str| format!("{REGISTER}/{id}");
        for (path, token) in [
            (by_id("nobody"), own.token.as_str()),
            (by_id("first-party"), &own.token),
            (by_id(&by_operator.id), &own.token),
            (own.path.clone(), &initial),
            (own.path.clone(), &own.persona.secret),
        ] {
            assert_eq!(said(&path, Some(token), method.clone()).await, foreign, "who is there nobody is told");
        }
        said(&own.path, None, method).await;
    }
    assert_eq!(clients(&world).await, 3);
}

async fn one_that_was_disabled_looks_after_nothing(backend: Backend) {
    let world = open(backend).await;
    let own = registered(&world, None, &shop()).await;
    world.disable(&own.persona.id, Some(world.clock.now())).await;
    let body = own.again(json!({}));
    for (method, body) in [(Method::GET, None), (Method::PUT, Some(&body)), (Method::DELETE, None)] {
        is_token_refused(&own.send(&world, method, body).await);
    }
    world.disable(&own.persona.id, None).await;
    assert_eq!(own.send(&world, Method::GET, None).await.status, 200);
}

async fn a_client_keeps_what_its_token_gave_it(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["read", "write"]).await;
    let token = initial_token(&world.app, 1, 60, "read").await;
    let own = registered(&world, Some(&token), &shop_with(json!({"scope": "openid"}))).await;
    world.advance(3_600);
    for (scope, status) in [("openid read", 200), ("openid read write", 400), ("openid", 200), ("openid read", 200)] {
        let changed = own.send(&world, Method::PUT, Some(&own.again(json!({"scope": scope})))).await;
        assert_eq!(changed.status, status, "{scope}: {changed:?}");
    }
}

async fn a_client_does_not_take_back_what_an_operator_set(backend: Backend) {
    let world = open(backend).await;
    let own = registered(&world, None, &shop()).await;
    world.execute("UPDATE clients SET document = REPLACE(document, '{\"', '{\"access_token_lifetime\":60,\"')").await;
    let changed = own.send(&world, Method::PUT, Some(&own.again(json!({"client_name": "Store"})))).await;
    assert_eq!((changed.status, &changed.json()["client_name"]), (200, &json!("Store")), "{changed:?}");
    let lives = "SELECT document FROM clients WHERE id <> 'first-party'";
    assert!(world.texts(lives).await[0].contains("\"access_token_lifetime\":60"), "as the operator said");
}

async fn a_client_that_nobody_uses_goes(backend: Backend) {
    let world = open(backend).await;
    let by_operator = world.web_app(|_| ()).await;
    let (unused, used) = (registered(&world, None, &shop()).await, registered(&world, None, &shop()).await);
    signs_in(&world, &used).await;
    world.stop_jobs().await;
    world.advance(30 * DAY);
    assert_eq!(world.sweep().await.of("unused_clients"), 0, "not on every node yet");
    world.advance(121);
    assert_eq!(world.sweep().await.of("unused_clients"), 1);
    assert_eq!(world.sweep().await.of("unused_clients"), 0);
    let mut left = world.texts("SELECT id FROM clients WHERE id <> 'first-party'").await;
    left.sort();
    let mut kept = vec![by_operator.id, used.persona.id.clone()];
    kept.sort();
    assert_eq!(left, kept, "those of operators stay, used or not");
    is_token_refused(&unused.send(&world, Method::GET, None).await);
    let acts = "SELECT actor_kind || ' ' || target_id FROM audit_log WHERE act = 'client_deleted'";
    assert_eq!(world.texts(acts).await, [format!("system {}", unused.persona.id)]);
}
