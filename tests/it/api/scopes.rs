//! `/api/v1/admin/scopes`.

use reqwest::Method;
use reqwest::header::{CACHE_CONTROL, ETAG, LOCATION};
use serde_json::json;

use super::{Governed, SCOPES};
use crate::harness::{A_SECOND, Backend, stories, within};

stories![
    a_scope_is_made_shown_described_and_removed,
    a_taken_name_and_a_built_in_scope_stay,
    a_name_may_look_like_a_path,
];

async fn a_scope_is_made_shown_described_and_removed(backend: Backend) {
    let governed = Governed::start(backend).await;
    let made = governed.post(SCOPES, &json!({"name": "invoices:read", "description": "Read invoices"})).await;
    assert_eq!((made.status, made.header(CACHE_CONTROL)), (201, "no-store"), "{made:?}");
    let location = made.header(LOCATION).strip_prefix(governed.world.issuer()).expect("an address here").to_owned();
    let shown = governed.get(&location).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    assert_eq!((shown.json(), shown.header(ETAG)), (made.json(), made.header(ETAG)));
    assert_eq!(shown.json()["description"], "Read invoices");
    assert_eq!(shown.header(CACHE_CONTROL), "private, no-cache");
    let changed = governed.send(Method::PUT, &location, &[], Some(&json!({"description": ""}))).await;
    assert_eq!((changed.status, &changed.json()["description"]), (200, &json!("")), "{changed:?}");
    assert_ne!(changed.header(ETAG), made.header(ETAG));
    // It can be asked for on every node within a second.
    let another = governed.world.another_node().await;
    let service = governed.world.service_client(|m| m.scope = crate::harness::scopes("invoices:read")).await;
    within(A_SECOND, "the scope is known", async || service.ask(&another, &[]).await.status == 200).await;
    let gone = governed.send(Method::DELETE, &location, &[], None).await;
    assert_eq!((gone.status, gone.body.as_str()), (204, ""), "{gone:?}");
    for method in [Method::GET, Method::DELETE] {
        governed.send(method, &location, &[], None).await.is_problem(404, "not_found");
    }
}

async fn a_taken_name_and_a_built_in_scope_stay(backend: Backend) {
    let governed = Governed::start(backend).await;
    assert_eq!(governed.post(SCOPES, &json!({"name": "a"})).await.status, 201);
    governed.post(SCOPES, &json!({"name": "a"})).await.is_problem(409, "conflict");
    governed.post(SCOPES, &json!({"name": "openid"})).await.is_problem(409, "conflict");
    governed.send(Method::DELETE, &format!("{SCOPES}/openid"), &[], None).await.is_problem(409, "conflict");
    let openid = governed.get(&format!("{SCOPES}/openid")).await.json();
    assert_eq!((&openid["built_in"], &openid["identity"]), (&json!(true), &json!(true)));
}

async fn a_name_may_look_like_a_path(backend: Backend) {
    let governed = Governed::start(backend).await;
    for name in ["https://api.example/a?b#c", "a%2Fb", "...", "a+b", "~&="] {
        let made = governed.post(SCOPES, &json!({"name": name})).await;
        assert_eq!(made.status, 201, "{name}: {made:?}");
        let location = made.header(LOCATION).strip_prefix(governed.world.issuer()).expect("an address here").to_owned();
        let shown = governed.get(&location).await;
        assert_eq!((shown.status, &shown.json()["name"]), (200, &json!(name)), "{location}: {shown:?}");
        assert_eq!(governed.send(Method::DELETE, &location, &[], None).await.status, 204, "{location}");
    }
}
