//! Another address: it takes the password, and where addresses must be confirmed, the letter that goes to it.

use serde_json::{Value, json};

use crate::api::faulty;
use crate::api::people::{FORGOT, RESET, Session, VERIFY, a_password, token_of_letter, visible, with_letters};
use crate::harness::{A_WHILE, Answer, Backend, Node, User, stories, within};

stories![
    another_address_takes_the_password,
    without_confirming_another_address_counts_at_once,
    with_confirming_another_address_counts_once_it_is_confirmed,
    a_taken_address_is_told_to_its_owner_alone,
    an_address_that_was_left_resets_nothing,
    an_address_that_was_left_does_not_come_back,
    of_several_addresses_the_last_one_counts,
    letters_to_other_addresses_are_limited,
    the_address_that_was_left_is_told,
    another_spelling_of_ones_own_address_takes_effect,
];

async fn moves(node: &Node, session: &Session, user: &User, email: &str) -> Answer {
    session.patch(node, json!({"email": email, "current_password": user.password})).await
}

async fn another_address_takes_the_password(backend: Backend) {
    let world = backend.world().await;
    let (ann, session) = world.registers("ann").await;
    for (body, detail) in [
        (json!({"email": "new@example.org"}), "is needed"),
        (json!({"email": "new@example.org", "current_password": "wrong word"}), "is wrong"),
        (json!({"email": "new@example.org", "current_password": null}), "is needed"),
    ] {
        let answer = session.patch(&world, body).await;
        answer.is_problem(422, "invalid_fields");
        assert_eq!(faulty(&answer), ["current_password"]);
        assert!(answer.body.contains(detail), "{answer:?}");
    }
    let malformed = moves(&world, &session, &ann, "new@").await;
    assert_eq!((malformed.status, faulty(&malformed)), (422, vec!["email".to_owned()]));
    assert_eq!(session.me(&world).await.json()["email"], ann.email.as_str());
    let same = session.patch(&world, json!({"email": ann.email})).await;
    assert_eq!(same.status, 200, "the same address takes no password");
}

async fn without_confirming_another_address_counts_at_once(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let session = world.login(&ann).await;
    moves(&world, &session, &ann, "BOB@example.org").await.is_problem(409, "conflict");
    let answer = moves(&world, &session, &ann, "New@example.org").await;
    let shown = answer.json();
    assert_eq!((&shown["email"], &shown["email_verified"]), (&json!("New@example.org"), &Value::Bool(false)));
    assert_eq!(world.try_login(&ann.email, &ann.password).await.status, 401);
    assert_eq!(world.try_login("new@example.org", &ann.password).await.status, 200);
    let token = token_of_letter(&mailbox, "New@example.org", 1).await;
    assert_eq!(world.tell(VERIFY, &json!({ "token": token })).await.status, 204);
    assert_eq!(session.me(&world).await.json()["email_verified"], true);
    world.login(&bob).await;
}

async fn with_confirming_another_address_counts_once_it_is_confirmed(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |config| config.accounts.require_verified_email = true).await;
    let mut ann = world.user("ann").await;
    let session = world.login(&ann).await;
    let answer = moves(&world, &session, &ann, "new@example.org").await;
    let shown = answer.json();
    assert_eq!((&shown["email"], &shown["email_verified"]), (&json!(ann.email), &Value::Bool(true)));
    assert_eq!(world.try_login("new@example.org", &ann.password).await.status, 401);
    let token = token_of_letter(&mailbox, "new@example.org", 1).await;
    assert_eq!(world.tell(VERIFY, &json!({ "token": token })).await.status, 204);
    let shown = session.me(&world).await.json();
    assert_eq!((&shown["email"], &shown["email_verified"]), (&json!("new@example.org"), &Value::Bool(true)));
    ann.username = "new@example.org".to_owned();
    world.login(&ann).await;
    world.tell(VERIFY, &json!({ "token": token })).await.is_problem(400, "invalid_grant");
    let changed = "SELECT actor_id FROM audit_log WHERE act = 'email_changed' AND outcome = 'done'";
    assert!(world.texts(changed).await.iter().all(|actor| *actor == ann.id));
}

async fn a_taken_address_is_told_to_its_owner_alone(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |config| config.accounts.require_verified_email = true).await;
    let (ann, bob, cid) = (world.user("ann").await, world.user("bob").await, world.user("cid").await);
    let (anns, cids) = (world.login(&ann).await, world.login(&cid).await);
    let taken = moves(&world, &anns, &ann, &bob.email).await;
    let free = moves(&world, &cids, &cid, "free@example.org").await;
    let hidden = |answer: &Answer, user: &User| {
        let (status, headers, body) = visible(answer);
        let headers: Vec<_> =
            headers.into_iter().filter(|(name, _)| name != "etag" && name != "content-length").collect();
        (status, headers, body.replace(&user.id, "<id>").replace(&user.username, "<name>"))
    };
    assert_eq!(hidden(&taken, &ann), hidden(&free, &cid));
    let letter = mailbox.letter_to(&bob.email).await;
    assert!(letter.subject().contains("already have an account"), "{letter:?}");
    assert!(!letter.text.contains("token="), "nothing is to be won by it: {letter:?}");
    // Who was faster has it: of two who want one address the later one hears so from the letter's link.
    let token = token_of_letter(&mailbox, "free@example.org", 1).await;
    moves(&world, &anns, &ann, "free@example.org").await;
    let anns_token = token_of_letter(&mailbox, "free@example.org", 2).await;
    assert_eq!(world.tell(VERIFY, &json!({ "token": anns_token })).await.status, 204);
    world.tell(VERIFY, &json!({ "token": token })).await.is_problem(409, "conflict");
}

async fn an_address_that_was_left_resets_nothing(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let ann = world.user("ann").await;
    let session = world.login(&ann).await;
    assert_eq!(world.tell(FORGOT, &json!({ "email": ann.email })).await.status, 202);
    let token = token_of_letter(&mailbox, &ann.email, 1).await;
    assert_eq!(moves(&world, &session, &ann, "new@example.org").await.status, 200);
    let body = json!({"token": token, "password": a_password()});
    world.tell(RESET, &body).await.is_problem(400, "invalid_grant");
    world.login(&ann).await;
}

async fn an_address_that_was_left_does_not_come_back(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let ann = world.user("ann").await;
    let session = world.login(&ann).await;
    assert_eq!(moves(&world, &session, &ann, "thief@example.org").await.status, 200);
    let token = token_of_letter(&mailbox, "thief@example.org", 1).await;
    within(A_WHILE, "the address that was left is told", async || mailbox.letters_to(&ann.email).len() == 1).await;
    assert_eq!(moves(&world, &session, &ann, &ann.email).await.status, 200);
    world.tell(VERIFY, &json!({ "token": token })).await.is_problem(400, "invalid_grant");
    let shown = session.me(&world).await.json();
    assert_eq!((&shown["email"], &shown["email_verified"]), (&json!(ann.email), &Value::Bool(false)));
    let token = token_of_letter(&mailbox, &ann.email, 2).await;
    assert_eq!(world.tell(VERIFY, &json!({ "token": token })).await.status, 204);
}

async fn of_several_addresses_the_last_one_counts(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |config| config.accounts.require_verified_email = true).await;
    let ann = world.user("ann").await;
    let session = world.login(&ann).await;
    for email in ["thief@example.org", "new@example.org"] {
        assert_eq!(moves(&world, &session, &ann, email).await.status, 200);
    }
    let (thiefs, own) = (
        token_of_letter(&mailbox, "thief@example.org", 1).await,
        token_of_letter(&mailbox, "new@example.org", 1).await,
    );
    world.tell(VERIFY, &json!({ "token": thiefs })).await.is_problem(400, "invalid_grant");
    assert_eq!(world.tell(VERIFY, &json!({ "token": own })).await.status, 204);
    assert_eq!(session.me(&world).await.json()["email"], "new@example.org");
}

async fn the_address_that_was_left_is_told(backend: Backend) {
    for confirms in [false, true] {
        let (world, mailbox) = with_letters(backend, |config| config.accounts.require_verified_email = confirms).await;
        let (ann, bob) = (world.user("ann").await, world.user("bob").await);
        let session = world.login(&ann).await;
        moves(&world, &session, &ann, "new@example.org").await;
        let token = token_of_letter(&mailbox, "new@example.org", 1).await;
        if confirms {
            assert!(mailbox.letters_to(&ann.email).is_empty(), "nothing has changed yet");
        } else {
            mailbox.letter_to(&ann.email).await;
        }
        assert_eq!(world.tell(VERIFY, &json!({ "token": token })).await.status, 204);
        let letter = mailbox.letter_to(&ann.email).await;
        assert!(letter.subject().contains("email address") && letter.subject().contains("was changed"), "{letter:?}");
        assert!(letter.text.contains("127.0.0.1") && letter.link().ends_with("/forgot-password"), "{letter:?}");
        assert!(!letter.text.contains("new@example.org"), "whose mail goes where is nobody else's business");
        // A change that fails tells nobody of anything.
        let bobs = world.login(&bob).await;
        moves(&world, &bobs, &User { password: a_password(), ..bob.clone() }, "other@example.org").await;
        moves(&world, &bobs, &bob, "NEW@example.org").await;
        bobs.patch(&world, json!({"name": "Bob"})).await;
        assert!(mailbox.letters_to(&bob.email).is_empty());
    }
}

async fn another_spelling_of_ones_own_address_takes_effect(backend: Backend) {
    for confirms in [false, true] {
        let (world, mailbox) = with_letters(backend, |config| config.accounts.require_verified_email = confirms).await;
        let ann = world.user("ann").await;
        let session = world.login(&ann).await;
        assert_eq!(moves(&world, &session, &ann, "Ann@Example.org").await.status, 200);
        let token = token_of_letter(&mailbox, "Ann@Example.org", 1).await;
        assert_eq!(world.tell(VERIFY, &json!({ "token": token })).await.status, 204);
        let shown = session.me(&world).await.json();
        assert_eq!((&shown["email"], &shown["email_verified"]), (&json!("Ann@Example.org"), &Value::Bool(true)));
        assert_eq!(world.try_login("ANN@example.org", &ann.password).await.status, 200);
    }
}

async fn letters_to_other_addresses_are_limited(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |config| {
        config.limits.enabled = true;
        config.accounts.require_verified_email = true;
    })
    .await;
    let ann = world.user("ann").await;
    let session = world.login(&ann).await;
    for number in 0..5 {
        assert_eq!(moves(&world, &session, &ann, &format!("victim{number}@example.org")).await.status, 200);
    }
    moves(&world, &session, &ann, "victim@example.org").await.is_problem(429, "too_many_requests");
    within(A_WHILE, "the letters arrive", async || mailbox.letters().len() == 5).await;
}
