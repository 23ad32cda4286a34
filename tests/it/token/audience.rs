//! Which API a token is for (RFC 8707).

use serde_json::json;

use crate::harness::{Backend, resources, scopes, sorted, stories};

stories![
    without_a_word_a_token_is_for_the_clients_first_audience,
    a_client_names_one_or_several_of_its_audiences,
    audiences_that_cannot_be_had_are_refused,
    a_registered_resource_limits_the_scopes,
    a_client_without_audiences_may_name_the_issuer,
    no_token_is_longer_than_what_is_read_here,
];

const ORDERS: &str = "https://orders.example/api";
const STOCK: &str = "https://stock.example/api";

async fn without_a_word_a_token_is_for_the_clients_first_audience(backend: Backend) {
    let world = backend.world().await;
    let without = world.service_client(|_| ()).await;
    assert_eq!(without.token(&world).await.claims["aud"], world.issuer());
    let with = world.service_client(|m| m.audience = resources([ORDERS, STOCK])).await;
    assert_eq!(with.token(&world).await.claims["aud"], ORDERS);
}

async fn a_client_names_one_or_several_of_its_audiences(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|m| m.audience = resources([ORDERS, STOCK])).await;
    for (form, audience) in [
        (&[("resource", STOCK)][..], json!(STOCK)),
        (&[("audience", STOCK)], json!(STOCK)),
        (&[("resource", STOCK), ("resource", ORDERS)], json!([STOCK, ORDERS])),
        (&[("resource", STOCK), ("audience", ORDERS)], json!([STOCK, ORDERS])),
        (&[("resource", STOCK), ("audience", STOCK)], json!(STOCK)),
    ] {
        assert_eq!(client.token_for(&world, form).await.claims["aud"], audience, "{form:?}");
    }
}

async fn audiences_that_cannot_be_had_are_refused(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|m| m.audience = resources([ORDERS])).await;
    let another = "https://stock.example/api";
    for asked in [
        another,
        "https://orders.example/api/",
        "https://ORDERS.example/api",
        "orders",
        "/api",
        "https://orders.example/api#part",
        "not a URL",
        world.issuer(),
    ] {
        client.ask(&world, &[("resource", asked)]).await.is_refused(400, "invalid_target");
    }
    client.ask(&world, &[("resource", ORDERS), ("resource", another)]).await.is_refused(400, "invalid_target");
    let many: Vec<String> = (0..9).map(|n| format!("https://{n}.example")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|uri| ("resource", uri.as_str())).collect();
    client.ask(&world, &many).await.is_refused(400, "invalid_target");
}

async fn a_client_without_audiences_may_name_the_issuer(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|_| ()).await;
    assert_eq!(client.token_for(&world, &[("resource", world.issuer())]).await.claims["aud"], world.issuer());
    client.ask(&world, &[("resource", ORDERS)]).await.is_refused(400, "invalid_target");
}

async fn no_token_is_longer_than_what_is_read_here(backend: Backend) {
    let world = backend.world().await;
    let long: Vec<String> = (0..8).map(|n| format!("https://{n}.example/{}", "a".repeat(1_900))).collect();
    let client = world.service_client(|m| m.audience = resources(long.iter().map(String::as_str))).await;
    let form: Vec<(&str, &str)> = long.iter().map(|uri| ("resource", uri.as_str())).collect();
    client.ask(&world, &form).await.is_refused(400, "invalid_request");
    // What is made can be asked about and ended.
    let token = client.token_for(&world, &form[..4]).await.text;
    assert!(token.len() > 8_000 && client.sees_alive(&world, &token).await);
    client.revoke_well(&world, &token).await;
    assert!(!client.sees_alive(&world, &token).await);
}

async fn a_registered_resource_limits_the_scopes(backend: Backend) {
    let world = backend.world().await;
    world.scopes(["orders:read", "orders:write", "stock:read"]).await;
    world.resource(ORDERS, "orders:read orders:write", &[]).await;
    world.resource(STOCK, "stock:read", &[]).await;
    let silent = "https://silent.example";
    let client = world
        .service_client(|m| {
            m.scope = scopes("orders:read stock:read");
            m.audience = resources([ORDERS, STOCK, silent]);
        })
        .await;
    for (form, granted) in [
        (&[][..], vec!["orders:read"]),
        (&[("resource", STOCK)], vec!["stock:read"]),
        (&[("resource", STOCK), ("resource", ORDERS)], vec!["orders:read", "stock:read"]),
        (&[("resource", STOCK), ("scope", "orders:read stock:read")], vec!["stock:read"]),
        // Nobody said what this one understands.
        (&[("resource", silent)], vec!["orders:read", "stock:read"]),
    ] {
        assert_eq!(sorted(client.token_for(&world, form).await.scope()), granted, "{form:?}");
    }
    client.ask(&world, &[("resource", STOCK), ("scope", "orders:read")]).await.is_refused(400, "invalid_scope");
}
