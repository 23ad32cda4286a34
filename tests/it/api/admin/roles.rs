//! Roles are made, replaced and removed.

use serde_json::json;

use super::{ROLES, at, faulty};
use crate::api::Governed;
use crate::harness::{Backend, stories};

stories![
    a_role_is_made_replaced_and_removed,
    what_is_wrong_with_a_role_is_said,
    built_in_roles_stay,
    roles_come_in_pages
];

async fn a_role_is_made_replaced_and_removed(backend: Backend) {
    let governed = Governed::start(backend).await;
    governed.world.scopes(["desk:read", "desk:write"]).await;
    let path = format!("{ROLES}/clerk");
    let body = json!({"scopes": ["desk:write", "desk:read", "desk:read"], "description": "At the desk"});
    let made = governed.put(&path, &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let expected = json!({"name": "clerk", "description": "At the desk", "built_in": false, "scopes": ["desk:read", "desk:write"]});
    assert_eq!((made.json(), governed.get(&path).await.json()), (expected.clone(), expected));
    let user = governed.hires("ann", &["clerk"]).await;
    let replaced = governed.put(&path, &json!({"scopes": ["desk:read"]})).await;
    assert_eq!(replaced.status, 200, "{replaced:?}");
    let replaced = replaced.json();
    assert_eq!((&replaced["scopes"], &replaced["description"]), (&json!(["desk:read"]), &json!("")), "whole");
    assert_eq!(governed.delete(&path).await.status, 204);
    governed.delete(&path).await.is_problem(404, "not_found");
    governed.get(&path).await.is_problem(404, "not_found");
    assert_eq!(governed.get(&at(&user)).await.json()["roles"], json!(["user"]));
}

async fn what_is_wrong_with_a_role_is_said(backend: Backend) {
    let governed = Governed::start(backend).await;
    for (name, body, field) in [
        ("clerk", json!({}), "scopes"),
        ("clerk", json!({"scopes": "openid"}), "scopes"),
        ("clerk", json!({"scopes": ["nobody:knows"]}), "scopes"),
        ("clerk", json!({"scopes": [], "description": "x".repeat(1001)}), "description"),
        ("clerk", json!({"scopes": [], "name": "other"}), "name"),
        ("a%20b", json!({"scopes": []}), "name"),
        ("%00", json!({"scopes": []}), "name"),
        ("%C3%A9", json!({"scopes": []}), "name"),
    ] {
        let answer = governed.put(&format!("{ROLES}/{name}"), &body).await;
        answer.is_problem(422, "invalid_fields");
        assert_eq!(faulty(&answer), [field], "{name} {body}: {answer:?}");
        answer.never_says(&["nobody:knows"]);
        governed.get(&format!("{ROLES}/{name}")).await.is_problem(404, "not_found");
        governed.delete(&format!("{ROLES}/{name}")).await.is_problem(404, "not_found");
    }
}

async fn built_in_roles_stay(backend: Backend) {
    let governed = Governed::start(backend).await;
    for name in ["user", "admin"] {
        governed.delete(&format!("{ROLES}/{name}")).await.is_problem(409, "conflict");
        assert_eq!(governed.get(&format!("{ROLES}/{name}")).await.json()["built_in"], true);
    }
}

async fn roles_come_in_pages(backend: Backend) {
    let governed = Governed::start(backend).await;
    for name in ["b", "c", "d"] {
        governed.role_with(name, &[]).await;
    }
    let (mut seen, mut path) = (Vec::new(), format!("{ROLES}?limit=2"));
    loop {
        let page = governed.get(&path).await.json();
        let items = page["items"].as_array().expect("a page");
        seen.extend(items.iter().map(|role| role["name"].as_str().expect("a name").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{ROLES}?limit=2&after={next}");
    }
    assert_eq!(seen, ["admin", "b", "c", "d", "user"]);
}
