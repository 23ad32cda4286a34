//! The metadata (RFC 8414): what is listed is there, and what is there is listed.

use std::collections::BTreeSet;

use countersign::config::Issuer;
use serde_json::{Value, json};

use crate::harness::client_key::{ClientKey, asserted};
use crate::harness::{A_SECOND, Backend, INTROSPECT, Node, REVOKE, TOKEN, World, stories, within};

stories![
    the_metadata_lists_exactly_what_is_served,
    what_the_metadata_lists_works,
    who_signs_proves_itself_by_what_the_metadata_lists,
    the_metadata_may_be_kept,
    a_new_scope_is_listed,
    openid_finds_the_same_document,
    an_issuer_with_a_path_is_found_in_both_places,
];

const PATH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

async fn metadata(node: &Node) -> Value {
    let answer = node.get(PATH).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{answer:?}");
    answer.json()
}

/// The paths of all URLs in the document but the issuer.
fn listed(metadata: &Value, issuer: &str) -> BTreeSet<String> {
    let members = metadata.as_object().expect("an object").iter();
    let urls = members.filter(|(name, _)| *name != "issuer").filter_map(|(_, value)| value.as_str());
    urls.map(|url| url.strip_prefix(issuer).expect("a URL below the issuer").to_owned()).collect()
}

async fn the_metadata_lists_exactly_what_is_served(backend: Backend) {
    let world = backend.world().await;
    let metadata = metadata(&world).await;
    assert_eq!(metadata["issuer"], world.issuer());
    let specification = world.get("/openapi.json").await.json();
    let served: BTreeSet<String> = specification["paths"].as_object().expect("paths").keys().cloned().collect();
    let listed = listed(&metadata, world.issuer());
    let of_oauth = |path: &&String| path.starts_with("/oauth2/") || path.ends_with("/jwks.json");
    // A client that registered itself is told where it is looked after: below what is listed.
    let (below, served): (BTreeSet<String>, BTreeSet<String>) = served.into_iter().partition(|path| {
        path.strip_suffix("/{id}").is_some_and(|above| path.starts_with("/oauth2/") && listed.contains(above))
    });
    assert_eq!(below.iter().collect::<Vec<_>>(), ["/oauth2/register/{id}"]);
    assert_eq!(
        listed.iter().filter(of_oauth).collect::<Vec<_>>(),
        served.iter().filter(of_oauth).collect::<Vec<_>>(),
        "an endpoint is in both or in none"
    );
    for path in &listed {
        let answer = world.get(path).await;
        let status = match path.as_str() {
            // It asks who it is that asks.
            "/oauth2/authorize" => 400,
            "/oauth2/userinfo" => 401,
            // A page that says that nobody is signed in.
            "/oauth2/logout" => 200,
            path if path.starts_with("/oauth2/") => 405,
            _ => 200,
        };
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
}

async fn what_the_metadata_lists_works(backend: Backend) {
    let world = backend.world().await;
    let metadata = metadata(&world).await;
    let grants = json!(["authorization_code", "client_credentials", "password", "refresh_token"]);
    assert_eq!(metadata["grant_types_supported"], grants);
    for (member, values) in [
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query", "fragment", "form_post"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("authorization_response_iss_parameter_supported", json!(true)),
        ("request_parameter_supported", json!(true)),
        ("request_uri_parameter_supported", json!(true)),
        ("require_request_uri_registration", json!(true)),
        (
            "request_object_signing_alg_values_supported",
            json!(["none", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "HS256"]),
        ),
        ("claims_parameter_supported", json!(true)),
        ("subject_types_supported", json!(["public", "pairwise"])),
        ("display_values_supported", json!(["page"])),
        ("prompt_values_supported", json!(["none", "login", "consent", "select_account", "create"])),
        ("id_token_signing_alg_values_supported", json!(["RS256"])),
        ("userinfo_signing_alg_values_supported", json!(["RS256"])),
        ("acr_values_supported", json!(["urn:countersign:acr:pwd", "urn:countersign:acr:fed"])),
        ("backchannel_logout_supported", json!(true)),
        ("backchannel_logout_session_supported", json!(true)),
        ("claim_types_supported", json!(["normal"])),
    ] {
        assert_eq!(metadata[member], values, "{member}");
    }
    let closed = backend.world_with(|config| config.accounts.registration = false).await;
    let prompts = json!(["none", "login", "consent", "select_account"]);
    assert_eq!(self::metadata(&closed).await["prompt_values_supported"], prompts, "nobody makes an account there");
    let public = world.public_client().await;
    let confidential: [(&str, &Value); 3] = [
        (TOKEN, &metadata["token_endpoint_auth_methods_supported"]),
        (INTROSPECT, &metadata["introspection_endpoint_auth_methods_supported"]),
        (REVOKE, &metadata["revocation_endpoint_auth_methods_supported"]),
    ];
    for (path, methods) in confidential {
        let form = [("grant_type", "client_credentials"), ("token", "nonsense")];
        for method in ["client_secret_basic", "client_secret_post"] {
            let client =
                world.service_client(|m| m.token_endpoint_auth_method = Some(method.parse().expect("a method"))).await;
            let works = client.post(&world, path, &form).await.status == 200;
            assert_eq!(lists(methods, method), works, "{path} {method}");
        }
        // A public client may exchange codes, and nothing that is in this form.
        let works = path == TOKEN || public.post(&world, path, &form).await.status == 200;
        assert_eq!(lists(methods, "none"), works, "{path} none");
    }
}

async fn who_signs_proves_itself_by_what_the_metadata_lists(backend: Backend) {
    let world = backend.world().await;
    let metadata = metadata(&world).await;
    let form = [("grant_type", "client_credentials"), ("token", "nonsense")];
    for (path, name) in [(TOKEN, "token"), (INTROSPECT, "introspection"), (REVOKE, "revocation")] {
        let methods = &metadata[format!("{name}_endpoint_auth_methods_supported")];
        assert!(lists(methods, "private_key_jwt") && lists(methods, "client_secret_jwt"), "{name}: {methods}");
        let algorithms = &metadata[format!("{name}_endpoint_auth_signing_alg_values_supported")];
        let algorithms: Vec<&str> = algorithms.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        assert!(algorithms.len() >= 5 && !algorithms.contains(&"none"), "{algorithms:?}");
        for algorithm in algorithms {
            let key = (algorithm != "HS256").then(|| ClientKey::new(algorithm, "mine"));
            let method = if key.is_some() { "private_key_jwt" } else { "client_secret_jwt" };
            let client = world
                .service_client(|m| {
                    m.token_endpoint_auth_method = Some(method.parse().expect("a method"));
                    m.token_endpoint_auth_signing_alg = Some(algorithm.parse().expect("an algorithm"));
                    m.jwks = key.as_ref().map(|key| ClientKey::set(&[key]));
                })
                .await;
            let key = key.unwrap_or_else(|| ClientKey::of_secret(&client.secret));
            let answer = asserted(&world, path, &key.asserts(&world, &client.id), &form).await;
            assert_eq!(answer.status, 200, "{name} {algorithm}: {answer:?}");
        }
    }
}

fn lists(names: &Value, name: &str) -> bool {
    names.as_array().expect("a list").iter().any(|each| each == name)
}

async fn the_metadata_may_be_kept(backend: Backend) {
    let world = backend.world().await;
    let first = world.get(PATH).await;
    assert_eq!(first.header("cache-control"), "public, max-age=300");
    let again = world.get_with(PATH, &[("if-none-match", first.header("etag"))]).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
}

async fn a_new_scope_is_listed(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let scopes = async |node: &Node| metadata(node).await.get("scopes_supported").cloned();
    let before = world.get(PATH).await;
    let read = async |node: &Node| scopes(node).await.is_some_and(|scopes| lists(&scopes, "read"));
    assert!(!read(&world).await && lists(&scopes(&world).await.expect("the built-in ones"), "account"));
    world.scopes(["read"]).await;
    assert!(read(&world).await);
    let changed = world.get_with(PATH, &[("if-none-match", before.header("etag"))]).await;
    assert_eq!(changed.status, 200);
    within(A_SECOND, "also by another node", async || read(&other).await).await;
}

async fn openid_finds_the_same_document(backend: Backend) {
    let world = backend.world().await;
    let (one, other) = (world.get(PATH).await, world.get(OPENID).await);
    assert_eq!((other.status, &other.body, other.header("etag")), (200, &one.body, one.header("etag")));
    let metadata = other.json();
    for required in [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    ] {
        assert!(!metadata[required].is_null(), "{required}: {metadata}");
    }
    for scope in ["openid", "profile", "email", "address", "phone", "offline_access"] {
        assert!(lists(&metadata["scopes_supported"], scope), "{scope}");
    }
}

async fn an_issuer_with_a_path_is_found_in_both_places(backend: Backend) {
    let issuer: Issuer = "http://localhost:8080/tenant/a".parse().expect("an issuer");
    let world = backend.world_with(|config| config.issuer = issuer).await;
    let inserted = world.get(&format!("{PATH}/tenant/a")).await;
    let appended = world.get(&format!("/tenant/a{PATH}")).await;
    assert_eq!((inserted.status, appended.status), (200, 200), "RFC 8414 section 3.1, and what others expect");
    assert_eq!(inserted.body, appended.body);
    let metadata = inserted.json();
    assert!(world.issuer().ends_with("/tenant/a"));
    assert_eq!(metadata["issuer"], world.issuer());
    assert_eq!(world.get(&format!("{PATH}/tenant/b")).await.status, 404);
    the_endpoints_answer_below_the_path(&world, &metadata).await;
}

async fn the_endpoints_answer_below_the_path(world: &World, metadata: &Value) {
    let client = world.service_client(|_| ()).await;
    let below = |member: &str| {
        let path = metadata[member].as_str().expect("a URL").strip_prefix(world.issuer()).expect("below the issuer");
        format!("/tenant/a{path}")
    };
    let answer = client.post(world, &below("token_endpoint"), &[("grant_type", "client_credentials")]).await;
    let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
    let answer = client.post(world, &below("introspection_endpoint"), &[("token", &token)]).await.json();
    assert_eq!(
        (&answer["active"], &answer["iss"], &answer["aud"]),
        (&json!(true), &metadata["issuer"], &metadata["issuer"])
    );
    assert_eq!(client.post(world, &below("revocation_endpoint"), &[("token", &token)]).await.status, 200);
    assert!(!client.sees_alive(world, &token).await, "with the path or without it, it is the same server");
    assert_eq!(world.get(&below("jwks_uri")).await.status, 200);
    let refused = client.post(world, &below("token_endpoint"), &[]).await;
    refused.is_refused(400, "invalid_request");
}
