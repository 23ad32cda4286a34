//! Where somebody is signed in, and how that ends.

use reqwest::Method;
use reqwest::header::LINK;
use serde_json::{Value, json};

use crate::api::Governed;
use crate::api::admin::USERS;
use crate::api::people::{LOGIN, REFRESH, SESSIONS, Session};
use crate::harness::{Backend, Node, scopes, stories};

stories![people_see_where_they_are_signed_in, sessions_come_in_pages, a_session_can_be_ended_by_its_owner_alone,];

async fn listed(node: &Node, session: &Session) -> Vec<Value> {
    let answer = session.send(node, Method::GET, SESSIONS, None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["items"].as_array().expect("a list").clone()
}

fn id(session: &Value) -> &str {
    session["id"].as_str().expect("an id")
}

async fn people_see_where_they_are_signed_in(backend: Backend) {
    let world = backend
        .world_with(|config| config.server.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")])
        .await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    world.login(&bob).await;
    let start = world.clock.now().seconds();
    let request =
        world.request(Method::POST, LOGIN).header("user-agent", "A phone").header("x-forwarded-for", "192.0.2.7");
    let body = json!({"username": "ann", "password": ann.password});
    let phone = Session::of(&world.send(request.json(&body)).await);
    world.advance(60);
    let app = world.app(|m| (m.scope, m.client_name) = (scopes("account"), Some("Mail reader".to_owned()))).await;
    let elsewhere = app.signed_in(&world, &ann, &[]).await;
    let expected = json!({
        "id": listed(&world, &phone).await[1]["id"], "kind": "client", "client_id": "first-party", "client_name": "First party",
        "scope": phone.answer["scope"], "device": "A phone", "address": "192.0.2.7", "created_at": start,
        "last_used_at": start, "expires_at": start + 30 * 86_400, "current": true,
    });
    let sessions = listed(&world, &phone).await;
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    assert_eq!(sessions[1], expected);
    let other = &sessions[0];
    assert_eq!((&other["client_name"], &other["current"]), (&json!("Mail reader"), &json!(false)));
    assert_eq!(id(other), elsewhere.grant());
    world.advance(60);
    let phone = Session::of(&world.tell(REFRESH, &json!({ "refresh_token": phone.refresh })).await);
    let sessions = listed(&world, &phone).await;
    assert_eq!(sessions[1]["last_used_at"], start + 120, "the newest comes first: {sessions:?}");
    // What nobody used for too long is no session any more.
    world.advance(7 * 86_400 - 60);
    let phone = Session::of(&world.tell(REFRESH, &json!({ "refresh_token": phone.refresh })).await);
    let sessions = listed(&world, &phone).await;
    assert!(sessions.len() == 1 && sessions[0]["current"] == true, "{sessions:?}");
}

async fn sessions_come_in_pages(backend: Backend) {
    let governed = Governed::of(backend.world().await).await;
    let world = &governed.world;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let mut first = Vec::new();
    for _ in 0..7 {
        world.advance(1);
        first.push(world.login(&ann).await);
        world.login(&bob).await;
    }
    let own: Vec<Value> = listed(world, &first[0]).await;
    let expected: Vec<&str> = own.iter().map(id).collect();
    assert_eq!((expected.len(), own[6]["current"].as_bool()), (7, Some(true)), "the newest comes first: {own:?}");
    let of_ann = format!("{USERS}/{}/sessions", ann.id);
    for (token, path) in [(&first[0].access, SESSIONS), (&governed.token, of_ann.as_str())] {
        let get = async |path: &str| world.send(world.request(Method::GET, path).bearer_auth(token)).await;
        let (mut seen, mut path) = (Vec::new(), format!("{path}?limit=3"));
        for length in [3, 3, 1] {
            let page = get(&path).await;
            let (items, next) = (page.json()["items"].clone(), page.header(LINK));
            let items = items.as_array().expect("a list");
            assert_eq!((items.len(), next.is_empty()), (length, length < 3), "{page:?}");
            seen.extend(items.iter().map(|item| id(item).to_owned()));
            let address = next.split_once('>').map_or("", |(address, _)| address.trim_start_matches('<'));
            path = address.strip_prefix(world.issuer()).unwrap_or_default().to_owned();
            // What comes meanwhile stands before the first page, and moves nothing.
            world.advance(1);
            world.login(&ann).await;
        }
        assert_eq!(seen, expected);
        for session in listed(world, &first[0]).await.iter().filter(|session| !expected.contains(&id(session))) {
            let path = format!("{SESSIONS}/{}", id(session));
            assert_eq!(first[0].send(world, Method::DELETE, &path, None).await.status, 204);
        }
    }
    for query in ["limit=0", "limit=201", "limit=x", "after=!", "after=", "limit=1&limit=1"] {
        for (token, path) in [(&first[0].access, SESSIONS), (&governed.token, of_ann.as_str())] {
            let request = world.request(Method::GET, &format!("{path}?{query}")).bearer_auth(token);
            world.send(request).await.is_problem(400, "invalid_request");
        }
    }
}

async fn a_session_can_be_ended_by_its_owner_alone(backend: Backend) {
    let world = backend.world().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let (one, other, bobs) = (world.login(&ann).await, world.login(&ann).await, world.login(&bob).await);
    let sessions = listed(&world, &one).await;
    let of_other = sessions.iter().find(|session| session["current"] == false).expect("the other one");
    let path = format!("{SESSIONS}/{}", id(of_other));
    bobs.send(&world, Method::DELETE, &path, None).await.is_problem(404, "not_found");
    assert!(other.me(&world).await.status == 200);
    let answer = one.send(&world, Method::DELETE, &path, None).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{answer:?}");
    assert!(!other.lives(&world).await && one.lives(&world).await);
    assert_eq!(listed(&world, &one).await.len(), 1);
    one.send(&world, Method::DELETE, &path, None).await.is_problem(404, "not_found");
    for nonsense in ["x", "%00", "%20", "..%2f", &"a".repeat(500)] {
        let answer = one.send(&world, Method::DELETE, &format!("{SESSIONS}/{nonsense}"), None).await;
        answer.is_problem(404, "not_found");
    }
    let own = format!("{SESSIONS}/{}", id(&listed(&world, &one).await[0]));
    assert_eq!(one.send(&world, Method::DELETE, &own, None).await.status, 204);
    assert!(!one.lives(&world).await);
}
