//! Where addresses must be confirmed, what a registration leaves behind tells nothing of the address either: neither now nor
//! later, whatever else is asked for.

use reqwest::Method;
use serde_json::json;

use crate::api::people::{
    FORGOT, REGISTER, RESEND, RESET, VERIFY, a_password, somebody, token_of_letter, visible, with_letters,
};
use crate::harness::{Answer, Backend, Mailbox, Node, User, World, stories};

stories![
    a_name_does_not_tell_whether_its_address_was_known,
    nobody_confirms_and_the_name_is_free_again,
    a_letter_that_comes_again_prolongs_both_alike,
    what_nobody_confirmed_is_swept,
    who_confirms_stays,
    who_resets_the_password_stays,
    who_signs_in_unconfirmed_stays,
    letters_about_known_addresses_are_limited_in_silence,
];

const HOUR: i64 = 3_600;
/// What the settings say unless they say otherwise.
const LIFE: i64 = 24 * HOUR;

async fn silent(backend: Backend) -> (World, Mailbox) {
    with_letters(backend, |config| config.accounts.require_verified_email = true).await
}

async fn registers(node: &Node, username: &str, email: &str) -> Answer {
    let (_, mut body) = somebody(username);
    body["email"] = json!(email);
    node.tell(REGISTER, &body).await
}

/// The address of somebody with an account, and one of nobody; each is registered under a name of its own.
async fn both(world: &World) -> (User, [(&'static str, String); 2]) {
    let ann = world.user("ann").await;
    let names = [("known", ann.email.clone()), ("new", "new@example.org".to_owned())];
    let mut answers = Vec::new();
    for (name, email) in &names {
        answers.push(visible(&registers(world, name, email).await));
    }
    assert_eq!(answers[0].0, 201, "{answers:?}");
    assert_eq!(answers[0], answers[1]);
    (ann, names)
}

/// Whether the names can be had with an address of one's own: the same of both.
async fn are_free(world: &World, round: u8) -> bool {
    let known = registers(world, "KNOWN", &format!("own-known{round}@example.org")).await;
    let new = registers(world, "NEW", &format!("own-new{round}@example.org")).await;
    assert_eq!(visible(&known), visible(&new));
    match known.status {
        201 => true,
        409 => false,
        _ => panic!("{known:?}"),
    }
}

async fn a_name_does_not_tell_whether_its_address_was_known(backend: Backend) {
    let (world, _mailbox) = silent(backend).await;
    let (ann, names) = both(&world).await;
    assert!(!are_free(&world, 0).await, "whoever comes later finds it taken");
    for (name, email) in &names {
        registers(&world, name, email).await.is_problem(409, "conflict");
    }
    // Whoever reads the log sees both, and which of them made no account.
    let acts = "SELECT target_id FROM audit_log WHERE act = 'registered' AND reason = 'taken_name'";
    assert_eq!(world.texts(acts).await, [ann.id.as_str()]);
    let typed = format!("SELECT name FROM audit_persons WHERE user_id = '{}' AND name = 'known'", ann.id);
    assert_eq!(world.texts(&typed).await, ["known"]);
    let session = world.login(&ann).await;
    for (name, _) in &names {
        session.patch(&world, json!({ "username": name })).await.is_problem(409, "conflict");
    }
    let refused = [world.try_login("known", "not this").await, world.try_login("new", "not this").await];
    assert_eq!(visible(&refused[0]), visible(&refused[1]));
}

async fn nobody_confirms_and_the_name_is_free_again(backend: Backend) {
    let (world, _mailbox) = silent(backend).await;
    both(&world).await;
    world.advance(LIFE - 1);
    assert!(!are_free(&world, 0).await);
    world.advance(1);
    assert!(are_free(&world, 1).await, "at that moment, and not when the sweep comes by");
}

async fn a_letter_that_comes_again_prolongs_both_alike(backend: Backend) {
    let (world, mailbox) = silent(backend).await;
    let (_, names) = both(&world).await;
    token_of_letter(&mailbox, "new@example.org", 1).await;
    world.advance(23 * HOUR);
    for (_, email) in &names {
        assert_eq!(world.tell(RESEND, &json!({ "email": email })).await.status, 202);
    }
    let token = token_of_letter(&mailbox, "new@example.org", 2).await;
    world.advance(LIFE - 1);
    world.sweep().await;
    assert!(!are_free(&world, 0).await);
    world.advance(1);
    world.tell(VERIFY, &json!({ "token": token })).await.is_problem(400, "invalid_grant");
    // What has ended is not prolonged.
    for (_, email) in &names {
        assert_eq!(world.tell(RESEND, &json!({ "email": email })).await.status, 202);
    }
    assert!(are_free(&world, 1).await);
    assert_eq!(mailbox.letters_to("new@example.org").len(), 2);
}

async fn what_nobody_confirmed_is_swept(backend: Backend) {
    let (world, _mailbox) = silent(backend).await;
    both(&world).await;
    let id = world.texts("SELECT id FROM users WHERE username = 'new'").await.remove(0);
    world.advance(LIFE);
    let swept = world.sweep().await;
    assert_eq!((swept.of("held_usernames"), swept.of("unconfirmed_users")), (0, 0), "clocks differ");
    world.advance(121);
    let swept = world.sweep().await;
    assert_eq!((swept.of("held_usernames"), swept.of("unconfirmed_users")), (1, 1));
    assert_eq!(world.texts("SELECT username FROM users").await, ["ann"]);
    let erased = "SELECT target_id FROM audit_log WHERE act = 'account_erased' AND actor_kind = 'system'";
    assert_eq!(world.texts(erased).await, [id.as_str()]);
    let persons = format!("SELECT digest FROM audit_persons WHERE user_id = '{id}'");
    assert!(world.texts(&persons).await.is_empty(), "nothing of the person is left");
    assert!(are_free(&world, 0).await);
}

async fn who_confirms_stays(backend: Backend) {
    let (world, mailbox) = silent(backend).await;
    let (user, body) = somebody("bob");
    assert_eq!(world.tell(REGISTER, &body).await.status, 201);
    token_of_letter(&mailbox, &user.email, 1).await;
    world.advance(23 * HOUR);
    assert_eq!(world.tell(RESEND, &json!({ "email": user.email })).await.status, 202);
    let token = token_of_letter(&mailbox, &user.email, 2).await;
    world.advance(23 * HOUR);
    world.sweep().await;
    assert_eq!(world.tell(VERIFY, &json!({ "token": token })).await.status, 204);
    world.advance(30 * LIFE);
    assert_eq!(world.sweep().await.of("unconfirmed_users"), 0);
    world.login(&user).await;
}

async fn who_resets_the_password_stays(backend: Backend) {
    let (world, mailbox) = silent(backend).await;
    let (mut user, body) = somebody("bob");
    assert_eq!(world.tell(REGISTER, &body).await.status, 201);
    token_of_letter(&mailbox, &user.email, 1).await;
    assert_eq!(world.tell(FORGOT, &json!({ "email": user.email })).await.status, 202);
    let token = token_of_letter(&mailbox, &user.email, 2).await;
    user.password = a_password();
    let reset = world.tell(RESET, &json!({"token": token, "password": user.password})).await;
    assert_eq!(reset.status, 204, "{reset:?}");
    world.advance(30 * LIFE);
    assert_eq!(world.sweep().await.of("unconfirmed_users"), 0);
    world.login(&user).await;
}

/// The setting was on when they registered, and is off by now.
async fn who_signs_in_unconfirmed_stays(backend: Backend) {
    let world = backend.world().await;
    let until = world.clock.now().plus(LIFE);
    let waiting = |new: &mut countersign::store::users::NewUser| {
        (new.user.verified_at, new.user.unconfirmed_until) = (None, Some(until));
    };
    let (comes, _stays_away) = (world.user_with("comes", waiting).await, world.user_with("away", waiting).await);
    world.login(&comes).await;
    world.advance(30 * LIFE);
    assert_eq!(world.sweep().await.of("unconfirmed_users"), 1);
    let session = world.login(&comes).await;
    assert_eq!(session.send(&world, Method::GET, "/api/v1/users/me", None).await.status, 200);
    // Who registers where nothing must be confirmed waits for nothing.
    world.registers("free").await;
    world.advance(30 * LIFE);
    assert_eq!(world.sweep().await.of("unconfirmed_users"), 0);
}

async fn letters_about_known_addresses_are_limited_in_silence(backend: Backend) {
    let world = backend
        .world_with(|config| {
            config.server.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
            config.accounts.require_verified_email = true;
            config.limits.enabled = true;
        })
        .await;
    // What is to be sent stays where it can be counted.
    world.stop_jobs().await;
    let ann = world.user("ann").await;
    let mut answers = Vec::new();
    for number in 0..8 {
        let (_, mut body) = somebody(&format!("name{number}"));
        body["email"] = json!(ann.email);
        let from = format!("192.0.2.{}", number + 1);
        answers.push(visible(&world.tell_from(&from, REGISTER, &body).await));
    }
    assert!(answers.iter().all(|answer| answer.0 == 201 && *answer == answers[0]), "{answers:?}");
    let letters = async || world.texts("SELECT id FROM outbox").await.len();
    assert_eq!(letters().await, 5);
    // What else is asked for tells nothing either.
    let (_, body) = somebody("new");
    for number in 0..3 {
        let mut body = body.clone();
        body["username"] = json!(format!("new{number}"));
        assert_eq!(world.tell_from(&format!("198.51.100.{number}"), REGISTER, &body).await.status, 201);
    }
    for email in [ann.email.as_str(), "new@example.org"] {
        for number in 0..6 {
            let answer = world.tell_from(&format!("203.0.113.{number}"), FORGOT, &json!({ "email": email })).await;
            assert_eq!(answer.status, if number < 5 { 202 } else { 429 }, "{email} {number}: {answer:?}");
        }
    }
}
