//! Nobody gives a right over this server that they lack themselves, nor lays hands on somebody who has one.

use reqwest::Method;
use serde_json::{Value, json};

use super::{IMPORT, ROLES, SHORT, USERS, account, at, exists, send};
use crate::api::Governed;
use crate::harness::{Backend, User, stories};
use crate::passwords::RIGHT;

stories![
    who_governs_accounts_makes_no_administrator,
    who_governs_accounts_touches_no_administrator,
    who_governs_roles_gives_no_other_right,
    a_token_reaches_no_further_than_its_scope,
];

/// Somebody at a help desk, who governs accounts and nothing else, and a service that does.
async fn help_desk(governed: &Governed) -> (User, Vec<String>) {
    governed.role_with("help-desk", &["admin:users"]).await;
    let user = governed.hires("helper", &["help-desk"]).await;
    let person = governed.world.login(&user).await.access;
    let service = governed.token_with("admin:users").await;
    (user, vec![person, service])
}

/// How `ann` looks to those who may see her.
async fn account_of(governed: &Governed, user: &User) -> Value {
    governed.get(&at(user)).await.json()
}

async fn who_governs_accounts_makes_no_administrator(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let (helper, tokens) = help_desk(&governed).await;
    governed.role_with("half", &["admin:audit"]).await;
    let ann = governed.hires("ann", &[]).await;
    for token in &tokens {
        for roles in [json!(["admin"]), json!(["half"]), json!(["help-desk", "half"]), json!(["user", "admin"])] {
            let (_, mut body) = account("mallory");
            body["roles"] = roles.clone();
            send(world, token, Method::POST, USERS, Some(&body)).await.is_problem(403, "forbidden");
            assert!(!exists(world, "mallory").await);
            for user in [&ann, &helper] {
                let path = format!("{}/roles", at(user));
                let answer = send(world, token, Method::PUT, &path, Some(&json!({ "roles": roles }))).await;
                answer.is_problem(403, "forbidden");
            }
            let request = world.request(Method::POST, IMPORT).bearer_auth(token);
            let request = request.header("content-type", "application/x-ndjson").body(body.to_string());
            let report = world.send(request).await.json();
            assert_eq!((&report["imported"], &report["refused"][0]["line"]), (&json!(0), &json!(1)), "{report}");
            assert!(!exists(world, "mallory").await);
        }
        // What they hold themselves they may give.
        let (_, mut body) = account("colleague");
        body["roles"] = json!(["help-desk"]);
        let made = send(world, token, Method::POST, USERS, Some(&body)).await;
        assert_eq!(made.status, 201, "{made:?}");
        let path = format!("{USERS}/{}?erase=true", made.json()["id"].as_str().expect("an id"));
        assert_eq!(send(world, token, Method::DELETE, &path, None).await.status, 204);
    }
    assert_eq!(account_of(&governed, &ann).await["roles"], json!(["user"]));
    assert_eq!(account_of(&governed, &helper).await["roles"], json!(["user", "help-desk"]));
}

async fn who_governs_accounts_touches_no_administrator(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let (_, tokens) = help_desk(&governed).await;
    governed.role_with("half", &["admin:audit"]).await;
    let admin = governed.hires("chief", &["admin"]).await;
    let half = governed.hires("half", &["half"]).await;
    for user in [&admin, &half] {
        let session = world.login(user).await;
        let before = account_of(&governed, user).await;
        let listed = governed.get(&format!("{}/sessions", at(user))).await.json();
        let one = listed["items"][0]["id"].as_str().expect("an id").to_owned();
        let path = at(user);
        let whole = json!({"username": user.username, "email": "mallory@example.org"});
        let acts: Vec<(Method, String, Option<Value>)> = vec![
            (Method::PATCH, path.clone(), Some(json!({"email": "mallory@example.org"}))),
            (Method::PATCH, format!("{SHORT}/{}", user.id), Some(json!({"email": "mallory@example.org"}))),
            (Method::PATCH, path.clone(), Some(json!({}))),
            (Method::PUT, path.clone(), Some(whole)),
            (Method::PUT, format!("{path}/password"), Some(json!({"password": RIGHT}))),
            (Method::PUT, format!("{path}/roles"), Some(json!({"roles": []}))),
            (Method::POST, format!("{path}/force-reset"), None),
            (Method::POST, format!("{path}/disable"), None),
            (Method::POST, format!("{path}/enable"), None),
            (Method::POST, format!("{path}/lock"), None),
            (Method::POST, format!("{path}/unlock"), None),
            (Method::DELETE, format!("{path}/sessions"), None),
            (Method::DELETE, format!("{path}/sessions/{one}"), None),
            (Method::DELETE, path.clone(), None),
            (Method::DELETE, format!("{path}?erase=true"), None),
            (Method::DELETE, format!("{SHORT}/{}", user.id), None),
            (Method::DELETE, format!("{SHORT}/{}?erase=true", user.id), None),
        ];
        for token in &tokens {
            for (method, path, body) in &acts {
                let answer = send(world, token, method.clone(), path, body.as_ref()).await;
                assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
                answer.is_problem(403, "forbidden");
            }
        }
        assert_eq!(account_of(&governed, user).await, before);
        assert!(session.lives(world).await);
        // Looking is no act.
        assert_eq!(send(world, &tokens[0], Method::GET, &path, None).await.json(), before);
    }
    let ann = governed.hires("ann", &[]).await;
    for token in &tokens {
        let locked = send(world, token, Method::POST, &format!("{}/lock", at(&ann)), None).await;
        assert_eq!(locked.status, 200, "{locked:?}");
    }
}

async fn who_governs_roles_gives_no_other_right(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    world.scopes(["desk:read"]).await;
    governed.role_with("half", &["admin:audit", "desk:read"]).await;
    let token = governed.token_with("admin:roles").await;
    let put = async |name: &str, scopes: Value| {
        send(world, &token, Method::PUT, &format!("{ROLES}/{name}"), Some(&json!({ "scopes": scopes }))).await
    };
    for (name, scopes) in [
        ("mine", json!(["admin:users"])),
        ("mine", json!(["admin:roles", "admin:keys"])),
        ("user", json!(["account", "admin:users"])),
        // What others have is not theirs to take away, either.
        ("admin", json!(["admin:roles"])),
        ("admin", json!([])),
        ("half", json!(["desk:read"])),
        ("half", json!(["admin:roles"])),
    ] {
        put(name, scopes.clone()).await.is_problem(403, "forbidden");
    }
    send(world, &token, Method::DELETE, &format!("{ROLES}/half"), None).await.is_problem(403, "forbidden");
    governed.get(&format!("{ROLES}/mine")).await.is_problem(404, "not_found");
    assert_eq!(governed.get(&format!("{ROLES}/half")).await.json()["scopes"], json!(["admin:audit", "desk:read"]));
    assert_eq!(put("mine", json!(["admin:roles", "desk:read"])).await.status, 201);
    assert_eq!(put("user", json!(["account", "desk:read"])).await.status, 200);
    assert_eq!(send(world, &token, Method::DELETE, &format!("{ROLES}/mine"), None).await.status, 204);
    // Those who may do everything may do this, too.
    assert_eq!(governed.put(&format!("{ROLES}/half"), &json!({"scopes": ["admin:keys"]})).await.status, 200);
}

/// An administrator who asked for less may do less.
async fn a_token_reaches_no_further_than_its_scope(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let (chief, ann) = (governed.hires("chief", &["admin"]).await, governed.hires("ann", &[]).await);
    let app = world.app(|m| m.scope = crate::harness::scopes("admin:users admin:roles")).await;
    let token = app.signed_in(world, &chief, &[("scope", "admin:users")]).await.text;
    let path = format!("{}/roles", at(&ann));
    let give = json!({"roles": ["admin"]});
    send(world, &token, Method::PUT, &path, Some(&give)).await.is_problem(403, "forbidden");
    send(world, &token, Method::GET, ROLES, None).await.is_problem(403, "insufficient_scope");
    send(world, &token, Method::POST, &format!("{}/lock", at(&chief)), None).await.is_problem(403, "forbidden");
    assert_eq!(send(world, &token, Method::POST, &format!("{}/lock", at(&ann)), None).await.status, 200);
    let full = world.login(&chief).await;
    assert_eq!(full.send(world, Method::PUT, &path, Some(&give)).await.status, 200);
}
