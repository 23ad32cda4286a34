//! Whatever is wrong, the answer is the same: only the log and the audit know more.

use countersign::store::users::NewUser;
use countersign::time::UnixTime;

use crate::harness::{Answer, Backend, User, World, stories};

stories![
    whoever_does_not_get_in_hears_the_same,
    an_address_that_is_not_confirmed_is_no_news_to_strangers,
    unless_the_settings_say_so_an_address_need_not_be_confirmed,
    a_new_password_that_is_due_is_for_the_old_ones_owner_to_know,
    who_was_shut_out_is_let_in_again,
];

/// Everything that a caller can see, but for what differs from one request to the next.
fn visible(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let id = answer.header("x-request-id");
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().expect("text").replace(id, "<id>")));
    (answer.status, headers.collect(), answer.body.replace(id, "<id>"))
}

async fn special(world: &World, name: &str, change: fn(&mut NewUser, UnixTime)) -> User {
    let now = world.clock.now();
    world.user_with(name, |new| change(new, now)).await
}

async fn whoever_does_not_get_in_hears_the_same(backend: Backend) {
    let world = backend.world_with(|config| config.accounts.require_verified_email = true).await;
    let ann = world.user("ann").await;
    let disabled = special(&world, "disabled", |new, now| new.user.disabled_at = Some(now)).await;
    let locked = special(&world, "locked", |new, now| new.user.locked_at = Some(now)).await;
    let unverified = special(&world, "unverified", |new, _| new.user.verified_at = None).await;
    let without = special(&world, "without", |new, _| new.user.password_hash = None).await;
    let app = world.app(|_| ()).await;
    let wrong = "not the password";
    let cases = [
        (app.sign_in_as(&world, "nobody", wrong, &[]).await, "unknown_user"),
        (app.sign_in_as(&world, "nobody@example.org", wrong, &[]).await, "unknown_user"),
        (app.sign_in_as(&world, "ann", wrong, &[]).await, "wrong_password"),
        (app.sign_in_as(&world, "ANN@example.org", wrong, &[]).await, "wrong_password"),
        (app.sign_in_as(&world, "ann", &disabled.password, &[]).await, "wrong_password"),
        (app.sign_in(&world, &disabled, &[]).await, "user_disabled"),
        (app.sign_in_as(&world, "disabled", wrong, &[]).await, "user_disabled"),
        (app.sign_in(&world, &locked, &[]).await, "user_locked"),
        (app.sign_in(&world, &unverified, &[]).await, "user_unverified"),
        (app.sign_in_as(&world, "unverified", wrong, &[]).await, "user_unverified"),
        (app.sign_in(&world, &without, &[]).await, "no_password"),
        // What else is wrong with the request is not looked at before.
        (app.sign_in_as(&world, "ann", wrong, &[("scope", "nothing")]).await, "wrong_password"),
    ];
    let first = visible(&cases[0].0);
    for (answer, reason) in &cases {
        answer.is_refused(400, "invalid_grant");
        assert_eq!(visible(answer), first, "{reason}");
        let query = format!(
            "SELECT reason FROM audit_log WHERE act = 'sign_in_refused' AND outcome = 'refused' AND request_id = '{}'",
            answer.header("x-request-id")
        );
        assert_eq!(world.texts(&query).await, [*reason], "the audit knows");
    }
    let about = "SELECT COALESCE(target_id, 'nobody') FROM audit_log WHERE act = 'sign_in_refused' ORDER BY at, id";
    let mut about = world.texts(about).await;
    about.sort();
    let mut expected = vec!["nobody".to_owned(); 2];
    for (user, times) in [(&ann, 4), (&disabled, 2), (&locked, 1), (&unverified, 2), (&without, 1)] {
        expected.extend(vec![user.id.clone(); times]);
    }
    expected.sort();
    assert_eq!(about, expected);
    app.signed_in(&world, &ann, &[]).await;
}

async fn an_address_that_is_not_confirmed_is_no_news_to_strangers(backend: Backend) {
    let world = backend.world_with(|config| config.accounts.require_verified_email = true).await;
    let user = special(&world, "ann", |new, _| new.user.verified_at = None).await;
    let app = world.app(|_| ()).await;
    let answer = app.sign_in(&world, &user, &[]).await;
    answer.is_refused(400, "invalid_grant");
    assert!(answer.body.contains("not confirmed yet"), "its owner can guess what is missing: {answer:?}");
    let now = world.clock.now();
    world.amend(&user, |amendment| amendment.change.verified_at = Some(Some(now))).await;
    app.signed_in(&world, &user, &[]).await;
}

async fn unless_the_settings_say_so_an_address_need_not_be_confirmed(backend: Backend) {
    let world = backend.world().await;
    let user = special(&world, "ann", |new, _| new.user.verified_at = None).await;
    world.app(|_| ()).await.signed_in(&world, &user, &[]).await;
}

async fn a_new_password_that_is_due_is_for_the_old_ones_owner_to_know(backend: Backend) {
    let world = backend.world().await;
    let user = special(&world, "ann", |new, _| new.user.must_reset_password = true).await;
    let app = world.app(|_| ()).await;
    let told = app.sign_in(&world, &user, &[]).await;
    told.is_refused(400, "invalid_grant");
    assert!(told.body.contains("needs a new password"), "{told:?}");
    let wrong = app.sign_in_as(&world, "ann", "not the password", &[]).await;
    assert_eq!(visible(&wrong), visible(&app.sign_in_as(&world, "nobody", "not the password", &[]).await));
    assert_eq!(world.texts("SELECT id FROM grants").await.len(), 0);
}

async fn who_was_shut_out_is_let_in_again(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let user = world.user("ann").await;
    let app = world.app(|_| ()).await;
    let now = Some(world.clock.now());
    app.signed_in(&other, &user, &[]).await;
    for shut in [true, false] {
        world.lock(&user, now.filter(|_| shut)).await;
        assert_eq!(app.sign_in(&other, &user, &[]).await.status, if shut { 400 } else { 200 });
        world.disable_user(&user, now.filter(|_| shut)).await;
        assert_eq!(app.sign_in(&other, &user, &[]).await.status, if shut { 400 } else { 200 });
        world.disable_user(&user, None).await;
    }
}
