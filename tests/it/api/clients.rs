//! `/api/v1/admin/clients`.

use reqwest::Method;
use reqwest::header::LOCATION;
use serde_json::{Value, json};

use super::{CLIENTS, Governed};
use crate::harness::{Backend, Persona, scopes, secrets, stories};

stories![
    a_client_is_registered_and_asks_for_tokens,
    what_is_replaced_is_replaced_whole,
    a_disabled_client_is_out_until_it_is_enabled,
    a_secret_is_replaced_without_a_moment_in_which_none_works,
    a_removed_client_is_gone_with_its_tokens,
    this_servers_own_client_stays,
    a_logo_that_no_policy_can_name_is_refused,
];

impl Governed {
    async fn registered(&self, metadata: &Value) -> Persona {
        let answer = self.post(CLIENTS, metadata).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let client = answer.json();
        let text = |name: &str| client[name].as_str().unwrap_or_default().to_owned();
        if let Some(secret) = client["client_secret"].as_str() {
            secrets::note(secret);
        }
        assert!(answer.header(LOCATION).ends_with(&format!("{CLIENTS}/{}", text("client_id"))), "{answer:?}");
        self.world.look().await;
        let method = text("token_endpoint_auth_method").parse().expect("a method");
        Persona { id: text("client_id"), secret: text("client_secret"), secret_id: String::new(), method }
    }
}

async fn a_client_is_registered_and_asks_for_tokens(backend: Backend) {
    let governed = Governed::start(backend).await;
    let metadata = json!({"client_name": "Reports", "grant_types": ["client_credentials"], "scope": "admin:scopes", "software_id": "x"});
    let client = governed.registered(&metadata).await;
    assert_eq!(client.token(&governed.world).await.scope(), "admin:scopes");
    let shown = governed.get(&format!("{CLIENTS}/{}", client.id)).await;
    shown.never_says(&[&client.secret]);
    let shown = shown.json();
    assert_eq!((&shown["client_name"], &shown["disabled_at"]), (&json!("Reports"), &Value::Null));
    assert_eq!(shown["created_at"], governed.world.clock.now().seconds());
    assert!(shown.get("software_id").is_none() && shown.get("client_secret").is_none(), "{shown}");
    let public = json!({"token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/callback"]});
    let public = governed.registered(&public).await;
    assert_eq!(public.secret, "");
    let answer = governed.post(&format!("{CLIENTS}/{}/secrets", public.id), &json!({})).await;
    answer.is_problem(409, "conflict");
}

async fn what_is_replaced_is_replaced_whole(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let metadata = json!({"grant_types": ["client_credentials"], "scope": "admin:scopes", "contacts": ["me"]});
    let client = governed.registered(&metadata).await;
    let path = format!("{CLIENTS}/{}", client.id);
    world.advance(5);
    let before = governed.get(&path).await.json();
    let smaller = json!({"grant_types": ["client_credentials"], "client_name": "Renamed"});
    let changed = governed.send(Method::PUT, &path, &[], Some(&smaller)).await.json();
    assert!(changed.get("scope").is_none() && changed.get("contacts").is_none(), "{changed}");
    assert_eq!((&changed["client_name"], &changed["created_at"]), (&json!("Renamed"), &before["created_at"]));
    assert_eq!(changed["updated_at"], world.clock.now().seconds());
    world.look().await;
    assert_eq!(client.token(world).await.scope(), "");
    let other = json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post"});
    let refused = governed.send(Method::PUT, &path, &[], Some(&other)).await;
    refused.is_problem(422, "invalid_fields");
    assert_eq!(super::faulty(&refused), ["token_endpoint_auth_method"]);
    // What was shown may be sent back as it is.
    let shown = governed.get(&path).await.json();
    let same = governed.send(Method::PUT, &path, &[], Some(&shown)).await;
    assert_eq!((same.status, same.json()), (200, shown));
}

async fn a_disabled_client_is_out_until_it_is_enabled(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let client = governed.registered(&json!({"grant_types": ["client_credentials"]})).await;
    let token = client.token(world).await.text;
    let path = format!("{CLIENTS}/{}", client.id);
    let disabled = governed.post(&format!("{path}/disable"), &json!({})).await;
    assert_eq!((disabled.status, &disabled.json()["disabled_at"]), (200, &json!(world.clock.now().seconds())));
    client.ask(world, &[]).await.is_refused(401, "invalid_client");
    // A change of its metadata does not let it in again.
    governed.send(Method::PUT, &path, &[], Some(&json!({"grant_types": ["client_credentials"]}))).await;
    client.ask(world, &[]).await.is_refused(401, "invalid_client");
    let enabled = governed.post(&format!("{path}/enable"), &json!({})).await;
    assert_eq!((enabled.status, &enabled.json()["disabled_at"]), (200, &Value::Null));
    assert!(client.sees_alive(world, &token).await);
}

async fn a_secret_is_replaced_without_a_moment_in_which_none_works(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let client = governed.registered(&json!({"grant_types": ["client_credentials"]})).await;
    let path = format!("{CLIENTS}/{}/secrets", client.id);
    for (body, field) in [
        (json!({"expires_in": 0}), "expires_in"),
        (json!({"others_expire_in": -1}), "others_expire_in"),
        (json!({"expires_in": i64::MAX}), "expires_in"),
        (json!({"expires_in": "60"}), "expires_in"),
    ] {
        let answer = governed.post(&path, &body).await;
        answer.is_problem(422, "invalid_fields");
        assert_eq!(super::faulty(&answer), [field]);
    }
    let added = governed.post(&path, &json!({"expires_in": 3600, "others_expire_in": 60})).await;
    assert_eq!(added.status, 201, "{added:?}");
    let added = added.json();
    let text = |name: &str| added[name].as_str().expect("a text").to_owned();
    let newer = Persona { secret: text("client_secret"), secret_id: text("secret_id"), ..client.clone() };
    secrets::note(&newer.secret);
    assert_eq!(added["client_secret_expires_at"], world.clock.now().plus(3600).seconds());
    client.token(world).await;
    newer.token(world).await;
    world.advance(61);
    client.ask(world, &[]).await.is_refused(401, "invalid_client");
    newer.token(world).await;
    let listed = governed.get(&path).await;
    listed.never_says(&[&client.secret, &newer.secret]);
    assert_eq!(listed.json()["items"].as_array().map(Vec::len), Some(2), "{listed:?}");
    let one = format!("{path}/{}", newer.secret_id);
    assert_eq!(governed.send(Method::DELETE, &one, &[], None).await.status, 204);
    governed.send(Method::DELETE, &one, &[], None).await.is_problem(404, "not_found");
    newer.ask(world, &[]).await.is_refused(401, "invalid_client");
}

async fn a_removed_client_is_gone_with_its_tokens(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let client = governed.registered(&json!({"grant_types": ["client_credentials"], "scope": "admin:clients"})).await;
    let token = client.token(world).await.text;
    let path = format!("{CLIENTS}/{}", client.id);
    assert_eq!(world.send(world.request(Method::GET, CLIENTS).bearer_auth(&token)).await.status, 200);
    assert_eq!(governed.send(Method::DELETE, &path, &[], None).await.status, 204);
    governed.send(Method::DELETE, &path, &[], None).await.is_problem(404, "not_found");
    client.ask(world, &[]).await.is_refused(401, "invalid_client");
    world.send(world.request(Method::GET, CLIENTS).bearer_auth(&token)).await.is_problem(401, "invalid_token");
}

async fn this_servers_own_client_stays(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let all = "admin:users admin:roles admin:scopes admin:clients admin:keys admin:audit admin:upstreams";
    let token = world.service_client(|m| m.scope = scopes(all)).await.token(world).await.text;
    let request = world.request(Method::DELETE, &format!("{CLIENTS}/first-party")).bearer_auth(token);
    world.send(request).await.is_problem(409, "conflict");
    let user = world.user("ann").await;
    world.login(&user).await;
}

async fn a_logo_that_no_policy_can_name_is_refused(backend: Backend) {
    let governed = Governed::start(backend).await;
    let with = |logo: &str| json!({"redirect_uris": ["https://shop.example/callback"], "logo_uri": logo});
    let client = governed.registered(&with("https://cdn.example/logo.png")).await;
    for logo in [
        "https://*.example/logo.png",
        "https://*/logo.png",
        "https://a;script-src.example/logo.png",
        "https://a,b.example/logo.png",
        "https://'unsafe-inline'/logo.png",
        "https://[2001:db8::1]/logo.png",
        "http://shop.example/logo.png",
        "https://ann:secret@shop.example/logo.png",
        "data:image/svg+xml,<svg/>",
        "javascript:alert(1)",
        "//shop.example/logo.png",
    ] {
        let path = format!("{CLIENTS}/{}", client.id);
        let made = governed.post(CLIENTS, &with(logo)).await;
        let changed = governed.send(Method::PUT, &path, &[], Some(&with(logo))).await;
        for refused in [made, changed] {
            refused.is_problem(422, "invalid_fields");
            assert_eq!(super::faulty(&refused), ["logo_uri"], "{logo}: {refused:?}");
        }
    }
    assert_eq!(
        governed.get(&format!("{CLIENTS}/{}", client.id)).await.json()["logo_uri"],
        "https://cdn.example/logo.png"
    );
}
