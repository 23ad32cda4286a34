//! Clients that register themselves (RFC 7591, RFC 7592; OpenID Connect Dynamic Client Registration 1.0).

mod keys;
mod logos;
mod looking_after;
mod refused;
mod sectors;
mod strangers;
mod tokens;
mod without_pkce;

use countersign::app::App;
use countersign::audit::By;
use countersign::clients::initial::{self, Terms};
use countersign::protocol::scope::ScopeSet;
use reqwest::Method;
use serde_json::{Value, json};

use crate::authorize::{CALLBACK, a_code, all_the_way, exchange, request};
use crate::harness::{Answer, Backend, Browser, Node, Persona, Token, World, secrets, sorted, stories};

stories![
    a_client_registers_itself_and_somebody_signs_in,
    it_is_closed_without_a_word_of_the_operator,
    what_was_registered_is_told_as_it_is_understood,
    an_address_registers_only_so_many,
    a_registration_is_recorded,
];

pub const REGISTER: &str = "/oauth2/register";

/// A world in which everybody may register clients.
async fn open(backend: Backend) -> World {
    backend.world_with(|config| config.registration.open = true).await
}

/// What a client with a web page says of itself.
fn shop() -> Value {
    json!({"client_name": "Shop", "redirect_uris": [CALLBACK]})
}

/// The shop, as the story changes it.
fn shop_with(more: Value) -> Value {
    let mut shop = shop();
    let members = shop.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    shop
}

async fn send(node: &Node, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
    let mut request = node.request(method, path);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    node.send(request).await
}

async fn ask(node: &Node, token: Option<&str>, metadata: &Value) -> Answer {
    send(node, Method::POST, REGISTER, token, Some(metadata)).await
}

/// A client that has registered itself.
struct Own {
    persona: Persona,
    answer: Value,
    token: String,
    path: String,
}

/// Registers a client, which must go well, and waits until the node knows it.
async fn registered(world: &World, token: Option<&str>, metadata: &Value) -> Own {
    let told = ask(world, token, metadata).await;
    assert_eq!(told.status, 201, "{told:?}");
    let answer = told.json();
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    for secret in ["client_secret", "registration_access_token"] {
        if !text(secret).is_empty() {
            secrets::note(&text(secret));
        }
    }
    world.look().await;
    let uri = text("registration_client_uri");
    assert_eq!(told.header("location"), uri);
    let path = uri.strip_prefix(world.issuer()).expect("below the issuer").to_owned();
    assert_eq!(path, format!("{REGISTER}/{}", text("client_id")));
    let method = text("token_endpoint_auth_method").parse().expect("a method");
    let persona = Persona { id: text("client_id"), secret: text("client_secret"), secret_id: String::new(), method };
    Own { persona, token: text("registration_access_token"), path, answer }
}

/// An initial access token, as an operator makes it.
async fn initial_token(app: &App, uses: i64, seconds: i64, scope: &str) -> String {
    let scope = if scope.is_empty() { ScopeSet::empty() } else { ScopeSet::parse(scope).expect("scopes") };
    let expires_at = app.clock.now().plus(seconds);
    initial_token_with(app, Terms { scope, uses, expires_at, without_pkce: false }).await
}

async fn initial_token_with(app: &App, terms: Terms) -> String {
    let new = initial::create(app, terms, &By::operator(), app.clock.now()).await.expect("a token");
    secrets::note(new.token.reveal());
    new.token.reveal().to_owned()
}

/// Clients besides this server's own.
async fn clients(world: &World) -> usize {
    world.texts("SELECT id FROM clients").await.len() - 1
}

fn is_token_refused(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("invalid_token")), "{answer:?}");
    assert!(answer.header("www-authenticate").starts_with("Bearer "), "{answer:?}");
}

async fn a_client_registers_itself_and_somebody_signs_in(backend: Backend) {
    let world = open(backend).await;
    let ann = world.user("ann").await;
    let metadata = shop_with(json!({"grant_types": ["authorization_code", "refresh_token"]}));
    let own = registered(&world, None, &metadata).await;
    assert_eq!(own.answer["client_id_issued_at"], world.clock.now().seconds());
    assert_eq!(own.answer["client_secret_expires_at"], 0);
    let scope = sorted(own.answer["scope"].as_str().expect("a scope"));
    assert_eq!(scope, ["address", "email", "offline_access", "openid", "phone", "profile"]);
    let code = a_code(&world, &own.persona, &ann, &[]).await;
    let token = Token::of(&exchange(&own.persona, &world, &code, &[]).await);
    assert_eq!(sorted(token.scope()), ["email", "openid"]);
    assert!(token.id_token().is_some());
    // One that keeps no secret gets none.
    let public = json!({"token_endpoint_auth_method": "none", "application_type": "native",
        "redirect_uris": ["http://127.0.0.1/callback"]});
    let public = registered(&world, None, &public).await;
    assert!(public.answer.get("client_secret").is_none() && !public.token.is_empty(), "{}", public.answer);
    // What is kept of the secrets are hashes.
    for text in [&own.token, &own.persona.secret, &public.token] {
        let kept = "SELECT hash FROM registrations UNION ALL SELECT hash FROM client_secrets";
        assert!(world.texts(kept).await.iter().all(|hash| !hash.contains(text.as_str()) && !text.contains(hash)));
    }
}

async fn it_is_closed_without_a_word_of_the_operator(backend: Backend) {
    let world = backend.world().await;
    let refused = ask(&world, None, &shop()).await;
    is_token_refused(&refused);
    assert!(!refused.header("www-authenticate").contains("error="), "there was no token: {refused:?}");
    for wrong in ["nonsense", "cs_initial_nobody-made-this-one-ever-for-anybody-at-all", ""] {
        is_token_refused(&ask(&world, Some(wrong), &shop()).await);
    }
    let basic = world.request(Method::POST, REGISTER).basic_auth("first-party", Some("")).json(&shop());
    is_token_refused(&world.send(basic).await);
    assert_eq!(clients(&world).await, 0);
    for document in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let endpoint = &world.get(document).await.json()["registration_endpoint"];
        assert_eq!(*endpoint, format!("{}{REGISTER}", world.issuer()), "whoever has a token can use it");
    }
    // Where it is open, a token that is wrong is still wrong.
    is_token_refused(&ask(&*open(backend).await, Some("nonsense"), &shop()).await);
}

async fn what_was_registered_is_told_as_it_is_understood(backend: Backend) {
    let world = open(backend).await;
    let own = registered(
        &world,
        None,
        &shop_with(json!({
            "software_id": "x", "client_name#fr": "Boutique", "scope": "openid email", "access_token_lifetime": 86_400,
            "logo_uri": "https://shop.example/logo.png", "client_uri": "https://bank.example/",
            "policy_uri": "https://shop.example.evil.example/", "tos_uri": "https://shop.example/terms",
            "subject_type": "pairwise",
        })),
    )
    .await;
    let answer = &own.answer;
    assert_eq!((&answer["client_name"], &answer["scope"]), (&json!("Shop"), &json!("openid email")));
    assert_eq!(answer["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(answer["response_types"], json!(["code"]));
    assert_eq!(answer["logo_uri"], "https://shop.example/logo.png");
    assert_eq!(answer["tos_uri"], "https://shop.example/terms");
    assert_eq!(answer["subject_type"], "pairwise");
    // Nobody is shown another one's pages, and how long tokens live an operator decides.
    for absent in ["client_uri", "policy_uri", "access_token_lifetime", "software_id", "client_name#fr"] {
        assert!(answer.get(absent).is_none(), "{absent}: {answer}");
    }
    let raw = world.request(Method::POST, REGISTER).header("content-type", "text/plain").body(shop().to_string());
    assert_eq!(world.send(raw).await.status, 415);
}

async fn an_address_registers_only_so_many(backend: Backend) {
    let world = backend
        .world_with(|config| {
            config.registration.open = true;
            config.limits.enabled = true;
            config.limits.clients_per_hour = 2;
        })
        .await;
    for _ in 0..2 {
        assert_eq!(ask(&world, None, &shop()).await.status, 201);
    }
    let refused = ask(&world, None, &shop()).await;
    refused.is_refused(429, "too_many_requests");
    assert!(refused.header("ratelimit").starts_with("\"clients\""), "{refused:?}");
    assert_eq!(clients(&world).await, 2);
    // Whoever was given a token is not counted among strangers.
    let token = initial_token(&world.app, 1, 60, "").await;
    registered(&world, Some(&token), &shop()).await;
    world.advance(3_601);
    assert_eq!(ask(&world, None, &shop()).await.status, 201);
}

async fn a_registration_is_recorded(backend: Backend) {
    let world = open(backend).await;
    let token = initial_token(&world.app, 1, 60, "").await;
    let (stranger, invited) =
        (registered(&world, None, &shop()).await, registered(&world, Some(&token), &shop()).await);
    let id = world.texts("SELECT id FROM initial_tokens").await.remove(0);
    let told = async |own: &Own| {
        let query = "SELECT actor_kind || ' ' || detail FROM audit_log WHERE act = 'client_created' AND target_id = ";
        let told = world.texts(&format!("{query}'{}'", own.persona.id)).await;
        assert_eq!(told.len(), 1, "{told:?}");
        let detail = told[0].strip_prefix("nobody ").expect("nobody proved to be anybody").to_owned();
        serde_json::from_str::<Value>(&detail).expect("JSON")
    };
    let (stranger, invited) = (told(&stranger).await, told(&invited).await);
    assert_eq!((&stranger["registered_itself"], &stranger["registration_token"]), (&json!(true), &Value::Null));
    assert_eq!((&invited["registered_itself"], &invited["registration_token"]), (&json!(true), &json!(id)));
    assert_eq!(stranger["redirect_uris"], json!([CALLBACK]));
}

/// Signs somebody in at the client, who consents.
async fn signs_in(world: &World, own: &Own) {
    let user = world.user(&format!("user-{}", &own.persona.id[24..])).await;
    let arrived = all_the_way(&mut Browser::default(), world, &user, &request(&own.persona, &[])).await;
    assert!(!arrived.code(world).is_empty());
}
