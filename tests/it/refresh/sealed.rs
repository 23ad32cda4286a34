//! What is kept for a retry: sealed under the token that it replaces, and gone once it was spent.

use countersign::secret::{Plain, RefreshToken};
use countersign::tokens::refresh;

use super::{people, people_with};
use crate::harness::{Backend, World, stories};

stories![
    a_dump_of_the_table_leads_from_no_old_token_to_a_good_one,
    what_is_kept_opens_for_one_token_alone,
    the_sweep_erases_what_was_kept_once_the_window_has_ended,
    a_session_takes_as_much_room_after_a_rotation_as_before,
    the_sweep_forgets_sessions_that_are_over_and_no_others,
];

/// Everything that the table holds.
async fn dump(world: &World) -> Vec<String> {
    let columns = "refresh_hash || ' ' || COALESCE(previous_hash, '') || ' ' || COALESCE(rotation_request, '') || ' ' \
                   || COALESCE(successor, '')";
    world.texts(&format!("SELECT id || ' ' || scope || ' ' || resources || ' ' || {columns} FROM grants")).await
}

/// What whoever has the table, an old token, and even the keys of this server can make of a row.
fn walk(world: &World, token: &str, row: &str) -> Option<String> {
    let presented = refresh::read(&world.app, &Plain::<RefreshToken>::presented(token))?;
    let opened = row.split(' ').find_map(|field| presented.open(&world.app, field).ok())?;
    Some(opened.reveal().to_owned())
}

async fn a_dump_of_the_table_leads_from_no_old_token_to_a_good_one(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let mut tokens = vec![app.signed_in(&world, &user, &[]).await.next().to_owned()];
    for round in 0..4 {
        tokens.push(app.refreshed(&world, &tokens[round], &[]).await.next().to_owned());
    }
    let [row] = dump(&world).await.try_into().expect("one row");
    for token in &tokens {
        assert!(!row.contains(token.as_str()) && !row.contains(&token[11..31]), "no token stands in it: {row}");
    }
    let (current, before) = (&tokens[4], &tokens[3]);
    assert_eq!(walk(&world, before, &row).as_ref(), Some(current), "the control: what is kept can be opened");
    for old in &tokens[..3] {
        assert_eq!(walk(&world, old, &row), None, "the one that was spent is no way to the next");
    }
    assert_eq!(walk(&world, current, &row), None);
    app.revoke_well(&world, current).await;
    let [row] = dump(&world).await.try_into().expect("one row");
    for token in &tokens {
        assert_eq!(walk(&world, token, &row), None, "of a session that was ended nothing is kept");
    }
}

async fn what_is_kept_opens_for_one_token_alone(backend: Backend) {
    let (world, app, user) = people(backend).await;
    let (one, other) = (app.signed_in(&world, &user, &[]).await, app.signed_in(&world, &user, &[]).await);
    let next = app.refreshed(&world, one.next(), &[]).await;
    app.refreshed(&world, other.next(), &[]).await;
    let rows = dump(&world).await;
    let walked: Vec<_> = rows.iter().filter_map(|row| walk(&world, one.next(), row)).collect();
    assert_eq!(walked, [next.next()], "its own row, and not that of the other session");
}

async fn the_sweep_erases_what_was_kept_once_the_window_has_ended(backend: Backend) {
    let (world, app, user) = people(backend).await;
    world.stop_jobs().await;
    let first = app.signed_in(&world, &user, &[]).await;
    let next = app.refreshed(&world, first.next(), &[]).await;
    world.advance(9);
    world.sweep().await;
    assert_eq!(app.refreshed(&world, first.next(), &[]).await.next(), next.next(), "the window has not ended");
    world.advance(1);
    let [row] = dump(&world).await.try_into().expect("one row");
    assert!(walk(&world, first.next(), &row).is_some(), "the control: it is still there");
    world.sweep().await;
    let [row] = dump(&world).await.try_into().expect("one row");
    for token in [first.next(), next.next()] {
        assert_eq!(walk(&world, token, &row), None);
    }
    let last = app.refreshed(&world, next.next(), &[]).await;
    app.refresh(&world, first.next(), &[]).await.is_refused(400, "invalid_grant");
    assert!(!app.sees_alive(&world, &last.text).await, "a token that was replaced is known without what was kept");
}

/// Of a million sessions nearly every rotation finds a full page: a row that grew would have to be moved.
async fn a_session_takes_as_much_room_after_a_rotation_as_before(backend: Backend) {
    for window in [10, 0] {
        let (world, app, user) = people_with(backend, |config| config.tokens.refresh_retry_seconds = window).await;
        world.stop_jobs().await;
        let lengths = "SELECT LENGTH(refresh_hash) || ' ' || LENGTH(previous_hash) || ' ' || LENGTH(rotation_request) \
                       || ' ' || LENGTH(successor) || ' ' || LENGTH(CAST(rotated_at AS TEXT)) FROM grants";
        let first = app.signed_in(&world, &user, &[]).await;
        let before = world.texts(lengths).await;
        let next = app.refreshed(&world, first.next(), &[]).await;
        assert_eq!(world.texts(lengths).await, before);
        world.advance(60);
        world.sweep().await;
        assert_eq!(world.texts(lengths).await, before, "what is erased leaves its room");
        app.refreshed(&world, next.next(), &[]).await;
        assert_eq!(world.texts(lengths).await, before);
    }
}

async fn the_sweep_forgets_sessions_that_are_over_and_no_others(backend: Backend) {
    const DAY: i64 = 86_400;
    let (world, app, user) = people(backend).await;
    world.stop_jobs().await;
    let brief = world.app(|m| m.grant_types = vec!["password".parse().expect("a grant type")]).await;
    brief.signed_in(&world, &user, &[]).await;
    let sign_in = async || app.signed_in(&world, &user, &[]).await;
    let (ended, mut used) = (sign_in().await, sign_in().await);
    sign_in().await;
    app.revoke_well(&world, ended.next()).await;
    let swept = async || world.sweep().await.of("grants");
    assert_eq!(swept().await, 0);
    world.advance(1_100);
    assert_eq!((swept().await, swept().await), (1, 0), "the one that could not be renewed");
    world.advance(DAY);
    assert_eq!(swept().await, 1, "the one that was ended a day ago");
    world.advance(5 * DAY);
    used = app.refreshed(&world, used.next(), &[]).await;
    assert_eq!(swept().await, 0);
    world.advance(DAY);
    assert_eq!(swept().await, 1, "the one that nobody used");
    for _ in 0..4 {
        world.advance(5 * DAY);
        used = app.refreshed(&world, used.next(), &[]).await;
        assert_eq!(swept().await, 0, "the one that is used");
    }
    world.advance(5 * DAY);
    assert_eq!(swept().await, 1, "and that one after its last day");
    app.refresh(&world, used.next(), &[]).await.is_refused(400, "invalid_grant");
}
