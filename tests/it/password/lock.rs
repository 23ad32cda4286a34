//! While a name is locked at an address, the right password is as good as a wrong one.

use crate::harness::{Answer, Backend, Persona, TOKEN, User, World, stories};

stories![a_lock_is_not_opened_by_the_right_password, without_limits_nobody_is_locked];

const LOCKS_AFTER: u32 = 3;

async fn from(world: &World, app: &Persona, address: &str, user: &User, password: &str) -> Answer {
    let form = [("grant_type", "password"), ("username", user.username.as_str()), ("password", password)];
    world.send(app.request(world, TOKEN, &form).header("x-forwarded-for", address)).await
}

async fn a_lock_is_not_opened_by_the_right_password(backend: Backend) {
    let world = backend
        .world_with(|config| {
            config.limits.enabled = true;
            config.server.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
            config.limits.lock_after = LOCKS_AFTER;
            config.limits.longest_slow_down_milliseconds = 0;
        })
        .await;
    let (user, app) = (world.user("ann").await, world.app(|_| ()).await);
    let (here, elsewhere) = ("203.0.113.9", "203.0.113.10");
    let wrong = async || from(&world, &app, here, &user, "not the password").await;
    for _ in 1..LOCKS_AFTER {
        wrong().await.is_refused(400, "invalid_grant");
    }
    assert_eq!(from(&world, &app, here, &user, &user.password).await.status, 200, "a right one makes it good");
    for _ in 0..LOCKS_AFTER {
        wrong().await.is_refused(400, "invalid_grant");
    }
    let locked = "SELECT client_id FROM audit_log WHERE act = 'login_locked'";
    assert_eq!(world.texts(locked).await, [app.id.as_str()], "that it was locked is recorded, once");
    let (right, wrong) = (from(&world, &app, here, &user, &user.password).await, wrong().await);
    right.is_refused(400, "invalid_grant");
    let told = |answer: &Answer| answer.body.replace(answer.header("x-request-id"), "");
    assert_eq!(told(&right), told(&wrong));
    assert_eq!(from(&world, &app, elsewhere, &user, &user.password).await.status, 200, "a stranger locks nobody out");
    world.advance(16 * 60);
    assert_eq!(from(&world, &app, here, &user, &user.password).await.status, 200);
    assert_eq!(world.texts(locked).await.len(), 1);
}

async fn without_limits_nobody_is_locked(backend: Backend) {
    let world = backend.world().await;
    let (user, app) = (world.user("ann").await, world.app(|_| ()).await);
    for _ in 0..15 {
        app.sign_in_as(&world, "ann", "not the password", &[]).await.is_refused(400, "invalid_grant");
    }
    app.signed_in(&world, &user, &[]).await;
    assert!(world.texts("SELECT account FROM login_failures").await.is_empty());
}
