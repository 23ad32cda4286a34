//! What people see and change of themselves.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::faulty;
use crate::api::people::{ME, SESSIONS, Session};
use crate::contract::race;
use crate::harness::{Answer, Backend, scopes, stories};

stories![
    people_see_themselves,
    a_put_replaces_and_a_patch_changes,
    nobody_raises_themselves,
    a_change_may_say_for_which_version_it_was_made,
    a_username_can_be_another_one_that_is_free,
    who_wants_another_username_counts_as_who_registers,
    who_closes_the_account_is_out,
    an_account_is_a_persons,
];

async fn people_see_themselves(backend: Backend) {
    let world = backend.world().await;
    let (ann, session) = world.registers("ann").await;
    world.role("keeper", &["admin:scopes"]).await;
    world.give_roles(&ann, &["keeper"]).await;
    let answer = session.me(&world).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "private, no-cache"), "{answer:?}");
    assert_eq!(answer.json()["roles"], json!(["user", "keeper"]));
    answer.never_says(&[&ann.password, "argon2", "epoch"]);
    let headers = [("if-none-match", answer.header("etag"))];
    let again = session.send_with(&world, Method::GET, ME, &headers, None).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""), "{again:?}");
    assert_eq!(session.patch(&world, json!({"name": "Ann Lee"})).await.status, 200);
    assert_eq!(session.send_with(&world, Method::GET, ME, &headers, None).await.status, 200);
    let specification = world.get("/openapi.json").await.json();
    let properties = specification["components"]["schemas"]["User"]["properties"].as_object().expect("properties");
    let (documented, shown): (BTreeSet<&String>, _) = (properties.keys().collect(), answer.json());
    assert_eq!(shown.as_object().expect("an object").keys().collect::<BTreeSet<_>>(), documented);
}

async fn a_put_replaces_and_a_patch_changes(backend: Backend) {
    let world = backend.world().await;
    let (_, session) = world.registers("ann").await;
    let put = async |body: Value| session.send(&world, Method::PUT, ME, Some(&body)).await;
    let of = |answer: &Answer| {
        assert_eq!(answer.status, 200, "{answer:?}");
        let json = answer.json();
        [&json["given_name"], &json["family_name"], &json["name"], &json["profile"]].map(Clone::clone)
    };
    let all = json!({"given_name": "Ann", "family_name": "Lee", "name": "Ann Lee", "profile": {"a": {"b": [1, null]}}});
    let whole = [json!("Ann"), json!("Lee"), json!("Ann Lee"), json!({"a": {"b": [1, null]}})];
    let answer = put(all).await;
    assert_eq!((of(&answer), of(&session.me(&world).await)), (whole.clone(), whole.clone()));
    assert_eq!(answer.header("etag"), session.me(&world).await.header("etag"));
    let [given, _, name, profile] = whole;
    let patched = session.patch(&world, json!({"family_name": "Li"})).await;
    assert_eq!(of(&patched), [given.clone(), json!("Li"), name, profile.clone()]);
    let patched = session.patch(&world, json!({"family_name": null, "name": null})).await;
    assert_eq!(of(&patched), [given.clone(), json!(null), json!(null), profile]);
    let patched = session.patch(&world, json!({"profile": null})).await;
    assert_eq!(of(&patched), [given, json!(null), json!(null), json!({})]);
    assert_eq!(of(&session.patch(&world, json!({})).await)[0], "Ann");
    let replaced = put(json!({"name": "A"})).await;
    assert_eq!(of(&replaced), [json!(null), json!(null), json!("A"), json!({})]);
    assert_eq!(replaced.json()["username"], "ann", "names by which one is found stay");
    for (body, field) in [
        (json!({"name": ""}), "name"),
        (json!({"name": "a\nb"}), "name"),
        (json!({"given_name": 7}), "given_name"),
        (json!({"profile": "x"}), "profile"),
        (json!({"profile": {"x": "x".repeat(16_384)}}), "profile"),
        (json!({"username": "a@b"}), "username"),
    ] {
        let answer = session.patch(&world, body).await;
        answer.is_problem(422, "invalid_fields");
        assert_eq!(faulty(&answer), [field]);
    }
    assert_eq!(of(&session.me(&world).await)[2], "A", "what was refused has changed nothing");
}

async fn nobody_raises_themselves(backend: Backend) {
    let world = backend.world().await;
    let (_, session) = world.registers("ann").await;
    let before = session.me(&world).await;
    for (name, value) in [
        ("roles", json!(["admin"])),
        ("verified", json!(true)),
        ("email_verified", json!(true)),
        ("enabled", json!(false)),
        ("id", json!("1")),
        ("created_at", json!(0)),
        ("password", json!("another good one")),
        ("scope", json!("admin:users")),
        ("version", json!(7)),
    ] {
        for method in [Method::PUT, Method::PATCH] {
            let mut body = json!({"name": "Ann"});
            body[name] = value.clone();
            let answer = session.send(&world, method, ME, Some(&body)).await;
            answer.is_problem(422, "invalid_fields");
            assert_eq!(faulty(&answer), [name]);
        }
    }
    assert_eq!(session.me(&world).await.body, before.body);
}

async fn a_change_may_say_for_which_version_it_was_made(backend: Backend) {
    let world = backend.world().await;
    let other_node = world.another_node().await;
    let (_, session) = world.registers("ann").await;
    for round in 0..5 {
        let tag = session.me(&world).await.header("etag").to_owned();
        let racers = (0..8).map(|number| {
            let node = if number % 2 == 0 { &*world } else { &other_node };
            let body = json!({"name": format!("Ann {round} {number}")});
            let request = node.request(Method::PATCH, ME).bearer_auth(&session.access).header("if-match", &tag);
            let request = request.json(&body);
            async move { Answer::read(request.send().await.expect("an answer")).await }
        });
        let answers = race(racers.collect()).await;
        let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        let lost = answers.iter().filter(|answer| answer.status != 200);
        lost.for_each(|answer| answer.is_problem(412, "precondition_failed"));
        assert_eq!(session.me(&world).await.json()["name"], won[0].json()["name"]);
    }
    let stale = [("if-match", "\"stale\"")];
    let put = session.send_with(&world, Method::PUT, ME, &stale, Some(&json!({}))).await;
    put.is_problem(412, "precondition_failed");
    let close = session.send_with(&world, Method::DELETE, ME, &stale, None).await;
    close.is_problem(412, "precondition_failed");
    let any = session.send_with(&world, Method::PATCH, ME, &[("if-match", "*")], Some(&json!({"name": "Any"}))).await;
    assert_eq!(any.status, 200);
}

async fn a_username_can_be_another_one_that_is_free(backend: Backend) {
    let world = backend.world().await;
    let ((mut ann, session), (bob, bobs)) = (world.registers("ann").await, world.registers("bob").await);
    session.patch(&world, json!({"username": "BOB"})).await.is_problem(409, "conflict");
    assert_eq!(session.patch(&world, json!({"username": "Ann"})).await.json()["username"], "Ann", "written otherwise");
    assert_eq!(session.patch(&world, json!({"username": "anna"})).await.status, 200);
    assert_eq!(world.try_login("ann", &ann.password).await.status, 401);
    ann.username = "anna".to_owned();
    world.login(&ann).await;
    assert_eq!(bobs.patch(&world, json!({"username": "ann"})).await.status, 200, "what was let go is free");
    assert_eq!(world.try_login(&bob.email, &bob.password).await.status, 200);
}

/// Or whoever has an account could ask for all the names that there are.
async fn who_wants_another_username_counts_as_who_registers(backend: Backend) {
    let world = backend.world_with(|config| config.limits.enabled = true).await;
    let (ann, _bob) = (world.user("ann").await, world.user("bob").await);
    let session = world.login(&ann).await;
    for _ in 0..2 {
        session.patch(&world, json!({"username": "BOB"})).await.is_problem(409, "conflict");
    }
    assert_eq!(session.patch(&world, json!({"username": "a b"})).await.status, 422, "what is no name does not count");
    assert_eq!(session.patch(&world, json!({"username": "anna"})).await.status, 200);
    for name in ["bob", "cid"] {
        let refused = session.patch(&world, json!({ "username": name })).await;
        refused.is_problem(429, "too_many_requests");
        assert!(refused.header("ratelimit").starts_with("\"registrations\""), "{refused:?}");
    }
    for change in [json!({"username": "Anna"}), json!({"username": "Anna", "name": "Anna"}), json!({"name": "A"})] {
        assert_eq!(session.patch(&world, change).await.status, 200, "it is the name that they have");
    }
    world.advance(3_600);
    let session = Session::of(&world.try_login("anna", &ann.password).await);
    session.patch(&world, json!({"username": "bob"})).await.is_problem(409, "conflict");
}

async fn who_closes_the_account_is_out(backend: Backend) {
    let world = backend.world().await;
    let (ann, session) = world.registers("ann").await;
    let other = world.login(&ann).await;
    let answer = session.send(&world, Method::DELETE, ME, None).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{answer:?}");
    assert!(!session.lives(&world).await && !other.lives(&world).await);
    assert_eq!(world.try_login("ann", &ann.password).await.status, 401);
    // The names are kept for who may open it again.
    let body = json!({"username": "ann", "email": "new@example.org", "password": ann.password});
    world.tell(crate::api::people::REGISTER, &body).await.is_problem(409, "conflict");
    world.disable_user(&ann, None).await;
    let back = world.login(&ann).await;
    assert_eq!(back.me(&world).await.json()["enabled"], true);
    assert!(!session.lives(&world).await, "what ended has ended");
    let closed = "SELECT actor_id FROM audit_log WHERE act = 'account_deleted'";
    assert_eq!(world.texts(closed).await, [ann.id]);
}

async fn an_account_is_a_persons(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let service = world.service_client(|m| m.scope = scopes("account")).await.token(&world).await;
    let app = world.app(|m| m.scope = scopes("account profile openid")).await;
    let narrow = app.signed_in(&world, &ann, &[("scope", "profile openid")]).await;
    let wide = app.signed_in(&world, &ann, &[]).await;
    let as_session = |text: &str| Session { access: text.to_owned(), refresh: String::new(), answer: Value::Null };
    for (method, path) in [
        (Method::GET, ME),
        (Method::PUT, ME),
        (Method::PATCH, ME),
        (Method::DELETE, ME),
        (Method::GET, SESSIONS),
        (Method::DELETE, "/api/v1/users/me/sessions/x"),
    ] {
        let body = (method == Method::PUT || method == Method::PATCH).then(|| json!({}));
        let asked = async |token: &str| as_session(token).send(&world, method.clone(), path, body.as_ref()).await;
        asked(&service.text).await.is_problem(403, "forbidden");
        asked(&narrow.text).await.is_problem(403, "insufficient_scope");
        asked("nonsense").await.is_problem(401, "invalid_token");
    }
    assert_eq!(as_session(&wide.text).me(&world).await.json()["id"], ann.id, "another app may have the scope, too");
}
