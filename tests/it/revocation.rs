//! The revocation endpoint (RFC 7009). Public clients have no tokens yet that they could end.

use crate::harness::{Backend, REVOKE, stories};

stories![
    a_client_ends_its_token_at_once_everywhere,
    what_is_no_token_needs_no_ending,
    nobody_ends_the_token_of_another,
    a_hint_is_only_a_hint,
    a_revocation_is_forgotten_after_the_token_has_expired,
];

async fn a_client_ends_its_token_at_once_everywhere(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let client = world.service_client(|_| ()).await;
    let (token, kept) = (client.token(&world).await.text, client.token(&world).await.text);
    assert!(client.sees_alive(&other, &token).await);
    client.revoke_well(&world, &token).await;
    for node in [&other, &*world] {
        assert!(!client.sees_alive(node, &token).await);
        assert!(client.sees_alive(node, &kept).await, "the client's other token lives");
        client.revoke_well(node, &token).await;
    }
}

async fn what_is_no_token_needs_no_ending(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|_| ()).await;
    for garbage in ["nonsense", "a.b.c", "...", "\u{e4}", &"a".repeat(20_000)] {
        client.revoke_well(&world, garbage).await;
        let public = world.public_client().await;
        assert_eq!(public.revoke(&world, garbage).await.status, 200, "a public client may ask");
    }
    let expired = client.token(&world).await.text;
    world.advance(3600);
    client.revoke_well(&world, &expired).await;
}

async fn nobody_ends_the_token_of_another(backend: Backend) {
    let world = backend.world().await;
    let (client, thief) = (world.service_client(|_| ()).await, world.service_client(|_| ()).await);
    let token = client.token(&world).await.text;
    for other in [&thief, &world.public_client().await] {
        let answer = other.revoke(&world, &token).await;
        answer.is_refused(400, "invalid_grant");
        answer.never_says(&[&token, &client.id]);
        assert!(client.sees_alive(&world, &token).await);
    }
}

async fn a_hint_is_only_a_hint(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|_| ()).await;
    for hint in ["access_token", "refresh_token", "nonsense"] {
        let token = client.token(&world).await.text;
        let answer = client.post(&world, REVOKE, &[("token", &token), ("token_type_hint", hint)]).await;
        assert_eq!(answer.status, 200, "{hint}");
        assert!(!client.sees_alive(&world, &token).await, "{hint}");
    }
}

async fn a_revocation_is_forgotten_after_the_token_has_expired(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|_| ()).await;
    let token = client.token(&world).await.text;
    client.revoke_well(&world, &token).await;
    let sweep = async || world.sweep().await.of("revoked_tokens");
    world.advance(899);
    assert_eq!(sweep().await, 0);
    assert!(!client.sees_alive(&world, &token).await);
    world.advance(3600);
    assert_eq!(sweep().await, 1);
    assert!(!client.sees_alive(&world, &token).await);
}
