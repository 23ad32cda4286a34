//! Who gets in, what they get, and what is written down of it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Backend, TOKEN, Token, resources, stories};

stories![
    a_user_signs_in_by_name_or_address_however_they_are_written,
    an_access_token_names_the_user_and_the_grant,
    a_refresh_token_is_for_clients_that_have_that_grant,
    clients_of_every_kind_may_sign_people_in,
    a_sign_in_is_written_down,
    a_sign_in_that_gets_nothing_is_none,
    every_sign_in_is_a_session_of_its_own,
];

async fn a_user_signs_in_by_name_or_address_however_they_are_written(backend: Backend) {
    let world = backend.world().await;
    let ann = world
        .user_with("Ann", |new| {
            new.user.email = "Ann.\u{c4}rger@Example.org".to_owned();
            new.user.email_key = "ann.\u{e4}rger@example.org".to_owned();
        })
        .await;
    let bob = world.user("Bob").await;
    let app = world.app(|_| ()).await;
    for name in ["Ann", "ann", "ANN", " Ann\t", "Ann.\u{c4}rger@Example.org", "ANN.\u{e4}RGER@EXAMPLE.ORG"] {
        let token = Token::of(&app.sign_in_as(&world, name, &ann.password, &[]).await);
        assert_eq!(token.claims["sub"], ann.id, "{name}");
    }
    assert_eq!(app.sign_in_as(&world, &bob.email, &bob.password, &[]).await.status, 200);
    for nobody in ["An", "Ann ger", "\"Ann\"", "Ann@example.org", "%", "Bob", &ann.id] {
        let answer = app.sign_in_as(&world, nobody, &ann.password, &[]).await;
        answer.is_refused(400, "invalid_grant");
        answer.never_says(&[nobody]);
    }
    let password = &ann.password;
    for wrong in [password.to_uppercase(), format!("{password} "), format!(" {password}"), password[1..].to_owned()] {
        app.sign_in_as(&world, "Ann", &wrong, &[]).await.is_refused(400, "invalid_grant");
    }
}

async fn an_access_token_names_the_user_and_the_grant(backend: Backend) {
    let world = backend.world().await;
    let user = world.user_with("ann", |new| new.roles = vec!["admin".to_owned()]).await;
    let app = world.app(|_| ()).await;
    let answer = app.sign_in(&world, &user, &[]).await;
    let headers = ["content-type", "cache-control", "pragma"].map(|name| answer.header(name));
    assert_eq!(headers, ["application/json", "no-store", "no-cache"]);
    let token = Token::of(&answer);
    let members: Vec<&String> = token.answer.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["access_token", "token_type", "expires_in", "refresh_token"]);
    assert_eq!((&token.answer["token_type"], &token.answer["expires_in"]), (&json!("Bearer"), &json!(900)));
    let (now, jti, grant) = (world.clock.now().seconds(), &token.claims["jti"], token.grant());
    assert_eq!(
        token.claims,
        json!({
            "iss": world.issuer(), "sub": user.id, "aud": world.issuer(), "exp": now + 900, "iat": now, "nbf": now,
            "jti": jti, "client_id": app.id, "grant_id": grant, "roles": ["user", "admin"],
        })
    );
    assert_eq!(token.header["typ"], "at+jwt");
    let mut seen = app.introspect(&world, &token.text).await;
    let members = seen.as_object_mut().expect("an object");
    assert_eq!((members.remove("active"), members.remove("token_type")), (Some(json!(true)), Some(json!("Bearer"))));
    let mut expected = token.claims.clone();
    expected.as_object_mut().expect("an object").remove("grant_id");
    assert_eq!(seen, expected, "what stands behind the token is nobody else's business");
}

async fn a_refresh_token_is_for_clients_that_have_that_grant(backend: Backend) {
    let world = backend.world().await;
    let user = world.user("ann").await;
    let without = world.app(|m| m.grant_types = vec!["password".parse().expect("a grant type")]).await;
    let token = without.signed_in(&world, &user, &[]).await;
    assert!(token.answer.get("refresh_token").is_none(), "{}", token.answer);
    assert!(without.sees_alive(&world, &token.text).await);
    let with = world.app(|_| ()).await;
    let token = with.signed_in(&world, &user, &[]).await;
    let random = token.next().strip_prefix("cs_refresh_").expect("secret scanners know it");
    assert!(random.len() >= 86, "256 random bits, and what tells where to look: {random}");
    let stored = world.texts("SELECT COALESCE(refresh_hash, 'none') FROM grants ORDER BY 1").await;
    assert!(stored.len() == 2 && stored.contains(&"none".to_owned()), "{stored:?}");
    assert!(stored.iter().all(|stored| !token.next().contains(stored)), "only a hash is stored");
}

async fn clients_of_every_kind_may_sign_people_in(backend: Backend) {
    let world = backend.world().await;
    let user = world.user("ann").await;
    let by_body = world.app(|m| m.token_endpoint_auth_method = Some("client_secret_post".parse().expect("it is one")));
    for client in [world.public_app(|_| ()).await, by_body.await, world.first_party()] {
        let token = client.signed_in(&world, &user, &[]).await;
        assert_eq!((&token.claims["sub"], &token.claims["client_id"]), (&json!(user.id), &json!(client.id)));
        client.refreshed(&world, token.next(), &[]).await;
    }
    // Such a client signs people in, and gets nothing in its own name.
    let app = world.app(|_| ()).await;
    app.ask(&world, &[]).await.is_refused(400, "unauthorized_client");
    world.disable(&app.id, Some(world.clock.now())).await;
    app.sign_in(&world, &user, &[]).await.is_refused(401, "invalid_client");
}

async fn a_sign_in_is_written_down(backend: Backend) {
    let trusted = vec!["127.0.0.0/8".parse().expect("a network")];
    let world = backend.world_with(|config| config.server.trusted_proxies = trusted).await;
    let user = world.user("ann").await;
    let app = world.app(|m| m.audience = resources(["https://orders.example/api"])).await;
    world.advance(100);
    let form = [("grant_type", "password"), ("username", "ann"), ("password", user.password.as_str())];
    let request = app.request(&world, TOKEN, &form);
    let request = request.header("user-agent", "A\tbrowser").header("x-forwarded-for", "203.0.113.9");
    let answer = world.send(request).await;
    let token = Token::of(&answer);
    let now = world.clock.now();
    let row = world.app.store.user(&user.id).await.expect("the store answers").expect("the user");
    assert_eq!((row.last_login_at, row.version), (Some(now), 1), "it is no change that a reader could overwrite");
    let listed = world.app.store.grants_of(&user.id, None, 9, now.minus(1), now).await.expect("the store answers");
    let [grant] = listed.as_slice() else { panic!("one: {listed:?}") };
    assert_eq!((grant.id.as_str(), grant.client_id.as_str()), (token.grant(), app.id.as_str()));
    assert_eq!((grant.device.as_deref(), grant.address.as_deref()), (Some("Abrowser"), Some("203.0.113.9")));
    assert_eq!(grant.resources, "https://orders.example/api");
    assert_eq!((grant.created_at, grant.last_used_at, grant.expires_at), (now, now, now.plus(30 * 86_400)));
    let query = "SELECT actor_id || ' ' || target_id || ' ' || client_id || ' ' || outcome || ' ' || request_id \
                 FROM audit_log WHERE act = 'signed_in'";
    let expected = [&user.id, token.grant(), &app.id, "done", answer.header("x-request-id")].join(" ");
    assert_eq!(world.texts(query).await, [expected]);
}

async fn a_sign_in_that_gets_nothing_is_none(backend: Backend) {
    let world = backend.world().await;
    let user = world.user("ann").await;
    let app = world.app(|_| ()).await;
    app.sign_in(&world, &user, &[("scope", "nothing")]).await.is_refused(400, "invalid_scope");
    app.sign_in(&world, &user, &[("resource", "https://a.example")]).await.is_refused(400, "invalid_target");
    for form in [&[("username", "ann")][..], &[("password", "secret-word")], &[("username", "ann"), ("password", "")]] {
        let form = [&[("grant_type", "password")], form].concat();
        app.post(&world, TOKEN, &form).await.is_refused(400, "invalid_request");
    }
    let twice = [("grant_type", "password"), ("username", "ann"), ("password", &user.password), ("username", "bob")];
    app.post(&world, TOKEN, &twice).await.is_refused(400, "invalid_request");
    // Where everybody could read it, a password is not looked at.
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&twice[..3]).finish();
    let answer =
        world.send(world.request(Method::POST, &format!("{TOKEN}?{query}")).basic_auth(&app.id, Some(&app.secret)));
    assert_eq!(answer.await.status, 400);
    assert!(world.texts("SELECT id FROM grants").await.is_empty());
    let row = world.app.store.user(&user.id).await.expect("the store answers").expect("the user");
    assert!(row.last_login_at.is_none());
}

async fn every_sign_in_is_a_session_of_its_own(backend: Backend) {
    let world = backend.world().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let app = world.app(|_| ()).await;
    let mut grants = Vec::new();
    for user in [&ann, &ann, &bob] {
        let token = app.signed_in(&world, user, &[]).await;
        assert!(!grants.contains(&Value::from(token.grant())));
        grants.push(token.grant().into());
    }
    let now = world.clock.now();
    let of_ann = world.app.store.grants_of(&ann.id, None, 9, now.minus(1), now).await.expect("the store answers");
    assert_eq!(of_ann.len(), 2);
}
