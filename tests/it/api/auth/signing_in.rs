//! Signing in, and staying signed in.

use reqwest::header::WWW_AUTHENTICATE;
use serde_json::json;

use crate::api::faulty;
use crate::api::people::{LOGIN, REFRESH, Session, WRONG, post_form};
use crate::harness::{Backend, forge::Parts, stories};

stories![
    people_sign_in_by_name_or_address_in_json_or_a_form,
    whoever_asks_for_fewer_scopes_gets_fewer,
    whatever_is_wrong_the_answer_is_a_401,
    a_refresh_token_is_good_once,
    another_clients_refresh_token_is_none_here,
    former_names_are_the_same_operations,
    a_sign_in_may_end_the_others,
];

async fn people_sign_in_by_name_or_address_in_json_or_a_form(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    for name in ["ann", "ANN", " ann ", "ann@example.org", "Ann@Example.org"] {
        let session = Session::of(&world.try_login(name, &ann.password).await);
        assert_eq!(Parts::of(&session.access).claims["sub"], ann.id);
        assert_eq!(session.answer["token_type"], "Bearer");
    }
    let password = ann.password.replace(' ', "+");
    for form in [
        format!("username=ann&password={password}"),
        // As those send it who know the token endpoint.
        format!("grant_type=password&username=ann&password={password}&scope=&client_id=&client_secret="),
    ] {
        Session::of(&post_form(&world, LOGIN, &form).await);
    }
}

async fn whoever_asks_for_fewer_scopes_gets_fewer(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let ask = async |scope: &str| {
        world.tell(LOGIN, &json!({"username": "ann", "password": ann.password, "scope": scope})).await
    };
    let session = Session::of(&ask("profile").await);
    assert_eq!((&session.answer["scope"], &session.answer["id_token"]), (&json!("profile"), &json!(null)));
    session.me(&world).await.is_problem(403, "insufficient_scope");
    // What the user may not have is left out.
    assert_eq!(Session::of(&ask("account admin:users").await).answer["scope"], "account");
    ask("admin:users").await.is_problem(400, "invalid_scope");
    ask("nothing").await.is_problem(400, "invalid_scope");
    let malformed = ask("a  b").await;
    malformed.is_problem(422, "invalid_fields");
    assert_eq!(faulty(&malformed), ["scope"]);
    let whole = world.login(&ann).await;
    let narrow = world.tell(REFRESH, &json!({"refresh_token": whole.refresh, "scope": "account"})).await;
    assert_eq!(Session::of(&narrow).answer["scope"], "account");
}

async fn whatever_is_wrong_the_answer_is_a_401(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    for (name, password) in [("ann", WRONG), ("nobody", ann.password.as_str()), ("ann\u{e9}", WRONG)] {
        let answer = world.try_login(name, password).await;
        answer.is_problem(401, "invalid_credentials");
        assert_eq!(answer.header(WWW_AUTHENTICATE), "Bearer realm=\"countersign\"");
    }
    for token in ["", "x", "cs_refresh_", &format!("cs_refresh_{}", "A".repeat(86))] {
        let answer = world.tell(REFRESH, &json!({ "refresh_token": token })).await;
        answer.is_problem(401, "invalid_credentials");
    }
    for (body, fields) in [
        (json!({}), vec!["username", "password"]),
        (json!({"username": "ann"}), vec!["password"]),
        (json!({"username": "ann", "password": 7}), vec!["password"]),
        (json!({"username": "ann", "password": "x", "role": "admin"}), vec!["role"]),
    ] {
        let answer = world.tell(LOGIN, &body).await;
        answer.is_problem(422, "invalid_fields");
        assert_eq!(faulty(&answer), fields, "{answer:?}");
    }
}

async fn a_refresh_token_is_good_once(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let (first, other) = (world.login(&ann).await, world.login(&ann).await);
    let again = async |token: &str| world.tell(REFRESH, &json!({ "refresh_token": token })).await;
    let second = Session::of(&again(&first.refresh).await);
    let retried = Session::of(&again(&first.refresh).await);
    assert_eq!(retried.refresh, second.refresh, "an answer that was lost comes again");
    let third = Session::of(&post_form(&world, REFRESH, &format!("refresh_token={}", second.refresh)).await);
    world.advance(60);
    assert_eq!(third.me(&world).await.status, 200);
    again(&first.refresh).await.is_problem(401, "invalid_credentials");
    again(&third.refresh).await.is_problem(401, "invalid_credentials");
    third.me(&world).await.is_problem(401, "invalid_token");
    assert!(other.lives(&world).await, "only the session whose token was used again has ended");
}

async fn another_clients_refresh_token_is_none_here(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let app = world.public_app(|m| m.scope = crate::harness::scopes("account")).await;
    let token = app.signed_in(&world, &ann, &[]).await;
    let answer = world.tell(REFRESH, &json!({ "refresh_token": token.next() })).await;
    answer.is_problem(401, "invalid_credentials");
    app.refreshed(&world, token.next(), &[]).await;
}

async fn former_names_are_the_same_operations(backend: Backend) {
    let world = backend.world().await;
    let (ann, body) = crate::api::people::somebody("ann");
    let signed_up = Session::of(&world.tell("/api/v1/sign-up", &body).await);
    assert_eq!(signed_up.me(&world).await.json()["username"], "ann");
    let login = json!({"username": ann.username, "password": ann.password});
    let session = Session::of(&world.tell("/api/v1/login", &login).await);
    let refreshed = world.tell("/api/v1/refresh", &json!({ "refresh_token": session.refresh })).await;
    let session = Session::of(&refreshed);
    let out = session.send(&world, reqwest::Method::POST, "/api/v1/logout", None).await;
    assert_eq!((out.status, out.body.as_str()), (204, ""), "{out:?}");
    assert!(!session.lives(&world).await && signed_up.lives(&world).await);
    let specification = world.get("/openapi.json").await.json();
    for path in ["sign-up", "login", "refresh", "logout"] {
        let operation = &specification["paths"][format!("/api/v1/{path}")]["post"];
        assert_eq!(operation["deprecated"], true, "{path}: {operation}");
    }
}

async fn a_sign_in_may_end_the_others(backend: Backend) {
    let world = backend.world_with(|config| config.tokens.single_session = true).await;
    let (ann, first) = world.registers("ann").await;
    let second = world.login(&ann).await;
    assert!(!first.lives(&world).await && second.lives(&world).await);
}
