//! Passwords that were forgotten or are to be others, and addresses that are to be confirmed.

use reqwest::Method;
use serde_json::json;

use super::secrecy::slow;
use crate::api::faulty;
use crate::api::people::{
    CHANGE, FORGOT, ME, RESEND, RESET, Session, VERIFY, WRONG, a_password, token_of_letter, with_letters,
};
use crate::contract::race;
use crate::harness::{A_WHILE, Answer, Backend, Mailbox, Node, User, World, audited, stories, within};

stories![
    a_forgotten_password_is_set_by_a_letter,
    a_link_works_once_for_one_of_many,
    a_link_works_for_a_while_and_for_its_purpose,
    a_new_password_must_be_a_good_one_and_the_link_stays,
    a_reset_forgives_wrong_guesses,
    a_letter_comes_again_for_an_address_that_is_not_confirmed,
    what_was_typed_in_vain_goes_with_the_user,
    a_password_is_changed_by_who_knows_it,
    a_password_is_changed_whatever_else_changes_meanwhile,
    of_two_changes_of_a_password_one_counts,
    a_password_that_must_be_replaced_is_not_chosen_again,
    a_letter_is_asked_for_with_an_address,
];

async fn asks(world: &World, mailbox: &Mailbox, user: &User, number: usize) -> String {
    let answer = world.tell(FORGOT, &json!({ "email": user.email })).await;
    assert_eq!((answer.status, answer.body.as_str()), (202, ""), "{answer:?}");
    token_of_letter(mailbox, &user.email, number).await
}

async fn resets(node: &Node, token: &str, password: &str) -> Answer {
    let answer = node.tell(RESET, &json!({"token": token, "password": password})).await;
    answer.never_says(&[password]);
    answer
}

async fn a_forgotten_password_is_set_by_a_letter(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let (mut ann, other) = (world.user("ann").await, world.user("bob").await);
    let (session, bobs) = (world.login(&ann).await, world.login(&other).await);
    let token = asks(&world, &mailbox, &ann, 1).await;
    assert!(mailbox.letter_to(&ann.email).await.subject().contains("password"));
    assert!(session.me(&world).await.status == 200, "asking changes nothing");
    let old = std::mem::replace(&mut ann.password, a_password());
    assert_eq!(resets(&world, &token, &ann.password).await.status, 204);
    assert!(!session.lives(&world).await, "whoever had the old password is out");
    assert!(bobs.lives(&world).await);
    assert_eq!(world.try_login("ann", &old).await.status, 401);
    world.login(&ann).await;
    resets(&world, &token, &a_password()).await.is_problem(400, "invalid_grant");
    within(A_WHILE, "a letter tells of it", async || mailbox.letters_to(&ann.email).len() == 2).await;
    assert!(mailbox.letters_to(&ann.email)[1].subject().contains("was changed"));
    let acts = "SELECT act FROM audit_log WHERE act LIKE '%reset%' ORDER BY act";
    assert_eq!(world.texts(acts).await, ["password_reset", "reset_requested"]);
}

async fn a_link_works_once_for_one_of_many(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let other_node = world.another_node().await;
    let ann = world.user("ann").await;
    for round in 0..3 {
        let token = asks(&world, &mailbox, &ann, 2 * round + 1).await;
        let passwords: Vec<String> = (0..20).map(|_| a_password()).collect();
        let racers = passwords.iter().enumerate().map(|(number, password)| {
            let node = if number % 2 == 0 { &*world } else { &other_node };
            let request = node.request(Method::POST, RESET).json(&json!({"token": token, "password": password}));
            async move { Answer::read(request.send().await.expect("an answer")).await }
        });
        let answers = race(racers.collect()).await;
        let won: Vec<usize> = (0..20).filter(|number| answers[*number].status == 204).collect();
        let [winner] = won.as_slice() else { panic!("one wins: {answers:?}") };
        let losers = answers.iter().filter(|answer| answer.status != 204);
        losers.for_each(|answer| answer.is_problem(400, "invalid_grant"));
        world.login(&User { password: passwords[*winner].clone(), ..ann.clone() }).await;
        within(A_WHILE, "a letter tells of it", async || mailbox.letters_to(&ann.email).len() == 2 * round + 2).await;
    }
}

async fn a_link_works_for_a_while_and_for_its_purpose(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let (ann, _) = world.registers("ann").await;
    let to_verify = token_of_letter(&mailbox, &ann.email, 1).await;
    resets(&world, &to_verify, &a_password()).await.is_problem(400, "invalid_grant");
    let to_reset = asks(&world, &mailbox, &ann, 2).await;
    world.tell(VERIFY, &json!({ "token": to_reset })).await.is_problem(400, "invalid_grant");
    for token in ["", "x", "cs_once_AAAA"] {
        resets(&world, token, &a_password()).await.is_problem(400, "invalid_grant");
        world.tell(VERIFY, &json!({ "token": token })).await.is_problem(400, "invalid_grant");
    }
    world.advance(3600);
    resets(&world, &to_reset, &a_password()).await.is_problem(400, "invalid_grant");
    world.advance(23 * 3600);
    world.tell(VERIFY, &json!({ "token": to_verify })).await.is_problem(400, "invalid_grant");
    // A password that was set ends all links that were sent before.
    let (first, second) = (asks(&world, &mailbox, &ann, 3).await, asks(&world, &mailbox, &ann, 4).await);
    assert_eq!(resets(&world, &second, &a_password()).await.status, 204);
    resets(&world, &first, &a_password()).await.is_problem(400, "invalid_grant");
    // Whoever was shut out gets no letter, and what came before is of no use.
    let bob = world.user("bob").await;
    let token = asks(&world, &mailbox, &bob, 1).await;
    world.disable_user(&bob, Some(world.clock.now())).await;
    resets(&world, &token, &a_password()).await.is_problem(400, "invalid_grant");
    assert_eq!(world.tell(FORGOT, &json!({ "email": bob.email })).await.status, 202);
    let waiting = "SELECT reason FROM audit_log WHERE act = 'reset_requested' AND outcome = 'refused'";
    assert_eq!(world.texts(waiting).await, ["user_disabled"]);
    assert_eq!(mailbox.letters_to(&bob.email).len(), 1);
}

async fn a_new_password_must_be_a_good_one_and_the_link_stays(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let annabel = world.user("annabel").await;
    let token = asks(&world, &mailbox, &annabel, 1).await;
    for password in ["short", "password1", "Annabel's own"] {
        let answer = resets(&world, &token, password).await;
        answer.is_problem(422, "invalid_fields");
        assert_eq!(faulty(&answer), ["password"], "{answer:?}");
    }
    assert_eq!(resets(&world, &token, &a_password()).await.status, 204);
}

async fn a_reset_forgives_wrong_guesses(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |config| {
        config.limits.enabled = true;
        config.limits.longest_slow_down_milliseconds = 0;
    })
    .await;
    let mut ann = world.user("ann").await;
    for _ in 0..5 {
        assert_eq!(world.try_login("ann", WRONG).await.status, 401);
    }
    assert_eq!(world.try_login("ann", &ann.password).await.status, 429);
    let token = asks(&world, &mailbox, &ann, 1).await;
    ann.password = a_password();
    assert_eq!(resets(&world, &token, &ann.password).await.status, 204);
    world.login(&ann).await;
}

async fn a_letter_comes_again_for_an_address_that_is_not_confirmed(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let (ann, session) = world.registers("ann").await;
    let first = token_of_letter(&mailbox, &ann.email, 1).await;
    let answer = world.tell(RESEND, &json!({ "email": "ANN@example.org" })).await;
    assert_eq!((answer.status, answer.body.as_str()), (202, ""), "{answer:?}");
    let second = token_of_letter(&mailbox, &ann.email, 2).await;
    assert_eq!(world.tell(VERIFY, &json!({ "token": second })).await.status, 204);
    assert_eq!(session.me(&world).await.json()["email_verified"], true);
    world.tell(VERIFY, &json!({ "token": first })).await.is_problem(400, "invalid_grant");
    assert_eq!(world.tell(RESEND, &json!({ "email": ann.email })).await.status, 202);
    let asked = "SELECT COALESCE(reason, outcome) FROM audit_log WHERE act = 'verification_sent' ORDER BY outcome";
    assert_eq!(world.texts(asked).await, ["done", "already_verified"], "no letter would help");
    assert_eq!(mailbox.letters_to(&ann.email).len(), 2);
}

async fn what_was_typed_in_vain_goes_with_the_user(backend: Backend) {
    let world = backend.world().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    world.disable_user(&bob, Some(world.clock.now())).await;
    for (path, user) in [(RESEND, &ann), (FORGOT, &bob), (RESEND, &bob)] {
        assert_eq!(world.tell(path, &json!({ "email": user.email })).await.status, 202);
    }
    let rows = "SELECT act || ' ' || reason || ' ' || target_id FROM audit_log \
                WHERE act IN ('verification_sent', 'reset_requested') ORDER BY act, reason";
    let expected = [
        format!("reset_requested user_disabled {}", bob.id),
        format!("verification_sent already_verified {}", ann.id),
        format!("verification_sent user_disabled {}", bob.id),
    ];
    assert_eq!(world.texts(rows).await, expected);
    for (user, left) in [(&ann, 2), (&bob, 0)] {
        world.app.store.erase_user(user.id.clone(), None, audited()).await.expect("the store answers");
        let typed = "SELECT name FROM audit_persons WHERE name LIKE '%@example.org'";
        assert_eq!(world.texts(typed).await.len(), left);
    }
}

async fn a_password_is_changed_by_who_knows_it(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let mut ann = world.user("ann").await;
    let (session, other) = (world.login(&ann).await, world.login(&ann).await);
    let change = async |session: &Session, current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        let answer = session.send(&world, Method::POST, CHANGE, Some(&body)).await;
        answer.never_says(&[current, new]);
        answer
    };
    let new = a_password();
    let wrong = change(&session, WRONG, &new).await;
    wrong.is_problem(422, "invalid_fields");
    assert_eq!(faulty(&wrong), ["current_password"]);
    let weak = change(&session, &ann.password, "short").await;
    assert_eq!((weak.status, faulty(&weak)), (422, vec!["new_password".to_owned()]));
    let answer = change(&session, &ann.password, &new).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{answer:?}");
    assert!(!other.lives(&world).await, "all other sessions end");
    assert!(session.lives(&world).await, "and this one goes on");
    assert_eq!(world.try_login("ann", &ann.password).await.status, 401);
    ann.password = new;
    world.login(&ann).await;
    within(A_WHILE, "a letter tells of it", async || !mailbox.letters_to(&ann.email).is_empty()).await;
    let body = json!({"current_password": ann.password, "new_password": a_password()});
    world.tell(CHANGE, &body).await.is_problem(401, "invalid_token");
    let service = world.service_client(|m| m.scope = crate::harness::scopes("account")).await.token(&world).await;
    let request = world.request(Method::POST, CHANGE).bearer_auth(&service.text).json(&body);
    world.send(request).await.is_problem(403, "forbidden");
    assert_eq!(world.send(world.request(Method::GET, ME).bearer_auth(&service.text)).await.status, 403);
}

async fn a_password_is_changed_whatever_else_changes_meanwhile(backend: Backend) {
    // As slow as passwords are, so that there is a meanwhile.
    let world = backend.world_with(slow).await;
    let mut ann = world.user("ann").await;
    let session = world.login(&ann).await;
    for round in 0..3 {
        let new = a_password();
        let body = json!({"current_password": ann.password, "new_password": new});
        let mut change = std::pin::pin!(session.send(&world, Method::POST, CHANGE, Some(&body)));
        let mut names = 0;
        let answer = loop {
            let name = json!({"name": format!("Ann {round} {names}")});
            tokio::select! {
                biased;
                answer = &mut change => break answer,
                patched = session.patch(&world, name) => assert_eq!(patched.status, 200, "{patched:?}"),
            }
            names += 1;
        };
        assert_eq!(answer.status, 204, "after {names} other changes: {answer:?}");
        assert!(names > 0, "there was a meanwhile");
        ann.password = new;
        world.login(&ann).await;
    }
}

async fn of_two_changes_of_a_password_one_counts(backend: Backend) {
    let world = backend.world_with(slow).await;
    let ann = world.user("ann").await;
    let (one, other) = (world.login(&ann).await, world.login(&ann).await);
    let passwords: Vec<String> = (0..2).map(|_| a_password()).collect();
    let changes = [&one, &other].into_iter().zip(&passwords).map(|(session, new)| {
        let body = json!({"current_password": ann.password, "new_password": new});
        let request = world.request(Method::POST, CHANGE).bearer_auth(&session.access).json(&body);
        async move { Answer::read(request.send().await.expect("an answer")).await }
    });
    let answers = race(changes.collect()).await;
    let won = answers.iter().position(|answer| answer.status == 204).expect("one wins");
    // The later one was signed out by the other, or had its password changed under its hands.
    let lost = &answers[1 - won];
    assert!([401, 422].contains(&lost.status), "{lost:?}");
    world.login(&User { password: passwords[won].clone(), ..ann }).await;
}

async fn a_password_that_must_be_replaced_is_not_chosen_again(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let ann = world.user("ann").await;
    let session = world.login(&ann).await;
    // Nobody asked for another one: then it may stay.
    let token = asks(&world, &mailbox, &ann, 1).await;
    assert_eq!(resets(&world, &token, &ann.password).await.status, 204);
    within(A_WHILE, "a letter tells of it", async || mailbox.letters_to(&ann.email).len() == 2).await;
    assert!(!session.lives(&world).await);
    let session = world.login(&ann).await;
    world.amend(&ann, |amendment| amendment.change.must_reset_password = Some(true)).await;
    let body = json!({"current_password": ann.password, "new_password": ann.password});
    let again = session.send(&world, Method::POST, CHANGE, Some(&body)).await;
    assert_eq!((again.status, faulty(&again)), (422, vec!["new_password".to_owned()]), "{again:?}");
    assert!(again.body.contains("is the password that must be replaced"), "{again:?}");
    let token = asks(&world, &mailbox, &ann, 3).await;
    let again = resets(&world, &token, &ann.password).await;
    assert_eq!((again.status, faulty(&again)), (422, vec!["password".to_owned()]), "{again:?}");
    assert!(again.body.contains("is the password that must be replaced"), "{again:?}");
    let password = a_password();
    assert_eq!(resets(&world, &token, &password).await.status, 204, "the link stays");
    world.login(&User { password, ..ann }).await;
}

async fn a_letter_is_asked_for_with_an_address(backend: Backend) {
    let world = backend.world().await;
    world.user("ann").await;
    for path in [FORGOT, RESEND] {
        for body in [json!({}), json!({"email": ""}), json!({"email": "ann"}), json!({"email": ["ann@example.org"]})] {
            let answer = world.tell(path, &body).await;
            answer.is_problem(422, "invalid_fields");
            assert_eq!(faulty(&answer), ["email"]);
        }
    }
}
