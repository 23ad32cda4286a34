//! How long a session lasts.

use super::{people, people_with};
use crate::harness::{Backend, stories};

stories![
    a_session_that_is_not_used_ends,
    a_session_ends_however_often_it_is_used,
    no_token_outlives_its_session,
    the_settings_say_how_long,
];

const DAY: i64 = 86_400;

async fn a_session_that_is_not_used_ends(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let first = app.signed_in(&world, &user, &[]).await;
    world.advance(7 * DAY - 1);
    let next = app.refreshed(&world, first.next(), &[]).await;
    world.advance(7 * DAY - 1);
    assert!(app.sees_alive(&world, next.next()).await);
    world.advance(1);
    assert!(!app.sees_alive(&world, next.next()).await);
    app.refresh(&world, next.next(), &[]).await.is_refused(400, "invalid_grant");
    let recorded = world.texts("SELECT id FROM audit_log WHERE act = 'refresh_reused'").await;
    assert!(recorded.is_empty(), "whoever comes too late is no thief");
}

async fn a_session_ends_however_often_it_is_used(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let mut token = app.signed_in(&world, &user, &[]).await;
    for _ in 0..5 {
        world.advance(6 * DAY - 1);
        token = app.refreshed(&world, token.next(), &[]).await;
    }
    world.advance(4);
    token = app.refreshed(&world, token.next(), &[]).await;
    world.advance(1);
    app.refresh(&world, token.next(), &[]).await.is_refused(400, "invalid_grant");
    assert!(!app.sees_alive(&world, &token.text).await);
    app.signed_in(&world, &user, &[]).await;
}

async fn no_token_outlives_its_session(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let mut token = app.signed_in(&world, &user, &[]).await;
    let ends = world.clock.now().seconds() + 30 * DAY;
    for days in [6, 6, 6, 6, 6] {
        world.advance(days * DAY - 20);
        token = app.refreshed(&world, token.next(), &[]).await;
    }
    assert_eq!((&token.claims["exp"], &token.answer["expires_in"]), (&ends.into(), &100.into()));
    world.advance(99);
    assert!(app.sees_alive(&world, &token.text).await);
    world.advance(1);
    assert!(!app.sees_alive(&world, &token.text).await);
}

async fn the_settings_say_how_long(backend: Backend) {
    let (world, app, user) = people_with(backend, |config| {
        (config.tokens.refresh_idle_days, config.tokens.refresh_absolute_days) = (1, 2);
    })
    .await;
    let (idle, used) = (app.signed_in(&world, &user, &[]).await, app.signed_in(&world, &user, &[]).await);
    world.advance(DAY - 1);
    let used = app.refreshed(&world, used.next(), &[]).await;
    world.advance(1);
    app.refresh(&world, idle.next(), &[]).await.is_refused(400, "invalid_grant");
    world.advance(DAY - 2);
    let used = app.refreshed(&world, used.next(), &[]).await;
    world.advance(2);
    app.refresh(&world, used.next(), &[]).await.is_refused(400, "invalid_grant");
}
