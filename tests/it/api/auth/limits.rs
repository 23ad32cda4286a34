//! What may be done only so often, at the endpoints that it is about.

use std::time::{Duration, Instant};

use countersign::accounts::administer;
use countersign::authority::Authority;
use reqwest::Method;
use serde_json::json;

use crate::api::people::{CHANGE, FORGOT, LOGIN, REGISTER, RESEND, Session, WRONG, a_password, somebody, visible};
use crate::harness::{A_WHILE, Answer, Backend, Persona, TOKEN, User, World, stories, within};

stories![
    wrong_passwords_are_slowed_then_locked_at_one_address,
    an_address_registers_so_often_an_hour,
    letters_are_asked_for_so_often_an_hour,
    a_caller_calls_so_often_a_minute,
    strangers_count_by_their_address,
    this_servers_own_client_is_limited_at_the_token_endpoint_too,
    a_wrong_current_password_is_a_wrong_password,
    a_guess_counts_while_its_answer_waits,
];

const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";

async fn limited(backend: Backend, calls: u32) -> World {
    backend
        .world_with(|config| {
            config.server.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
            config.limits.enabled = true;
            config.limits.api_calls_per_minute = calls;
            config.limits.longest_slow_down_milliseconds = 0;
        })
        .await
}

fn is_too_many(answer: &Answer, policy: &str, seconds: &str) {
    answer.is_problem(429, "too_many_requests");
    assert_eq!(answer.header("retry-after"), seconds, "{answer:?}");
    assert_eq!(answer.header("ratelimit"), format!("\"{policy}\";r=0;t={seconds}"), "{answer:?}");
    assert!(answer.header("ratelimit-policy").starts_with(&format!("\"{policy}\";q=")), "{answer:?}");
}

async fn wrong_passwords_are_slowed_then_locked_at_one_address(backend: Backend) {
    let world = limited(backend, 10_000).await;
    let ann = world.user("ann").await;
    let login = async |address: &str, user: &User, password: &str| {
        world.tell_from(address, LOGIN, &json!({"username": user.username, "password": password})).await
    };
    let wrong = login(HERE, &ann, WRONG).await;
    wrong.is_problem(401, "invalid_credentials");
    for _ in 1..5 {
        login(HERE, &ann, WRONG).await.is_problem(401, "invalid_credentials");
    }
    is_too_many(&login(HERE, &ann, WRONG).await, "failed-logins", "60");
    is_too_many(&login(HERE, &ann, &ann.password).await, "failed-logins", "60");
    // From elsewhere the right password lets in, and that ends nothing here.
    assert_eq!(login(ELSEWHERE, &ann, &ann.password).await.status, 200);
    is_too_many(&login(HERE, &ann, WRONG).await, "failed-logins", "60");
    // On and on, until it is locked: now a right password says what a wrong one says.
    for _ in 0..5 {
        world.advance(60);
        login(HERE, &ann, WRONG).await.is_problem(401, "invalid_credentials");
    }
    world.advance(60);
    let locked = login(HERE, &ann, &ann.password).await;
    assert_eq!(visible(&locked), visible(&wrong));
    assert_eq!(login(ELSEWHERE, &ann, &ann.password).await.status, 200, "nobody is locked out elsewhere");
    let locks = "SELECT actor_kind FROM audit_log WHERE act = 'login_locked'";
    assert_eq!(world.texts(locks).await, ["system"]);
    let whose = "SELECT user_id FROM audit_persons WHERE digest IN \
                 (SELECT personal FROM audit_log WHERE act = 'login_locked')";
    assert_eq!(world.texts(whose).await, [ann.id.as_str()], "the typed name goes when the user is erased");
    // An administrator forgives.
    let (by, now) = (Authority::operator(), world.clock.now());
    administer::set_locked(&world.app, &ann.id, false, None, &by, now).await.expect("it is unlocked");
    assert_eq!(login(HERE, &ann, &ann.password).await.status, 200);
}

async fn an_address_registers_so_often_an_hour(backend: Backend) {
    let world = limited(backend, 10_000).await;
    for name in ["ann", "bob", "cid"] {
        assert_eq!(world.tell_from(HERE, REGISTER, &somebody(name).1).await.status, 201);
    }
    let (user, body) = somebody("dan");
    is_too_many(&world.tell_from(HERE, REGISTER, &body).await, "registrations", "3600");
    assert_eq!(world.try_login("dan", &user.password).await.status, 401);
    assert_eq!(world.tell_from(ELSEWHERE, REGISTER, &body).await.status, 201);
    // What was wrong with a body does not count.
    for _ in 0..5 {
        assert_eq!(world.tell_from("203.0.113.9", REGISTER, &json!({"username": "eve"})).await.status, 422);
    }
    assert_eq!(world.tell_from("203.0.113.9", REGISTER, &somebody("eve").1).await.status, 201);
    world.advance(3600);
    assert_eq!(world.tell_from(HERE, REGISTER, &somebody("fay").1).await.status, 201);
}

async fn letters_are_asked_for_so_often_an_hour(backend: Backend) {
    let world = limited(backend, 10_000).await;
    let ann = world.user("ann").await;
    for known in [true, false] {
        let email = if known { ann.email.as_str() } else { "nobody@example.org" };
        let body = json!({ "email": email });
        // Whoever uses up what asks to confirm an address keeps nobody from setting a password.
        for path in [RESEND, FORGOT] {
            for number in 10..15 {
                assert_eq!(world.tell_from(&format!("192.0.2.{number}"), path, &body).await.status, 202);
            }
            is_too_many(&world.tell_from("192.0.2.99", path, &body).await, "mails-by-account", "3600");
        }
    }
    for number in 0..5 {
        let body = json!({ "email": format!("nobody{number}@example.org") });
        assert_eq!(world.tell_from(HERE, FORGOT, &body).await.status, 202);
    }
    let body = json!({"email": "one-more@example.org"});
    is_too_many(&world.tell_from(HERE, FORGOT, &body).await, "mails-by-address", "3600");
    assert_eq!(world.tell_from(ELSEWHERE, FORGOT, &body).await.status, 202);
}

async fn a_caller_calls_so_often_a_minute(backend: Backend) {
    let world = limited(backend, 5).await;
    let ann = world.user("ann").await;
    let login = async |address: &str| {
        let body = json!({"username": "ann", "password": ann.password});
        Session::of(&world.tell_from(address, LOGIN, &body).await)
    };
    let app = world.app(|m| m.scope = crate::harness::scopes("account")).await;
    let elsewhere = app.signed_in(&world, &ann, &[]).await.text;
    let (one, other) = (login(HERE).await, login(HERE).await);
    for number in 0..5 {
        let session = if number % 2 == 0 { &one } else { &other };
        assert_eq!(session.me(&world).await.status, 200);
    }
    is_too_many(&one.me(&world).await, "api-calls", "60");
    is_too_many(&one.send(&world, Method::GET, "/api/v1/users/me/sessions", None).await, "api-calls", "60");
    is_too_many(&other.me(&world).await, "api-calls", "60");
    is_too_many(&login(ELSEWHERE).await.me(&world).await, "api-calls", "60");
    let elsewhere = Session { access: elsewhere, ..one.clone() };
    assert_eq!(elsewhere.me(&world).await.status, 200, "at another client it is another caller");
    let bob = world.user("bob").await;
    assert_eq!(world.login(&bob).await.me(&world).await.status, 200, "and so is another user");
    let service = world.service_client(|m| m.scope = crate::harness::scopes("admin:scopes")).await;
    let service = service.token(&world).await.text;
    let call = async || world.send(world.request(Method::GET, "/api/v1/admin/scopes").bearer_auth(&service)).await;
    for _ in 0..5 {
        assert_eq!(call().await.status, 200);
    }
    is_too_many(&call().await, "api-calls", "60");
    world.advance(60);
    assert_eq!((one.me(&world).await.status, call().await.status), (200, 200));
}

async fn strangers_count_by_their_address(backend: Backend) {
    let world = limited(backend, 5).await;
    let ann = world.user("ann").await;
    let body = json!({"username": "ann", "password": ann.password});
    for _ in 0..5 {
        assert_eq!(world.tell_from("2001:db8:1:2::1", LOGIN, &body).await.status, 200);
    }
    is_too_many(&world.tell_from("2001:db8:1:2::1", LOGIN, &body).await, "api-calls", "60");
    is_too_many(
        &world.tell_from("2001:db8:1:2:3::4", FORGOT, &json!({"email": "a@example.org"})).await,
        "api-calls",
        "60",
    );
    let page = world.request(Method::GET, "/forgot-password").header("x-forwarded-for", "2001:db8:1:2:3::4");
    let page = world.send(page).await;
    assert_eq!((page.status, page.header("retry-after")), (429, "60"), "{page:?}");
    assert!(page.header("content-type").starts_with("text/html"));
    // Whoever has no good token is a stranger.
    let call = async || {
        let request = world.request(Method::GET, "/api/v1/users/me").bearer_auth("guessed");
        world.send(request.header("x-forwarded-for", ELSEWHERE)).await
    };
    for _ in 0..5 {
        assert_eq!(call().await.status, 401);
    }
    is_too_many(&call().await, "api-calls", "60");
    assert_eq!(world.tell_from(HERE, LOGIN, &body).await.status, 200);
}

async fn this_servers_own_client_is_limited_at_the_token_endpoint_too(backend: Backend) {
    let world = limited(backend, 5).await;
    let app = world.app(|_| ()).await;
    let guess = async |client: &Persona, address: &str, number: u8| {
        let name = format!("somebody{number}");
        let form = [("grant_type", "password"), ("username", name.as_str()), ("password", WRONG)];
        world.send(client.request(&world, TOKEN, &form).header("x-forwarded-for", address)).await
    };
    let own = world.first_party();
    for number in 0..5 {
        guess(&own, HERE, number).await.is_refused(400, "invalid_grant");
    }
    guess(&own, HERE, 5).await.is_refused(429, "too_many_requests");
    is_too_many(&world.tell_from(HERE, LOGIN, &json!({"username": "ann", "password": WRONG})).await, "api-calls", "60");
    guess(&own, ELSEWHERE, 6).await.is_refused(400, "invalid_grant");
    // A client that proves itself answers for its own users.
    guess(&app, HERE, 7).await.is_refused(400, "invalid_grant");
}

/// Whoever has a stolen token guesses the password no more often than others, and leaves as many traces.
async fn a_wrong_current_password_is_a_wrong_password(backend: Backend) {
    let world = backend
        .world_with(|config| {
            config.limits.enabled = true;
            config.limits.lock_after = 3;
            config.limits.longest_slow_down_milliseconds = 0;
        })
        .await;
    let ann = world.user("ann").await;
    let session = world.login(&ann).await;
    let guess = json!({"current_password": WRONG, "new_password": a_password()});
    let right = json!({"current_password": ann.password, "new_password": a_password()});
    for _ in 0..2 {
        session.send(&world, Method::POST, CHANGE, Some(&guess)).await.is_problem(422, "invalid_fields");
    }
    let address = json!({"email": "thief@example.org", "current_password": WRONG});
    session.patch(&world, address).await.is_problem(422, "invalid_fields");
    session.send(&world, Method::POST, CHANGE, Some(&right)).await.is_problem(422, "invalid_fields");
    let acts = "SELECT act || ' ' || reason || ' ' || actor_kind || ' ' || client_id FROM audit_log \
                WHERE outcome = 'refused' ORDER BY 1";
    let expected = [
        "email_changed wrong_password user first-party",
        "password_changed login_locked user first-party",
        "password_changed wrong_password user first-party",
        "password_changed wrong_password user first-party",
    ];
    assert_eq!(world.texts(acts).await, expected);
    let locks = "SELECT target_id FROM audit_log WHERE act = 'login_locked' AND actor_kind = 'system'";
    assert_eq!(world.texts(locks).await, [ann.id.as_str()]);
    world.try_login("ann", &ann.password).await.is_problem(401, "invalid_credentials");
}

/// Answers wait for as long as the slowest password that is stored would take; who sends many guesses at once gains nothing
/// by that.
async fn a_guess_counts_while_its_answer_waits(backend: Backend) {
    let world = limited(backend, 10_000).await;
    let (ann, app) = (world.user("ann").await, world.app(|_| ()).await);
    let session = world.login(&ann).await;
    // Nobody has such a password; it would take some two seconds.
    world.stop_jobs().await;
    world.app.passwords.set_kinds_present(vec!["bcrypt$15".to_owned()]);
    let change = json!({"current_password": WRONG, "new_password": a_password()});
    let guesses = async {
        let (one, other, third) = (
            app.sign_in_as(&world, "ann", WRONG, &[]),
            app.sign_in_as(&world, "ann", WRONG, &[]),
            app.sign_in_as(&world, "ann", WRONG, &[]),
        );
        let changes = [(); 2].map(|()| session.send(&world, Method::POST, CHANGE, Some(&change)));
        let (one, other, third, changes) = tokio::join!(one, other, third, futures_util::future::join_all(changes));
        [one, other, third].iter().for_each(|answer| answer.is_refused(400, "invalid_grant"));
        changes.iter().for_each(|answer| answer.is_problem(422, "invalid_fields"));
        Instant::now()
    };
    let meanwhile = async {
        let counted = "SELECT CAST(minute_failures AS TEXT) FROM login_failures";
        within(A_WHILE, "all are counted", async || world.texts(counted).await == ["5"]).await;
        let noted = "SELECT id FROM audit_log WHERE reason = 'wrong_password'";
        assert_eq!(world.texts(noted).await.len(), 5);
        app.sign_in(&world, &ann, &[]).await.is_refused(429, "too_many_requests");
        Instant::now()
    };
    let (answered, refused) = tokio::join!(guesses, meanwhile);
    assert!(refused + Duration::from_millis(500) < answered, "while none of the guesses was answered");
}
