//! Logging out.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::api::people::{LOGOUT, REFRESH, Session};
use crate::harness::{Answer, Backend, Node, User, scopes, stories};

stories![
    logging_out_ends_ones_own_session,
    a_refresh_token_is_enough,
    everywhere_is_everywhere_at_once,
    whoever_is_nobody_logs_nobody_out,
];

async fn out(node: &Node, session: &Session) -> Answer {
    session.send(node, Method::POST, LOGOUT, None).await
}

async fn two(node: &Node, user: &User) -> (Session, Session) {
    (node.login(user).await, node.login(user).await)
}

async fn logging_out_ends_ones_own_session(backend: Backend) {
    let world = backend.world().await;
    let other_node = world.another_node().await;
    let ann = world.user("ann").await;
    let (session, other) = two(&world, &ann).await;
    let answer = out(&world, &session).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{answer:?}");
    assert!(!session.lives(&other_node).await && other.lives(&world).await);
    out(&world, &session).await.is_problem(401, "invalid_token");
    // With a body that says nothing, as some clients send it.
    for body in ["{}", ""] {
        let session = world.login(&ann).await;
        let request = world.request(Method::POST, LOGOUT).bearer_auth(&session.access);
        let answer = world.send(request.header(CONTENT_TYPE, "application/json").body(body)).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        assert!(!session.lives(&world).await);
    }
}

async fn a_refresh_token_is_enough(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let with = async |token: &str| world.tell(LOGOUT, &json!({ "refresh_token": token })).await;
    let (session, other) = two(&world, &ann).await;
    assert_eq!(with(&session.refresh).await.status, 204);
    assert!(!session.lives(&world).await && other.lives(&world).await);
    assert_eq!(with(&session.refresh).await.status, 204, "what is over needs no ending");
    // One that was replaced: its owner may have lost the newer one.
    let session = world.login(&ann).await;
    let newer = Session::of(&world.tell(REFRESH, &json!({ "refresh_token": session.refresh })).await);
    assert_eq!(with(&session.refresh).await.status, 204);
    assert!(!newer.lives(&world).await);
    // The access token has expired, and so what counts is in the body.
    let session = world.login(&ann).await;
    world.advance(3600);
    out(&world, &session).await.is_problem(401, "invalid_token");
    let body = json!({ "refresh_token": session.refresh });
    assert_eq!(session.send(&world, Method::POST, LOGOUT, Some(&body)).await.status, 204);
    assert_eq!(world.tell(REFRESH, &body).await.status, 401);
}

async fn everywhere_is_everywhere_at_once(backend: Backend) {
    let world = backend.world().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let app = world.app(|m| m.scope = scopes("account")).await;
    let everywhere = format!("{LOGOUT}?everywhere=true");
    for by_refresh_token in [false, true] {
        let (one, other) = two(&world, &ann).await;
        let elsewhere = app.signed_in(&world, &ann, &[]).await;
        let neighbour = world.login(&bob).await;
        let answer = if by_refresh_token {
            world.tell(&everywhere, &json!({ "refresh_token": one.refresh })).await
        } else {
            one.send(&world, Method::POST, &everywhere, None).await
        };
        assert_eq!(answer.status, 204, "{answer:?}");
        assert!(!one.lives(&world).await && !other.lives(&world).await);
        assert!(!app.sees_alive(&world, &elsewhere.text).await);
        assert!(neighbour.lives(&world).await);
    }
    // Neither a narrow token nor a replaced one reaches so far.
    let (one, other) = two(&world, &ann).await;
    let narrow = Session::of(
        &world
            .tell(crate::api::people::LOGIN, &json!({"username": "ann", "password": ann.password, "scope": "profile"}))
            .await,
    );
    narrow.send(&world, Method::POST, &everywhere, None).await.is_problem(403, "insufficient_scope");
    assert_eq!(out(&world, &narrow).await.status, 204, "its own session it may end");
    let newer = Session::of(&world.tell(REFRESH, &json!({ "refresh_token": one.refresh })).await);
    let answer = world.tell(&everywhere, &json!({ "refresh_token": one.refresh })).await;
    answer.is_problem(401, "invalid_credentials");
    assert!(newer.lives(&world).await && other.lives(&world).await);
}

async fn whoever_is_nobody_logs_nobody_out(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let session = world.login(&ann).await;
    world.send(world.request(Method::POST, LOGOUT)).await.is_problem(401, "invalid_token");
    for token in ["", "x", "cs_refresh_AAAA"] {
        let answer = world.tell(LOGOUT, &json!({ "refresh_token": token })).await;
        answer.is_problem(401, "invalid_credentials");
    }
    let app = world.public_app(|m| m.scope = scopes("account")).await;
    let foreign = app.signed_in(&world, &ann, &[]).await;
    let answer = world.tell(LOGOUT, &json!({ "refresh_token": foreign.next() })).await;
    answer.is_problem(401, "invalid_credentials");
    let service = world.service_client(|m| m.scope = scopes("account")).await.token(&world).await;
    let answer = world.send(world.request(Method::POST, LOGOUT).bearer_auth(&service.text)).await;
    answer.is_problem(403, "forbidden");
    let request = world.request(Method::POST, LOGOUT).bearer_auth(&session.access);
    let answer = world.send(request.header(CONTENT_TYPE, "text/plain").body("out")).await;
    answer.is_problem(415, "unsupported_media_type");
    assert!(session.lives(&world).await);
    app.refreshed(&world, foreign.next(), &[]).await;
}
