//! Clients that prove themselves by what they have signed with their secret (`client_secret_jwt`, OpenID Connect Core §9).

use countersign::keyring::Keyring;
use countersign::protocol::client_authentication::AuthMethod;
use serde_json::json;

use crate::harness::client_key::{ClientKey, asserted};
use crate::harness::{Answer, Backend, INTROSPECT, Node, Persona, TOKEN, World, audited, recorder, stories};

stories![
    a_client_signs_with_its_secret_and_does_not_send_it,
    a_secret_that_signs_is_replaced_without_a_moment_in_which_none_does,
    a_secret_that_signs_is_sealed_and_outlives_the_key_that_sealed_it,
    only_clients_that_sign_with_secrets_have_them_kept,
];

async fn client(world: &World) -> Persona {
    let client = world.service_client(|m| m.token_endpoint_auth_method = Some(AuthMethod::ClientSecretJwt)).await;
    assert!(client.secret.starts_with("cs_client_") && client.secret.len() >= 32, "RFC 7518 section 3.2");
    client
}

async fn ask(node: &Node, world: &World, client: &Persona) -> Answer {
    let text = ClientKey::of_secret(&client.secret).asserts(world, &client.id);
    let answer = asserted(node, TOKEN, &text, &[("grant_type", "client_credentials")]).await;
    answer.never_says(&[&client.secret]);
    answer
}

async fn a_client_signs_with_its_secret_and_does_not_send_it(backend: Backend) {
    let world = backend.world().await;
    let (one, other) = (client(&world).await, client(&world).await);
    let answer = ask(&world, &world, &one).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = ClientKey::of_secret(&one.secret).asserts(&world, &one.id);
    let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(asserted(&world, INTROSPECT, &text, &[("token", &token)]).await.json()["active"], true);
    asserted(&world, INTROSPECT, &text, &[("token", &token)]).await.is_refused(401, "invalid_client");
    let foreign = Persona { secret: other.secret.clone(), ..one.clone() };
    ask(&world, &world, &foreign).await.is_refused(401, "invalid_client");
    // Sent, the right secret is none.
    for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::None] {
        let wrong_way = Persona { method, ..one.clone() };
        wrong_way.ask(&world, &[]).await.is_refused(401, "invalid_client");
    }
    // Nor is a key, though the client has registered it.
    let key = ClientKey::new("ES256", "mine");
    let both = world
        .service_client(|m| {
            m.token_endpoint_auth_method = Some(AuthMethod::ClientSecretJwt);
            m.jwks = Some(ClientKey::set(&[&key]));
        })
        .await;
    let text = key.asserts(&world, &both.id);
    let form = [("grant_type", "client_credentials")];
    asserted(&world, TOKEN, &text, &form).await.is_refused(401, "invalid_client");
    assert_eq!(ask(&world, &world, &both).await.status, 200);
}

async fn a_secret_that_signs_is_replaced_without_a_moment_in_which_none_does(backend: Backend) {
    let world = backend.world().await;
    let other_node = world.another_node().await;
    let old = client(&world).await;
    let new = old.with_another_secret(&world.app, None, Some(world.clock.now().plus(3600))).await;
    for node in [&*world, &other_node] {
        assert_eq!((ask(node, &world, &old).await.status, ask(node, &world, &new).await.status), (200, 200));
    }
    world.advance(3600);
    ask(&world, &world, &old).await.is_refused(401, "invalid_client");
    assert_eq!(ask(&other_node, &world, &new).await.status, 200);
    let found = world.app.store.delete_client_secret(new.id.clone(), new.secret_id.clone(), audited()).await;
    assert!(found.expect("the store answers"));
    ask(&other_node, &world, &new).await.is_refused(401, "invalid_client");
}

async fn a_secret_that_signs_is_sealed_and_outlives_the_key_that_sealed_it(backend: Backend) {
    let world = backend.world().await;
    let client = client(&world).await;
    let kept = world.texts("SELECT sealed || ' ' || hash FROM client_secrets WHERE sealed IS NOT NULL").await;
    assert_eq!(kept.len(), 1);
    assert!(!kept[0].contains(&client.secret) && !kept[0].contains(&client.secret[10..]), "{kept:?}");
    let now = world.clock.now();
    assert!(world.app.keyring.reseal(true, now, &recorder).await.expect("it goes well") > 0);
    let keys = &world.app.config.keys;
    let mut files: Vec<_> = std::fs::read_dir(&keys.directory)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "kek"))
        .collect();
    files.sort();
    assert_eq!(files.len(), 2);
    std::fs::remove_file(&files[0]).expect("the old one");
    Keyring::open(&world.app.store, keys, now).await.expect("nothing needs it");
    let restarted = world.another_node().await;
    assert_eq!(ask(&restarted, &world, &client).await.status, 200);
    // What was sealed for one secret is no other one.
    let thief = self::client(&world).await;
    let swapped = format!(
        "UPDATE client_secrets SET sealed = (SELECT sealed FROM client_secrets WHERE client_id = '{}') \
         WHERE client_id = '{}'",
        client.id, thief.id
    );
    world.execute(&swapped).await;
    let with_foreign = Persona { secret: client.secret.clone(), ..thief };
    assert_eq!(ask(&world, &world, &with_foreign).await.status, 500, "it is broken, and nobody is let in");
}

async fn only_clients_that_sign_with_secrets_have_them_kept(backend: Backend) {
    let world = backend.world().await;
    world.service_client(|_| ()).await;
    world.service_client(|m| m.token_endpoint_auth_method = Some(AuthMethod::ClientSecretPost)).await;
    let kept = async || world.texts("SELECT id FROM client_secrets WHERE sealed IS NOT NULL").await.len();
    assert_eq!(kept().await, 0);
    let signs = client(&world).await;
    signs.with_another_secret(&world.app, None, None).await;
    assert_eq!(kept().await, 2);
    let shown = world.app.store.client(&signs.id).await.expect("an answer").expect("a client");
    assert_eq!(countersign::clients::shown(&shown)["token_endpoint_auth_method"], json!("client_secret_jwt"));
}
