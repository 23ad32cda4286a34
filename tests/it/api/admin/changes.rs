//! Those who change the same account at the same time, and those who ask again.

use reqwest::Method;
use reqwest::header::ETAG;
use serde_json::json;

use super::{ROLES, USERS, account, at};
use crate::api::Governed;
use crate::api::people::{ME, a_password};
use crate::contract::{count, race};
use crate::harness::{Backend, stories};

stories![
    a_change_to_another_version_is_refused,
    a_sign_in_is_no_other_version,
    of_one_who_erases_and_one_who_changes_one_does,
    of_many_that_change_one_version_one_does,
    of_many_that_take_a_name_one_does,
    a_repeated_request_makes_one_account,
];

async fn a_change_to_another_version_is_refused(backend: Backend) {
    let governed = Governed::start(backend).await;
    let ann = governed.hires("ann", &[]).await;
    let path = at(&ann);
    let tag = governed.get(&path).await.header(ETAG).to_owned();
    let whole = json!({"username": "ann", "email": "ann@example.org"});
    let changes = [
        (Method::PATCH, path.clone(), Some(json!({"name": "A"}))),
        (Method::PUT, path.clone(), Some(whole)),
        (Method::PUT, format!("{path}/roles"), Some(json!({"roles": []}))),
        (Method::PUT, format!("{path}/password"), Some(json!({"password": a_password()}))),
        (Method::POST, format!("{path}/force-reset"), None),
        (Method::POST, format!("{path}/lock"), None),
        (Method::POST, format!("{path}/unlock"), None),
        (Method::POST, format!("{path}/disable"), None),
        (Method::POST, format!("{path}/enable"), None),
        (Method::DELETE, path.clone(), None),
        (Method::DELETE, format!("{path}?erase=true"), None),
    ];
    for (method, path, body) in &changes {
        for wrong in ["\"other\"", &format!("W/{tag}"), ""] {
            let answer = governed.send(method.clone(), path, &[("if-match", wrong)], body.as_ref()).await;
            assert_eq!(answer.status, 412, "{method} {path} {wrong}: {answer:?}");
            answer.is_problem(412, "precondition_failed");
        }
    }
    assert_eq!(governed.get(&path).await.header(ETAG), tag, "nothing happened");
    for (method, path, body) in &changes {
        let now = governed.get(&at(&ann)).await.header(ETAG).to_owned();
        let answer = governed.send(method.clone(), path, &[("if-match", &now)], body.as_ref()).await;
        assert!([200, 204].contains(&answer.status), "{method} {path}: {answer:?}");
    }
    governed.get(&path).await.is_problem(404, "not_found");
    // The same for roles; one that is not there is no version at all.
    let role = format!("{ROLES}/clerk");
    let body = json!({"scopes": [], "description": "x"});
    let put = async |tag: &str| governed.send(Method::PUT, &role, &[("if-match", tag)], Some(&body)).await;
    put("*").await.is_problem(412, "precondition_failed");
    let made = governed.put(&role, &json!({"scopes": []})).await;
    assert_eq!(made.status, 201, "{made:?}");
    put("\"other\"").await.is_problem(412, "precondition_failed");
    assert_eq!(put(made.header(ETAG)).await.status, 200);
    put(made.header(ETAG)).await.is_problem(412, "precondition_failed");
    let delete = async |tag: &str| governed.send(Method::DELETE, &role, &[("if-match", tag)], None).await;
    delete(made.header(ETAG)).await.is_problem(412, "precondition_failed");
    assert_eq!(delete("*").await.status, 204);
}

async fn a_sign_in_is_no_other_version(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let ann = governed.hires("ann", &[]).await;
    let tag = async || governed.get(&at(&ann)).await.header(ETAG).to_owned();
    let held = tag().await;
    world.advance(5);
    let session = world.login(&ann).await;
    let own = session.me(world).await.header(ETAG).to_owned();
    world.advance(5);
    world.login(&ann).await;
    assert_eq!(tag().await, held, "nobody changed anything");
    assert_eq!(governed.get(&at(&ann)).await.json()["last_login_at"], world.clock.now().seconds());
    let change = |name: &str| json!({ "name": name });
    let own = session.send_with(world, Method::PATCH, ME, &[("if-match", &own)], Some(&change("A"))).await;
    assert_eq!(own.status, 200, "{own:?}");
    let late = governed.send(Method::PATCH, &at(&ann), &[("if-match", &held)], Some(&change("B"))).await;
    late.is_problem(412, "precondition_failed");
    // What cannot be seen is a change, too, and so is a role that went by itself.
    governed.role_with("clerk", &[]).await;
    let mut seen = vec![held, tag().await];
    let path = at(&ann);
    for (method, path, body) in [
        (Method::PUT, format!("{path}/password"), Some(json!({"password": a_password()}))),
        (Method::PUT, format!("{path}/roles"), Some(json!({"roles": ["clerk"]}))),
        (Method::POST, format!("{path}/lock"), None),
        (Method::POST, format!("{path}/unlock"), None),
        (Method::DELETE, format!("{ROLES}/clerk"), None),
    ] {
        let answer = governed.send(method, &path, &[], body.as_ref()).await;
        assert!([200, 204].contains(&answer.status), "{path}: {answer:?}");
        let now = tag().await;
        assert!(!seen.contains(&now), "{path}");
        seen.push(now);
    }
}

async fn of_one_who_erases_and_one_who_changes_one_does(backend: Backend) {
    let governed = Governed::start(backend).await;
    let another = governed.world.another_node().await;
    for round in 0..8 {
        let ann = governed.hires(&format!("ann{round}"), &[]).await;
        let tag = governed.get(&at(&ann)).await.header(ETAG).to_owned();
        let racers = (0..4).map(|number| {
            let node = if number < 2 { &*governed.world } else { &another };
            let request = if number % 2 == 0 {
                governed.request_to(node, Method::DELETE, &format!("{}?erase=true", at(&ann)))
            } else {
                governed.request_to(node, Method::PATCH, &at(&ann)).json(&json!({"name": number.to_string()}))
            };
            let request = request.header("if-match", &tag);
            async move { request.send().await.expect("an answer").status().as_u16() }
        });
        let results = race(racers.collect()).await;
        assert_eq!(count(&results, &200) + count(&results, &204), 1, "{results:?}");
    }
}

async fn of_many_that_change_one_version_one_does(backend: Backend) {
    let governed = Governed::start(backend).await;
    let another = governed.world.another_node().await;
    let ann = governed.hires("ann", &[]).await;
    for role in (0..8).map(|number| format!("clerk{number}")).chain(["clerk".to_owned()]) {
        governed.role_with(&role, &[]).await;
    }
    for round in 0..5 {
        governed.role_with(&format!("round{round}"), &[]).await;
        for (path, of) in [(at(&ann), at(&ann)), (format!("{}/roles", at(&ann)), at(&ann)), clerk()] {
            let tag = governed.get(&of).await.header(ETAG).to_owned();
            let racers = (0..8).map(|number| {
                let node = if number % 2 == 0 { &*governed.world } else { &another };
                let said = format!("{round} {number}");
                let (method, body) = match path.as_str() {
                    roles if roles.ends_with("/roles") => {
                        (Method::PUT, json!({"roles": [format!("clerk{number}"), format!("round{round}")]}))
                    }
                    role if role.starts_with(ROLES) => (Method::PUT, json!({"scopes": [], "description": said})),
                    _ => (Method::PATCH, json!({"name": said})),
                };
                let request = governed.request_to(node, method, &path).header("if-match", &tag).json(&body);
                async move { request.send().await.expect("an answer").status().as_u16() }
            });
            let results = race(racers.collect()).await;
            assert_eq!((count(&results, &200), count(&results, &412)), (1, 7), "{path}: {results:?}");
        }
    }
}

fn clerk() -> (String, String) {
    let path = format!("{ROLES}/clerk");
    (path.clone(), path)
}

async fn of_many_that_take_a_name_one_does(backend: Backend) {
    let governed = Governed::start(backend).await;
    let another = governed.world.another_node().await;
    for round in 0..5 {
        let racers = (0..8).map(|number| {
            let node = if number % 2 == 0 { &*governed.world } else { &another };
            let (_, mut body) = account(&format!("one{round}"));
            // Half of them take the username, half the address.
            match number % 4 {
                0 | 1 => body["email"] = json!(format!("other{number}-{round}@example.org")),
                _ => body["username"] = json!(format!("ONE{round}")),
            }
            let request = governed.request_to(node, Method::POST, USERS).json(&body);
            async move { request.send().await.expect("an answer").status().as_u16() }
        });
        let results = race(racers.collect()).await;
        assert_eq!((count(&results, &201), count(&results, &409)), (1, 7), "{results:?}");
    }
}

async fn a_repeated_request_makes_one_account(backend: Backend) {
    let governed = Governed::start(backend).await;
    let (_, body) = account("ann");
    let once = async || governed.send(Method::POST, USERS, &[("idempotency-key", "k")], Some(&body)).await;
    let (first, again) = (once().await, once().await);
    assert_eq!((first.status, again.header("idempotency-replayed")), (201, "true"));
    assert_eq!((&first.body, first.header("location")), (&again.body, again.header("location")));
    let (_, other) = account("bob");
    let other = governed.send(Method::POST, USERS, &[("idempotency-key", "k")], Some(&other)).await;
    other.is_problem(422, "idempotency_key_reused");
    governed.post(USERS, &body).await.is_problem(409, "conflict");
    // A letter that was asked for twice under one key is sent once, though the first time made another version.
    let path = format!("{USERS}/{}/force-reset", first.json()["id"].as_str().expect("an id"));
    let headers = [("idempotency-key", "letter"), ("if-match", first.header(ETAG))];
    for _ in 0..2 {
        let answer = governed.send(Method::POST, &path, &headers, None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let letters = "SELECT hash FROM one_time_tokens";
    assert_eq!(governed.world.texts(letters).await.len(), 1);
    assert_eq!(governed.world.texts("SELECT id FROM audit_log WHERE act = 'user_reset_forced'").await.len(), 1);
}
