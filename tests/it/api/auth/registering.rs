//! Making an account.

use countersign::directory::FIRST_PARTY;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::faulty;
use crate::api::people::{
    LOGIN, REFRESH, REGISTER, Session, WRONG, post_form, somebody, token_of_letter, with_letters,
};
use crate::api::people::{VERIFY, visible};
use crate::contract::race;
use crate::harness::{A_WHILE, Answer, Backend, forge::Parts, stories, within};

stories![
    registering_signs_in,
    a_name_is_whoevers_it_was_first,
    of_many_who_want_one_name_one_has_it,
    everything_that_is_wrong_is_said_at_once,
    nobody_gives_themselves_what_others_give,
    a_repeated_registration_is_one,
    where_addresses_must_be_confirmed_a_letter_decides,
    a_known_address_is_told_to_its_owner_alone,
    registration_can_be_closed,
    the_first_party_can_be_disabled,
    the_first_party_stays,
];

async fn registering_signs_in(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let (user, body) = somebody("Ann");
    let names = json!({"given_name": "Ann", "family_name": "Lee", "name": "Ann Lee", "profile": {"pets": ["cat"]}});
    let mut body = body;
    body.as_object_mut().expect("an object").extend(names.as_object().expect("an object").clone());
    let answer = world.tell(REGISTER, &body).await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"), "{answer:?}");
    answer.never_says(&[&user.password]);
    let session = Session::of(&answer);
    let now = world.clock.now().seconds();
    let shown = &session.answer["user"];
    let expected = json!({
        "id": shown["id"], "username": "Ann", "email": "ann@example.org", "email_verified": false, "given_name": "Ann",
        "family_name": "Lee", "name": "Ann Lee", "profile": {"pets": ["cat"]}, "roles": ["user"], "enabled": true,
        "created_at": now, "updated_at": now, "last_login_at": now,
    });
    assert_eq!((shown, &session.answer["status"]), (&expected, &json!("registered")));
    assert_eq!(session.me(&world).await.json(), expected);
    let claims = Parts::of(&session.access).claims;
    assert_eq!((&claims["sub"], &claims["client_id"]), (&shown["id"], &json!(FIRST_PARTY)));
    let scope = session.answer["scope"].as_str().expect("a scope");
    assert!(scope.split(' ').any(|name| name == "account") && !scope.contains("admin"), "{scope}");
    assert!(session.answer["id_token"].is_string());
    assert!(session.lives(&world).await);
    // The address is asked about all the same.
    let token = token_of_letter(&mailbox, "ann@example.org", 1).await;
    assert_eq!(world.tell(VERIFY, &json!({ "token": token })).await.status, 204);
    assert_eq!(session.me(&world).await.json()["email_verified"], true);
    let form = format!("username=bob&email=bob%40example.org&password={}", user.password.replace(' ', "+"));
    assert_eq!(Session::of(&post_form(&world, REGISTER, &form).await).answer["user"]["username"], "bob");
}

async fn a_name_is_whoevers_it_was_first(backend: Backend) {
    let world = backend.world().await;
    let (user, _) = world.registers("ann").await;
    for (username, email, field) in [
        ("ANN", "another@example.org", "username"),
        ("another", "Ann@Example.ORG", "address"),
        ("Ann", "ANN@example.org", "username"),
    ] {
        let body = json!({"username": username, "email": email, "password": user.password});
        let answer = world.tell(REGISTER, &body).await;
        answer.is_problem(409, "conflict");
        assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains(field)), "{answer:?}");
    }
    assert_eq!(world.try_login("another", &user.password).await.status, 401);
}

async fn of_many_who_want_one_name_one_has_it(backend: Backend) {
    let world = backend.world().await;
    for round in 0..3 {
        let racers = (0..20).map(|number| {
            let (_, mut body) = somebody(&format!("ann{round}"));
            // One half wants the same address, the other half the same username.
            let other = format!("ann{round}-{number}");
            if number % 2 == 0 {
                body["username"] = other.into();
            } else {
                body["email"] = format!("{other}@example.org").into();
            }
            let request = world.request(Method::POST, REGISTER).json(&body);
            async move { Answer::read(request.send().await.expect("an answer")).await }
        });
        let answers = race(racers.collect()).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert!((1..=2).contains(&made), "one has the username and one the address: {answers:?}");
        answers.iter().filter(|answer| answer.status != 201).for_each(|answer| answer.is_problem(409, "conflict"));
    }
}

async fn everything_that_is_wrong_is_said_at_once(backend: Backend) {
    let world = backend.world().await;
    let good = || somebody("annabel").1;
    let with = |name: &str, value: Value| {
        let mut body = good();
        body[name] = value;
        body
    };
    let (long, longer) = ("a".repeat(65), "a".repeat(1025));
    for (body, fields) in [
        (json!({}), vec!["username", "email", "password"]),
        (json!({"username": "", "email": "x", "password": "short"}), vec!["username"]),
        (
            json!({"username": "a b", "email": "x", "password": "short", "given_name": ""}),
            vec!["username", "email", "given_name", "password"],
        ),
        (with("username", json!("ann@example.org")), vec!["username"]),
        (with("username", json!(long)), vec!["username"]),
        (with("username", json!(7)), vec!["username"]),
        (with("email", json!("ann@")), vec!["email"]),
        (with("email", json!("a b@example.org")), vec!["email"]),
        (with("email", json!("ann@example.org\r\nBcc: x@example.org")), vec!["email"]),
        (with("password", json!("Annabel's word")), vec!["password"]),
        (with("password", json!("password1")), vec!["password"]),
        (with("password", json!(longer)), vec!["password"]),
        (with("password", json!(null)), vec!["password"]),
        (with("profile", json!(["a list"])), vec!["profile"]),
        (with("profile", json!({"much": "x".repeat(20_000)})), vec!["profile"]),
        (with("name", json!("x".repeat(201))), vec!["name"]),
    ] {
        let answer = world.tell(REGISTER, &body).await;
        answer.is_problem(422, "invalid_fields");
        assert_eq!(faulty(&answer), fields, "{answer:?}");
        if let Some(password) = body["password"].as_str().filter(|password| password.len() > 5) {
            answer.never_says(&[password]);
        }
    }
    assert_eq!(world.tell(REGISTER, &good()).await.status, 201, "and the control is well");
}

async fn nobody_gives_themselves_what_others_give(backend: Backend) {
    let world = backend.world().await;
    for (name, value) in [
        ("roles", json!(["admin"])),
        ("role", json!("admin")),
        ("verified", json!(true)),
        ("email_verified", json!(true)),
        ("enabled", json!(true)),
        ("is_admin", json!(true)),
        ("id", json!("00000000-0000-7000-8000-000000000000")),
        ("verified_at", json!(1)),
        ("locked_at", json!(null)),
        ("password_hash", json!("$argon2id$")),
    ] {
        let (user, mut body) = somebody("ann");
        body[name] = value;
        let answer = world.tell(REGISTER, &body).await;
        answer.is_problem(422, "invalid_fields");
        assert_eq!(faulty(&answer), [name], "{answer:?}");
        assert_eq!(world.try_login("ann", &user.password).await.status, 401);
    }
}

async fn a_repeated_registration_is_one(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let (user, body) = somebody("ann");
    let racers = (0..20).map(|number| {
        let node = if number % 2 == 0 { &*world } else { &other };
        let request = node.request(Method::POST, REGISTER).header("idempotency-key", "k").json(&body);
        async move { Answer::read(request.send().await.expect("an answer")).await }
    });
    let answers = race(racers.collect()).await;
    let done: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!done.is_empty() && done.iter().all(|answer| answer.body == done[0].body), "{answers:?}");
    let late = answers.iter().filter(|answer| answer.status != 201);
    late.for_each(|answer| assert_eq!((answer.status, answer.header("retry-after")), (409, "1"), "{answer:?}"));
    // The answer that was lost, with the same tokens, which are good.
    let again = world.request(Method::POST, REGISTER).header("idempotency-key", "k").json(&body);
    let again = world.send(again).await;
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &done[0].body));
    assert!(Session::of(&again).lives(&world).await);
    // Whoever does not know the password is told nothing of it.
    let mut another = body.clone();
    another["password"] = json!("another good password");
    let request = world.request(Method::POST, REGISTER).header("idempotency-key", "k").json(&another);
    let answer = world.send(request).await;
    answer.is_problem(422, "idempotency_key_reused");
    assert_eq!(world.tell(REGISTER, &body).await.status, 409, "without the key it is another request");
    let sessions = world.login(&user).await.send(&world, Method::GET, "/api/v1/users/me/sessions", None).await;
    assert_eq!(sessions.json()["items"].as_array().map(Vec::len), Some(2), "the one of the registration, and this");
}

async fn where_addresses_must_be_confirmed_a_letter_decides(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |config| config.accounts.require_verified_email = true).await;
    let (user, body) = somebody("ann");
    let answer = world.tell(REGISTER, &body).await;
    assert_eq!((answer.status, answer.json()), (201, json!({"status": "verification_sent"})), "{answer:?}");
    world.try_login("ann", &user.password).await.is_problem(401, "invalid_credentials");
    let token = token_of_letter(&mailbox, &user.email, 1).await;
    assert_eq!(world.tell(VERIFY, &json!({ "token": token })).await.status, 204);
    let session = world.login(&user).await;
    assert_eq!(session.me(&world).await.json()["email_verified"], true);
    world.tell(VERIFY, &json!({ "token": token })).await.is_problem(400, "invalid_grant");
}

async fn a_known_address_is_told_to_its_owner_alone(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |config| config.accounts.require_verified_email = true).await;
    let ann = world.user("ann").await;
    let (_, new) = somebody("bob");
    let (thief, mut taken) = somebody("mallory");
    taken["email"] = json!("ANN@example.org");
    let (new, taken) = (world.tell(REGISTER, &new).await, world.tell(REGISTER, &taken).await);
    assert_eq!(visible(&new), visible(&taken));
    let letter = mailbox.letter_to(&ann.email).await;
    assert!(letter.subject().contains("already have an account"), "{letter:?}");
    within(A_WHILE, "the other letter", async || mailbox.letters_to("bob@example.org").len() == 1).await;
    assert_eq!(world.try_login("mallory", &thief.password).await.status, 401);
    assert_eq!(world.try_login(&ann.email, &thief.password).await.status, 401);
    world.login(&ann).await;
    // A username is told in any case.
    let (_, again) = somebody("ann");
    world.tell(REGISTER, &again).await.is_problem(409, "conflict");
}

async fn registration_can_be_closed(backend: Backend) {
    let world = backend.world_with(|config| config.accounts.registration = false).await;
    world.tell(REGISTER, &somebody("ann").1).await.is_problem(403, "forbidden");
    let ann = world.user("ann").await;
    world.login(&ann).await;
}

async fn the_first_party_can_be_disabled(backend: Backend) {
    let world = backend.world().await;
    let (ann, session) = world.registers("ann").await;
    let app = world.app(|m| m.scope = crate::harness::scopes("account")).await;
    let elsewhere = app.signed_in(&world, &ann, &[]).await;
    world.disable(FIRST_PARTY, Some(world.clock.now())).await;
    let refresh = json!({ "refresh_token": session.refresh });
    for (path, body) in [(REGISTER, &somebody("bob").1), (REFRESH, &refresh)] {
        world.tell(path, body).await.is_problem(403, "forbidden");
    }
    for password in [ann.password.as_str(), WRONG] {
        let answer = world.tell(LOGIN, &json!({"username": "ann", "password": password})).await;
        answer.is_problem(403, "forbidden");
    }
    session.me(&world).await.is_problem(401, "invalid_token");
    let elsewhere = Session { access: elsewhere.text, ..session.clone() };
    assert_eq!(elsewhere.me(&world).await.status, 200, "who is signed in elsewhere still governs the account");
    world.disable(FIRST_PARTY, None).await;
    assert!(session.lives(&world).await);
}

async fn the_first_party_stays(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    world.give_roles(&ann, &["admin"]).await;
    let session = world.login(&ann).await;
    let path = format!("/api/v1/admin/clients/{FIRST_PARTY}");
    session.send(&world, Method::DELETE, &path, None).await.is_problem(409, "conflict");
    assert!(session.lives(&world).await);
    let shown = session.send(&world, Method::GET, &path, None).await.json();
    assert_eq!((&shown["client_name"], &shown["application_type"]), (&json!("First party"), &json!("web")));
}
