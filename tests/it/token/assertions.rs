//! Clients that prove themselves by what they have signed with keys of their own (RFC 7523, OpenID Connect Core §9).

use countersign::audit::By;
use countersign::clients;
use countersign::protocol::client_authentication::AuthMethod;
use countersign::protocol::client_metadata::ClientMetadata;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::client_key::{ASSERTION_TYPE, ClientKey, asserted, assertion};
use crate::harness::forge::Parts;
use crate::harness::{Answer, Backend, INTROSPECT, Node, Persona, REVOKE, TOKEN, Token, World, stories};

stories![
    a_client_proves_itself_by_a_key_of_its_own,
    an_assertion_is_for_this_server,
    what_is_wrong_with_an_assertion_is_not_told,
    what_is_no_assertion_is_refused,
    an_assertion_is_good_once_on_all_nodes,
    what_was_refused_is_not_remembered,
    a_client_proves_itself_only_in_the_way_that_it_registered,
    a_key_that_is_replaced_is_good_for_nothing,
];

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

/// A client with these keys.
async fn with_keys(world: &World, keys: &[&ClientKey], more: Value) -> Persona {
    let mut document = json!({
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt",
        "jwks": ClientKey::set(keys),
    });
    document.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let client = world.client(&document.to_string(), |_| ()).await;
    assert_eq!((client.secret.as_str(), client.method), ("", AuthMethod::PrivateKeyJwt));
    client
}

async fn ask(node: &Node, text: &str) -> Answer {
    asserted(node, TOKEN, text, &[GRANT]).await
}

async fn remembered(world: &World) -> usize {
    world.texts("SELECT hash FROM client_assertions").await.len()
}

async fn a_client_proves_itself_by_a_key_of_its_own(backend: Backend) {
    let world = backend.world().await;
    for algorithm in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"] {
        let (key, other) = (ClientKey::new(algorithm, "mine"), ClientKey::new("ES256", "other"));
        let client = with_keys(&world, &[&other, &key], json!({"token_endpoint_auth_signing_alg": algorithm})).await;
        let token = Token::of(&ask(&world, &key.asserts(&world, &client.id)).await);
        assert_eq!(token.claims["client_id"], client.id, "{algorithm}");
        if algorithm != "ES256" {
            ask(&world, &other.asserts(&world, &client.id)).await.is_refused(401, "invalid_client");
        }
    }
    let key = ClientKey::new("ES256", "mine");
    let client = with_keys(&world, &[&key], json!({})).await;
    let again = || key.asserts(&world, &client.id);
    // The id may be said, and who made it stands in the assertion anyway.
    let form = [GRANT, ("client_id", client.id.as_str())];
    let token = Token::of(&asserted(&world, TOKEN, &again(), &form).await).text;
    let told = asserted(&world, INTROSPECT, &again(), &[("token", &token)]).await;
    assert_eq!(told.json()["active"], true, "{told:?}");
    assert_eq!(asserted(&world, REVOKE, &again(), &[("token", &token)]).await.status, 200);
    let told = asserted(&world, INTROSPECT, &again(), &[("token", &token)]).await;
    assert_eq!(told.json()["active"], false, "{told:?}");
    // Neither side has to name its key.
    let claims = || assertion(world.issuer(), &client.id, world.clock.now());
    assert_eq!(ask(&world, &key.signs_under(&json!({"alg": "ES256", "typ": "JWT"}), &claims())).await.status, 200);
    let typ = json!({"alg": "ES256", "kid": "mine", "typ": "client-authentication+jwt"});
    assert_eq!(ask(&world, &key.signs_under(&typ, &claims())).await.status, 200);
    let mut nameless = ClientKey::new("ES256", "mine");
    nameless.public.as_object_mut().expect("an object").remove("kid");
    let client = with_keys(&world, &[&nameless], json!({})).await;
    assert_eq!(ask(&world, &nameless.asserts(&world, &client.id)).await.status, 200);
}

async fn an_assertion_is_for_this_server(backend: Backend) {
    let world = backend.world().await;
    let key = ClientKey::new("ES256", "mine");
    let client = with_keys(&world, &[&key], json!({})).await;
    let url = |path: &str| format!("{}{path}", world.issuer());
    for (audience, path, works) in [
        (json!(world.issuer()), TOKEN, true),
        (json!(url(TOKEN)), TOKEN, true),
        (json!([url(TOKEN)]), TOKEN, true),
        (json!(["https://elsewhere.example", world.issuer()]), TOKEN, true),
        (json!(url(TOKEN)), INTROSPECT, true),
        (json!(url(INTROSPECT)), INTROSPECT, true),
        (json!(url(REVOKE)), REVOKE, true),
        (json!(url(INTROSPECT)), TOKEN, false),
        (json!(url(REVOKE)), INTROSPECT, false),
        (json!(format!("{}/", world.issuer())), TOKEN, false),
        (json!("https://elsewhere.example/oauth2/token"), TOKEN, false),
        (json!([]), TOKEN, false),
        (json!(""), TOKEN, false),
    ] {
        let mut claims = assertion("", &client.id, world.clock.now());
        claims["aud"] = audience.clone();
        let answer = asserted(&world, path, &key.signs(&claims), &[GRANT, ("token", "nonsense")]).await;
        assert_eq!(answer.status, if works { 200 } else { 401 }, "{audience} at {path}: {answer:?}");
    }
}

async fn what_is_wrong_with_an_assertion_is_not_told(backend: Backend) {
    let world = backend.world().await;
    let (key, stranger) = (ClientKey::new("RS256", "mine"), ClientKey::new("RS256", "mine"));
    let unknown = ClientKey::new("RS256", "unknown");
    let client = with_keys(&world, &[&key], json!({})).await;
    let other = with_keys(&world, &[&stranger], json!({})).await;
    let now = world.clock.now();
    let changed = |name: &str, value: Value| {
        let mut claims = assertion(world.issuer(), &client.id, now);
        claims[name] = value;
        claims
    };
    let good = || assertion(world.issuer(), &client.id, now);
    // An HMAC with what everybody knows of the client.
    let confused =
        |public: &[u8]| ClientKey::of_secret(public).signs_under(&json!({"alg": "HS256", "kid": "mine"}), &good());
    let modulus = key.public["n"].as_str().expect("a number");
    let of_another = Parts { signature: Parts::of(&key.signs(&good())).signature, ..Parts::of(&key.signs(&good())) };
    let ours = key.signs_under(&json!({"alg": "PS256", "kid": "mine"}), &good());
    for (what, text) in [
        ("another issuer", key.signs(&changed("iss", json!(other.id)))),
        ("another client's name", key.signs(&changed("sub", json!(other.id)))),
        ("another client's key", stranger.asserts(&world, &client.id)),
        ("an unknown key", unknown.asserts(&world, &client.id)),
        ("an unknown client", key.asserts(&world, "nobody")),
        ("an expired one", key.signs(&changed("exp", json!(now.minus(30))))),
        ("one for too long", key.signs(&changed("exp", json!(now.plus(3_631))))),
        ("one that ends never", key.signs(&changed("exp", json!(1e300)))),
        ("one that is not good yet", key.signs(&changed("nbf", json!(now.plus(31))))),
        ("one out of the future", key.signs(&changed("iat", json!(now.plus(31))))),
        ("the public key as a secret", confused(modulus.as_bytes())),
        ("the public key as a secret, in JSON", confused(key.public.to_string().as_bytes())),
        ("the signature of another one", of_another.put_together()),
        ("another algorithm than the signature's", ours),
    ] {
        let answer = ask(&world, &text).await;
        answer.is_refused(401, "invalid_client");
        assert_eq!(answer.json()["error_description"], "client authentication failed", "{what}");
    }
    assert_eq!(remembered(&world).await, 0, "whoever cannot prove anything fills no table");
    for (what, claims) in [
        ("clocks differ", changed("exp", json!(now.minus(29)))),
        ("an hour, and clocks differ", changed("exp", json!(now.plus(3_630)))),
        ("it is good in a moment", changed("nbf", json!(now.plus(30)))),
        ("fractions of seconds", changed("iat", json!(0.5))),
    ] {
        let answer = ask(&world, &key.signs(&claims)).await;
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
    }
}

async fn what_is_no_assertion_is_refused(backend: Backend) {
    let world = backend.world().await;
    let key = ClientKey::new("ES256", "mine");
    let client = with_keys(&world, &[&key], json!({})).await;
    let claims = |name: &str, value: Value| {
        let mut claims = assertion(world.issuer(), &client.id, world.clock.now());
        claims[name] = value;
        key.signs(&claims)
    };
    let under = |header: Value| key.signs_under(&header, &assertion(world.issuer(), &client.id, world.clock.now()));
    let unsigned = under(json!({"alg": "none"}));
    let (unsigned, _) = unsigned.rsplit_once('.').expect("a signature");
    for (what, text) in [
        ("nonsense", "nonsense".to_owned()),
        ("no name", claims("jti", Value::Null)),
        ("an empty name", claims("jti", json!(""))),
        ("a name that is too long", claims("jti", json!("x".repeat(513)))),
        ("no end", claims("exp", Value::Null)),
        ("an end that is a text", claims("exp", json!("9999999999"))),
        ("no audience", claims("aud", Value::Null)),
        ("nobody", claims("sub", json!(""))),
        ("no issuer", claims("iss", Value::Null)),
        ("nobody signs", under(json!({"alg": "none"}))),
        ("nobody signed", format!("{unsigned}.")),
        ("an algorithm that is none", under(json!({"alg": "es256"}))),
        ("an access token", under(json!({"alg": "ES256", "kid": "mine", "typ": "at+jwt"}))),
        ("a proof of something else", under(json!({"alg": "ES256", "kid": "mine", "typ": "dpop+jwt"}))),
        ("an extension", under(json!({"alg": "ES256", "kid": "mine", "crit": ["exp"], "exp": 1}))),
        ("too much", claims("more", json!("x".repeat(16_384)))),
    ] {
        let answer = asserted(&world, TOKEN, &text, &[GRANT]).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        answer.is_refused(401, "invalid_client");
    }
    let good = || key.asserts(&world, &client.id);
    let other_id = asserted(&world, TOKEN, &good(), &[GRANT, ("client_id", "somebody-else")]).await;
    other_id.is_refused(401, "invalid_client");
    for kind in ["", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "jwt-bearer"] {
        let form = [GRANT, ("client_assertion_type", kind), ("client_assertion", &good())];
        world.post(TOKEN, &form).await.is_refused(401, "invalid_client");
    }
    world.post(TOKEN, &[GRANT, ("client_assertion_type", ASSERTION_TYPE)]).await.is_refused(401, "invalid_client");
    assert_eq!(ask(&world, &good()).await.status, 200, "the server is well");
}

async fn an_assertion_is_good_once_on_all_nodes(backend: Backend) {
    let world = backend.world().await;
    let nodes = [&world.another_node().await, &*world];
    let key = ClientKey::new("ES256", "mine");
    let clients = [with_keys(&world, &[&key], json!({})).await, with_keys(&world, &[&key], json!({})).await];
    nodes[0].look().await;
    let mut claims = assertion(world.issuer(), &clients[0].id, world.clock.now());
    let text = key.signs(&claims);
    let answers = join_all((0..24).map(|n: usize| ask(nodes[n % 2], &text))).await;
    let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(good.len(), 1, "{answers:?}");
    for answer in refused {
        answer.is_refused(401, "invalid_client");
        assert_eq!(answer.json()["error_description"], "client authentication failed");
    }
    // Signed anew it is the same, and at another endpoint it is, too.
    ask(&world, &key.signs(&claims)).await.is_refused(401, "invalid_client");
    asserted(&world, INTROSPECT, &text, &[("token", "x")]).await.is_refused(401, "invalid_client");
    // Another client may use the same name.
    for name in ["iss", "sub"] {
        claims[name] = json!(clients[1].id);
    }
    assert_eq!(ask(&world, &key.signs(&claims)).await.status, 200);
    // It is remembered for as long as it could be used, whatever becomes of the cache.
    world.advance(60 + 29);
    ask(nodes[0], &text).await.is_refused(401, "invalid_client");
    assert_eq!((world.sweep().await.of("client_assertions"), remembered(&world).await), (0, 2));
    world.advance(122);
    assert_eq!((world.sweep().await.of("client_assertions"), remembered(&world).await), (2, 0));
    ask(nodes[0], &text).await.is_refused(401, "invalid_client");
}

/// Only who has proven itself writes rows, so that nobody can use up a name of somebody else.
async fn what_was_refused_is_not_remembered(backend: Backend) {
    let world = backend.world().await;
    let (key, stranger) = (ClientKey::new("ES256", "mine"), ClientKey::new("ES256", "mine"));
    let client = with_keys(&world, &[&key], json!({})).await;
    let claims = assertion(world.issuer(), &client.id, world.clock.now());
    ask(&world, &stranger.signs(&claims)).await.is_refused(401, "invalid_client");
    assert_eq!(ask(&world, &key.signs(&claims)).await.status, 200);
    // A disabled client proves nothing, and a deleted one neither.
    world.disable(&client.id, Some(world.clock.now())).await;
    ask(&world, &key.asserts(&world, &client.id)).await.is_refused(401, "invalid_client");
    world.disable(&client.id, None).await;
    assert_eq!(ask(&world, &key.asserts(&world, &client.id)).await.status, 200);
    assert_eq!(remembered(&world).await, 2);
}

async fn a_client_proves_itself_only_in_the_way_that_it_registered(backend: Backend) {
    let world = backend.world().await;
    let key = ClientKey::new("ES256", "mine");
    let client = with_keys(&world, &[&key], json!({})).await;
    let with_secret = world.service_client(|m| m.jwks = Some(ClientKey::set(&[&key]))).await;
    ask(&world, &key.asserts(&world, &with_secret.id)).await.is_refused(401, "invalid_client");
    let by_secret = ClientKey::of_secret(&with_secret.secret);
    ask(&world, &by_secret.asserts(&world, &with_secret.id)).await.is_refused(401, "invalid_client");
    for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::None] {
        let secret = with_secret.secret.clone();
        let wrong_way = Persona { method, secret, ..client.clone() };
        wrong_way.ask(&world, &[]).await.is_refused(401, "invalid_client");
    }
    // Two ways at once are none.
    let good = || key.asserts(&world, &client.id);
    let both = asserted(&world, TOKEN, &good(), &[GRANT, ("client_secret", &with_secret.secret)]).await;
    both.is_refused(400, "invalid_request");
    let form = [GRANT, ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &good())];
    with_secret.post(&world, TOKEN, &form).await.is_refused(400, "invalid_request");
    let twice = [form[0], form[1], form[2], ("client_assertion", &good())];
    world.post(TOKEN, &twice).await.is_refused(400, "invalid_request");
    assert_eq!(ask(&world, &good()).await.status, 200);
    assert_eq!(with_secret.ask(&world, &[]).await.status, 200);
    // It has no secret, and gets none.
    let now = world.clock.now();
    let more = clients::add_secret(&world.app, &client.id, None, None, &By::operator(), now).await;
    assert!(more.is_err());
}

async fn a_key_that_is_replaced_is_good_for_nothing(backend: Backend) {
    let world = backend.world().await;
    let (old, new) = (ClientKey::new("ES256", "old"), ClientKey::new("EdDSA", "new"));
    let client = with_keys(&world, &[&old], json!({})).await;
    for (keys, works) in [(vec![&old, &new], [true, true]), (vec![&new], [false, true])] {
        let before = world.app.store.client(&client.id).await.expect("an answer").expect("a client");
        let mut metadata = ClientMetadata::parse(before.document.as_bytes()).expect("metadata");
        metadata.jwks = Some(ClientKey::set(&keys));
        let now = world.clock.now();
        clients::update(&world.app, before, metadata, &By::operator(), now).await.expect("it is good").expect("done");
        world.look().await;
        for (key, works) in [&old, &new].into_iter().zip(works) {
            let answer = ask(&world, &key.asserts(&world, &client.id)).await;
            assert_eq!(answer.status, if works { 200 } else { 401 }, "{answer:?}");
        }
    }
}
