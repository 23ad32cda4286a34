//! Whoever has a good token, and tries what it takes another right over this server for, stands in the audit log.

use reqwest::Method;
use serde_json::{Value, json};

use super::{AUDIT, CLIENTS, IMPORT, ROLES, SHORT, USERS, account, at, send};
use crate::api::Governed;
use crate::api::people::{ME, SESSIONS, a_password};
use crate::harness::{Backend, Persona, User, scopes, stories};

stories![
    a_refused_act_is_recorded_with_who_tried_it_on_what,
    a_file_is_refused_once,
    what_is_no_administration_is_not_recorded,
    who_is_over_the_limit_writes_nothing,
];

/// What was refused since then, the oldest first.
async fn refused(governed: &Governed) -> Vec<Value> {
    let page = governed.get(&format!("{AUDIT}?act=access_refused&outcome=refused&limit=200")).await.json();
    let mut items = page["items"].as_array().expect("a list").clone();
    items.reverse();
    items
}

/// What is tried, and what the log says of it: the reason, the scopes, and on what it was tried.
struct Attempt {
    request: (Method, String, Option<Value>),
    reason: &'static str,
    lacking: &'static [&'static str],
    target: Option<String>,
}

/// What whoever governs accounts, roles and clients may not do to those who govern the rest.
fn attempts(chief: &User, strong: &Persona) -> Vec<Attempt> {
    let rest = &["admin:audit", "admin:keys", "admin:scopes", "admin:upstreams"];
    let (_, mut administrator) = account("mallory");
    administrator["roles"] = json!(["admin"]);
    let metadata = json!({"grant_types": ["client_credentials"], "scope": "admin:keys"});
    let attempt = |method, path: &str, body, reason, lacking, target: Option<&str>| Attempt {
        request: (method, path.to_owned(), body),
        reason,
        lacking,
        target: target.map(str::to_owned),
    };
    let (lacks, beyond) = ("insufficient_scope", "beyond_authority");
    let (role, keys) = (format!("{ROLES}/new"), &["admin:keys"]);
    let password = (format!("{}/password", at(chief)), json!({"password": a_password()}));
    let client = format!("{CLIENTS}/{}", strong.id);
    vec![
        attempt(Method::GET, AUDIT, None, lacks, &["admin:audit"], None),
        attempt(Method::POST, "/api/v1/admin/keys/rotate", None, lacks, keys, None),
        attempt(Method::POST, USERS, Some(administrator), beyond, rest, None),
        attempt(Method::PUT, &password.0, Some(password.1), beyond, rest, Some(&chief.id)),
        attempt(Method::PUT, &role, Some(json!({"scopes": ["admin:keys"]})), beyond, keys, Some("new")),
        attempt(Method::POST, CLIENTS, Some(metadata), beyond, keys, None),
        attempt(Method::DELETE, &client, None, beyond, &["admin:keys", "admin:scopes"], Some(&strong.id)),
    ]
}

async fn a_refused_act_is_recorded_with_who_tried_it_on_what(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let chief = governed.hires("chief", &["admin"]).await;
    governed.role_with("half", &["admin:users", "admin:roles", "admin:clients"]).await;
    let half = governed.hires("half", &["half"]).await;
    let service = world.service_client(|m| m.scope = scopes("admin:users admin:roles admin:clients")).await;
    let strong = world.service_client(|m| m.scope = scopes("admin:keys admin:scopes")).await;
    let person = world.login(&half).await.access;
    let callers = [(person, "user", half.id.clone()), (service.token(world).await.text, "client", service.id)];
    let invented: Vec<String> = (0..20).map(|number| format!("admin:{number}{}", "x".repeat(100))).collect();
    let invented = json!({ "scopes": invented });
    for (token, kind, id) in callers {
        for Attempt { request: (method, path, body), reason, lacking, target } in attempts(&chief, &strong) {
            world.advance(1);
            let answer = send(world, &token, method.clone(), &path, body.as_ref()).await;
            assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
            let found = refused(&governed).await;
            let act = found.last().expect("an act");
            assert_eq!((&act["actor_kind"], &act["actor_id"]), (&json!(kind), &json!(id)), "{method} {path}");
            let mut named: Vec<_> = act["detail"]["lacking"].as_array().expect("names").clone();
            named.sort_unstable_by_key(Value::to_string);
            assert_eq!((&act["reason"], &act["target_id"]), (&json!(reason), &json!(target)), "{method} {path}");
            assert_eq!(json!(named), json!(lacking), "{method} {path}");
            assert_eq!(act["personal"]["address"], "127.0.0.1", "{act}");
            assert_eq!(act["request_id"], answer.header("x-request-id"), "{act}");
        }
        // However much a caller makes up, little of it stays.
        world.advance(1);
        send(world, &token, Method::PUT, &format!("{ROLES}/long"), Some(&invented)).await.is_problem(403, "forbidden");
        let found = refused(&governed).await;
        assert!(found.last().is_some_and(|act| act["detail"].to_string().len() < 1_000), "{found:?}");
    }
    assert_eq!(refused(&governed).await.len(), 16, "one for each");
}

async fn a_file_is_refused_once(backend: Backend) {
    let governed = Governed::start(backend).await;
    let token = governed.token_with("admin:users").await;
    let lines: Vec<String> = (0..30)
        .map(|number| {
            let (_, mut body) = account(&format!("m{number}"));
            body["roles"] = json!(["admin"]);
            body.to_string()
        })
        .collect();
    let request = governed.world.request(Method::POST, IMPORT).bearer_auth(&token);
    let request = request.header("content-type", "application/x-ndjson").body(lines.join("\n"));
    assert_eq!(governed.world.send(request).await.json()["refused_lines"], 30);
    assert_eq!(refused(&governed).await.len(), 1);
}

async fn what_is_no_administration_is_not_recorded(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let ann = world.user("ann").await;
    let app = world.app(|m| m.scope = scopes("openid")).await;
    let narrow = app.signed_in(world, &ann, &[]).await.text;
    for path in [ME, SESSIONS] {
        send(world, &narrow, Method::GET, path, None).await.is_problem(403, "insufficient_scope");
        send(world, &governed.token, Method::GET, path, None).await.is_problem(403, "insufficient_scope");
    }
    world.get(USERS).await.is_problem(401, "invalid_token");
    send(world, "nonsense", Method::GET, USERS, None).await.is_problem(401, "invalid_token");
    governed.get(&format!("{USERS}/nobody")).await.is_problem(404, "not_found");
    assert!(refused(&governed).await.is_empty());
    send(world, &narrow, Method::GET, SHORT, None).await.is_problem(403, "insufficient_scope");
    assert_eq!(refused(&governed).await.len(), 1);
}

async fn who_is_over_the_limit_writes_nothing(backend: Backend) {
    let world = backend.world_with(|config| config.limits.api_calls_per_minute = 5).await;
    let governed = Governed::of(world).await;
    let limited = governed.world.another_node_with(|config| config.limits.enabled = true).await;
    let token = governed.token_with("admin:users").await;
    let mut answers = Vec::new();
    for _ in 0..9 {
        answers.push(send(&limited, &token, Method::GET, ROLES, None).await.status);
    }
    assert_eq!(answers, [[403; 5].as_slice(), &[429; 4]].concat());
    assert_eq!(refused(&governed).await.len(), 5);
}
