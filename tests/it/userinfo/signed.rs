//! Clients that want what they are told signed, and by which algorithm (OpenID Connect Dynamic Client Registration §2).

use countersign::audit::By;
use countersign::clients;
use countersign::protocol::client_metadata::ClientMetadata;
use countersign::protocol::jwk::Algorithm;
use serde_json::json;

use super::{ask, told};
use crate::harness::forge::Parts;
use crate::harness::{Backend, Outside, World, scopes, stories};

stories![a_client_may_have_what_it_is_told_signed, what_no_key_signs_by_nobody_registers];

async fn of_two_algorithms(backend: Backend) -> World {
    backend.world_with(|config| config.keys.algorithms = vec![Algorithm::Rs256, Algorithm::Es256]).await
}

async fn a_client_may_have_what_it_is_told_signed(backend: Backend) {
    let world = of_two_algorithms(backend).await;
    let ann = world.user("ann").await;
    let outside = Outside::fetch(&world).await;
    for (algorithm, name) in [(Algorithm::Rs256, "RS256"), (Algorithm::Es256, "ES256")] {
        let app = world
            .app(|m| {
                m.scope = scopes("openid email");
                m.userinfo_signed_response_alg = Some(algorithm);
                m.id_token_signed_response_alg = Some(algorithm);
            })
            .await;
        let token = app.signed_in(&world, &ann, &[]).await;
        let answer = ask(&world, &token.text).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/jwt"), "{answer:?}");
        let Parts { header, claims, .. } = Parts::of(&answer.body);
        assert_eq!(header["alg"], name);
        let expected = json!({
            "iss": world.issuer(), "aud": app.id, "sub": ann.id, "email": ann.email, "email_verified": true,
        });
        assert_eq!(claims, expected);
        assert!(outside.verifies(&answer.body), "{name}");
        let id_token = token.id_token().expect("one");
        assert_eq!(Parts::of(id_token).header["alg"], name);
        assert!(outside.takes_id_token(world.issuer(), &app.id, id_token, &token.text), "{name}");
        assert_eq!(token.header["alg"], "RS256", "an API does not know what its clients like");
    }
    let plain = world.app(|m| m.scope = scopes("openid")).await;
    let token = plain.signed_in(&world, &ann, &[]).await;
    assert_eq!(Parts::of(token.id_token().expect("one")).header["alg"], "RS256");
    assert_eq!(told(&world, &token.text).await, json!({"sub": ann.id}));
    let metadata = world.get("/.well-known/openid-configuration").await.json();
    for member in ["id_token_signing_alg_values_supported", "userinfo_signing_alg_values_supported"] {
        assert_eq!(metadata[member], json!(["RS256", "ES256"]), "{member}");
    }
}

async fn what_no_key_signs_by_nobody_registers(backend: Backend) {
    let world = backend.world().await;
    for member in ["id_token_signed_response_alg", "userinfo_signed_response_alg"] {
        let document = json!({"grant_types": ["client_credentials"], member: "ES256"}).to_string();
        let metadata = ClientMetadata::parse(document.as_bytes()).expect("it can be read");
        let refused = clients::register(&world.app, metadata, &By::operator(), world.clock.now()).await.err();
        assert!(format!("{refused:?}").contains(&format!("{member}: no key here signs so")), "{refused:?}");
        let none = json!({"grant_types": ["client_credentials"], member: "none"}).to_string();
        assert!(ClientMetadata::parse(none.as_bytes()).is_err());
    }
}
