//! What `/api/v1` answers is what its document says.

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::admin::{AUDIT, IMPORT, ROLES, at};
use super::{CLIENTS, Governed, KEYS, SCOPES};
use crate::harness::{Backend, secrets, stories};

stories![what_is_answered_is_documented,];

/// The members of a schema and which of them are always there, with those of the schemas that it is put together from.
fn members(document: &Value, schema: &Value) -> (Map<String, Value>, Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let place = reference.strip_prefix('#').expect("a place in the document");
        return members(document, document.pointer(place).expect("a schema"));
    }
    let mut properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |name: Value| name.as_str().expect("a name").to_owned();
    let mut required: Vec<String> = list(&schema["required"]).into_iter().map(text).collect();
    for part in list(&schema["allOf"]) {
        let (more, needed) = members(document, &part);
        properties.extend(more);
        required.extend(needed);
    }
    (properties, required)
}

async fn what_is_answered_is_documented(backend: Backend) {
    let governed = Governed::start(backend).await;
    let document = governed.world.get("/openapi.json").await.json();
    let scope = governed.post(SCOPES, &json!({"name": "a"})).await.json();
    let made = governed.post(CLIENTS, &json!({"grant_types": ["client_credentials"], "client_name": "A"})).await.json();
    secrets::note(made["client_secret"].as_str().expect("a secret"));
    let path = format!("{CLIENTS}/{}", made["client_id"].as_str().expect("an id"));
    let secret = governed.post(&format!("{path}/secrets"), &json!({})).await.json();
    secrets::note(secret["client_secret"].as_str().expect("a secret"));
    let everything = json!({
        "client_name": "A", "grant_types": ["authorization_code"], "redirect_uris": ["https://a.example/"], "scope": "a",
        "contacts": ["me"], "client_uri": "https://a.example/", "logo_uri": "https://a.example/", "audience": ["urn:a"],
        "policy_uri": "https://a.example/", "tos_uri": "https://a.example/", "jwks_uri": "https://a.example/",
        "access_token_lifetime": 60,
    });
    let client = governed.send(Method::PUT, &path, &[], Some(&everything)).await;
    assert_eq!(client.status, 200, "{client:?}");
    let secrets = governed.get(&format!("{path}/secrets")).await.json();
    let (account, role, report, act, session) = of_people(&governed).await;
    let keys = governed.get(KEYS).await.json();
    let upstream = json!({"name": "github", "preset": "github", "client_id": "x"});
    let upstream = governed.post("/api/v1/admin/upstreams", &upstream).await.json();
    let rotation = governed.post(&format!("{KEYS}/rotate"), &json!({"emergency": true})).await.json();
    for (schema, answer) in [
        ("Account", &account),
        ("AccountSession", &session),
        ("ImportReport", &report),
        ("RefusedLine", &report["refused"][0]),
        ("Role", &role),
        ("AuditEntry", &act),
        ("AuditPersonal", &act["personal"]),
        ("Scope", &scope),
        ("Upstream", &upstream),
        ("NewClient", &made),
        ("NewClientSecret", &secret),
        ("Client", &client.json()),
        ("ClientSecret", &secrets["items"][0]),
        ("SigningKey", &keys["items"][0]),
        ("Rotation", &rotation["items"][0]),
    ] {
        let (properties, required) = members(&document, &document["components"]["schemas"][schema]);
        let answer = answer.as_object().unwrap_or_else(|| panic!("{schema}: {answer}"));
        let unknown: Vec<_> = answer.keys().filter(|name| !properties.contains_key(*name)).collect();
        assert!(unknown.is_empty(), "{unknown:?} of {answer:?} are not in {schema}");
        let missing: Vec<_> = required.iter().filter(|name| !answer.contains_key(*name)).collect();
        assert!(missing.is_empty(), "{missing:?} of {schema} are not in {answer:?}");
    }
}

/// An account, a role, the report of an import, an act and a session, as they are answered.
async fn of_people(governed: &Governed) -> (Value, Value, Value, Value, Value) {
    let user = governed.hires("ann", &[]).await;
    governed.world.login(&user).await;
    let account = governed.get(&at(&user)).await.json();
    let sessions = governed.get(&format!("{}/sessions", at(&user))).await.json();
    let role = governed.get(&format!("{ROLES}/admin")).await.json();
    let request = governed.request(Method::POST, IMPORT).header("content-type", "application/x-ndjson");
    let report = governed.world.send(request.body("nothing")).await.json();
    let acts = governed.get(&format!("{AUDIT}?act=signed_in")).await.json();
    (account, role, report, acts["items"][0].clone(), sessions["items"][0].clone())
}
