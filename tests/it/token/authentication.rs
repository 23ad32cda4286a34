//! How a client proves itself, and that nothing else will do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use countersign::protocol::client_authentication::AuthMethod;
use countersign::store::clients::ClientRow;
use reqwest::Method;

use crate::harness::{Answer, Backend, Node, Persona, TOKEN, audited, secrets, stories};

stories![
    a_client_proves_itself_in_the_way_that_it_registered,
    ids_and_secrets_are_form_encoded_in_the_header,
    strange_ids_are_refused_and_break_nothing,
    a_secret_must_be_the_clients_own,
    a_public_client_gets_no_token_in_its_own_name,
    a_client_uses_only_the_grants_that_it_registered,
];

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

async fn with_header(node: &Node, credentials: &[u8]) -> Answer {
    let value = format!("Basic {}", BASE64.encode(credentials));
    node.send(node.request(Method::POST, TOKEN).header("authorization", value).form(&[GRANT])).await
}

async fn in_body(node: &Node, id: &str, secret: &str) -> Answer {
    node.post(TOKEN, &[GRANT, ("client_id", id), ("client_secret", secret)]).await
}

async fn a_client_proves_itself_in_the_way_that_it_registered(backend: Backend) {
    let world = backend.world().await;
    let by_header = world.service_client(|_| ()).await;
    let by_body = world.service_client(|m| m.token_endpoint_auth_method = Some(AuthMethod::ClientSecretPost)).await;
    for client in [&by_header, &by_body] {
        assert_eq!(client.token(&world).await.claims["client_id"], client.id);
    }
    let wrong_way = Persona { method: AuthMethod::ClientSecretPost, ..by_header };
    wrong_way.ask(&world, &[]).await.is_refused(401, "invalid_client");
    let wrong_way = Persona { method: AuthMethod::ClientSecretBasic, ..by_body };
    wrong_way.ask(&world, &[]).await.is_refused(401, "invalid_client");
    let without_proof = Persona { method: AuthMethod::None, ..wrong_way };
    without_proof.ask(&world, &[]).await.is_refused(401, "invalid_client");
}

async fn ids_and_secrets_are_form_encoded_in_the_header(backend: Backend) {
    let world = backend.world().await;
    let Persona { id, secret, .. } = world.service_client(|_| ()).await;
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    for (name, credentials, status) in [
        ("as they are", format!("{id}:{secret}"), 200),
        ("every byte encoded", format!("{}:{}", encoded(&id), encoded(&secret)), 200),
        ("encoded twice", format!("{}:{}", encoded(&encoded(&id)), encoded(&secret)), 401),
        ("a colon at the end", format!("{id}:{secret}:"), 401),
        ("the colon encoded", format!("{id}%3A{secret}"), 401),
        ("a plus is a space", format!("{id}+:{secret}"), 401),
        ("half a percent sign", format!("{id}:{secret}%2"), 401),
        ("the other way round", format!("{secret}:{id}"), 401),
        ("no secret", format!("{id}:"), 401),
    ] {
        let answer = with_header(&world, credentials.as_bytes()).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        answer.never_says(&[&secret, &encoded(&secret)]);
        if status == 401 {
            answer.is_refused(401, "invalid_client");
        }
    }
}

async fn strange_ids_are_refused_and_break_nothing(backend: Backend) {
    let world = backend.world().await;
    let Persona { id, secret, .. } = world.service_client(|_| ()).await;
    let long = "a".repeat(10_000);
    for strange in [
        ":",
        "a:b",
        "%",
        "%41",
        "100%",
        "+",
        "a+b",
        "kl\u{e4}ger",
        "\u{1f511}",
        " ",
        "\t",
        "\n",
        "' OR 1=1 --",
        "\"",
        "\\",
        "\u{7f}",
        "../../etc/passwd",
        "client:1:x",
        &long,
        &id.to_uppercase(),
        &format!("{id} "),
    ] {
        in_body(&world, strange, &secret).await.is_refused(401, "invalid_client");
        with_header(&world, format!("{strange}:{secret}").as_bytes()).await.is_refused(401, "invalid_client");
    }
    // No text of either database has a NUL in it, so it does not get that far.
    in_body(&world, "a\0b", &secret).await.is_refused(400, "invalid_request");
    with_header(&world, b"a\0b:secret").await.is_refused(401, "invalid_client");
    with_header(&world, b"\xff\xfe:secret").await.is_refused(401, "invalid_client");
    assert_eq!(with_header(&world, format!("{id}:{secret}").as_bytes()).await.status, 200, "the server is well");
}

async fn a_secret_must_be_the_clients_own(backend: Backend) {
    let world = backend.world().await;
    let (one, other) = (world.service_client(|_| ()).await, world.service_client(|_| ()).await);
    let cut_short = &one.secret[..one.secret.len() - 1];
    for wrong in [&other.secret, cut_short, "", " ", "cs_client_", &one.id, &one.secret.to_lowercase()] {
        secrets::note(cut_short);
        let answer = with_header(&world, format!("{}:{wrong}", one.id).as_bytes()).await;
        answer.is_refused(401, "invalid_client");
        assert_eq!(
            answer.json()["error_description"],
            "client authentication failed",
            "it does not say what was wrong"
        );
    }
    let stranger = with_header(&world, format!("nobody:{}", one.secret).as_bytes()).await;
    stranger.is_refused(401, "invalid_client");
    assert_eq!(stranger.json()["error_description"], "client authentication failed");
}

async fn a_public_client_gets_no_token_in_its_own_name(backend: Backend) {
    let world = backend.world().await;
    let public = world.public_client().await;
    public.ask(&world, &[]).await.is_refused(400, "unauthorized_client");
    // Registration refuses such a client; should one be there all the same, it gets nothing.
    let row = ClientRow {
        id: "smuggled".to_owned(),
        name: "smuggled".to_owned(),
        auth_method: "none".to_owned(),
        document: r#"{"grant_types":["client_credentials"]}"#.to_owned(),
        disabled_at: None,
        created_at: world.clock.now(),
        updated_at: world.clock.now(),
    };
    world.app.store.add_client(row, None, audited()).await.expect("a row");
    world.look().await;
    let smuggled = Persona { id: "smuggled".to_owned(), ..public };
    smuggled.ask(&world, &[]).await.is_refused(400, "unauthorized_client");
}

async fn a_client_uses_only_the_grants_that_it_registered(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|_| ()).await;
    for not_served in ["implicit", "CLIENT_CREDENTIALS", "client_credentials ", "\u{e4}"] {
        let answer = client.post(&world, TOKEN, &[("grant_type", not_served)]).await;
        answer.is_refused(400, "unsupported_grant_type");
    }
    let form = [("username", "somebody"), ("password", "secret"), ("refresh_token", "a-token")];
    for not_registered in ["refresh_token", "password"] {
        let answer = client.post(&world, TOKEN, &[&[("grant_type", not_registered)], &form[..]].concat()).await;
        answer.is_refused(400, "unauthorized_client");
    }
    let other = world.service_client(|m| m.grant_types = vec!["refresh_token".parse().expect("a grant type")]).await;
    other.ask(&world, &[]).await.is_refused(400, "unauthorized_client");
}
