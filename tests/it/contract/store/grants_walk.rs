//! `grants` as they are looked through, step by step, for what may be forgotten.

use countersign::store::Store;
use countersign::store::grants::GrantsWalk;

use super::users::{add, new_user};
use crate::contract::database::{Fresh, Raw};
use crate::contract::{NOW, on_both_databases};

on_both_databases! {
    what_is_over_goes_and_the_rest_stays
    a_walk_takes_as_many_steps_as_there_are_grants
    a_walk_ends_in_whichever_order_the_database_sorts
}

const COLUMNS: &str = "id, user_id, client_id, user_epoch, scope, resources, created_at, expires_at, last_used_at, \
                       ended_at, refresh_hash, rotated_at, successor";

/// A walk that is `idle` seconds and `window` seconds strict.
fn walk() -> GrantsWalk {
    let mut walk = GrantsWalk::default();
    (walk.unused_since, walk.rotated_before, walk.before) = (NOW.minus(1_000), NOW.minus(10), NOW);
    walk
}

/// Id, expiry, last use, end, refresh token, rotation, what is kept.
async fn insert(raw: &mut Raw, rows: impl Iterator<Item = (String, String)>) {
    let rows: Vec<String> =
        rows.map(|(id, rest)| format!("('{id}', 'u1', 'first-party', 1, '', '', 0, {rest})")).collect();
    raw.execute(&format!("INSERT INTO grants ({COLUMNS}) VALUES {}", rows.join(","))).await;
}

async fn sweep(store: &Store, walk: &mut GrantsWalk) -> usize {
    store.sweep_grants(walk).await.unwrap()
}

async fn what_is_over_goes_and_the_rest_stays(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    let mut raw = fresh.raw().await;
    let now = NOW.seconds();
    let rows = [
        ("a: good", format!("{}, {now}, NULL, 'a', NULL, NULL", now + 1)),
        ("b: at its end", format!("{now}, {now}, NULL, 'b', NULL, NULL")),
        ("c: over", format!("{}, {now}, NULL, 'c', NULL, NULL", now - 1)),
        ("d: idle, but not for too long", format!("{}, {}, NULL, 'd', NULL, NULL", now + 1, now - 1_000)),
        ("e: idle for too long", format!("{}, {}, NULL, 'e', NULL, NULL", now + 1, now - 1_001)),
        ("f: idle, and without a refresh token", format!("{}, {}, NULL, NULL, NULL, NULL", now + 1, now - 1_001)),
        ("g: ended", format!("{}, {now}, {}, 'g', NULL, NULL", now + 1, now - 86_400)),
        ("h: ended a day ago", format!("{}, {now}, {}, 'h', NULL, NULL", now + 1, now - 86_401)),
        ("i: in the window", format!("{}, {now}, NULL, 'i', {}, 'kept'", now + 1, now - 9)),
        ("j: past the window", format!("{}, {now}, NULL, 'j', {}, 'kept'", now + 1, now - 10)),
    ];
    insert(&mut raw, rows.into_iter().map(|(id, rest)| (id.to_owned(), rest))).await;
    let mut walk = walk();
    assert_eq!((sweep(&store, &mut walk).await, walk.is_at_the_end()), (3, true));
    let left = raw.texts("SELECT substr(id, 1, 1) || TRIM(COALESCE(successor, '')) FROM grants ORDER BY id").await;
    assert_eq!(left, ["a", "b", "d", "f", "g", "ikept", "j"]);
    assert_eq!(sweep(&store, &mut walk).await, 0, "another walk begins anew");
}

async fn a_walk_takes_as_many_steps_as_there_are_grants(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    let mut raw = fresh.raw().await;
    let now = NOW.seconds();
    let row =
        |number: usize, expires: i64| (format!("{number:06}"), format!("{expires}, {now}, NULL, NULL, NULL, NULL"));
    for thousand in 0..11 {
        let numbers = (0..1_000).map(|number| thousand * 1_000 + number);
        insert(&mut raw, numbers.map(|number| row(number, if number % 10 == 0 { now - 1 } else { now + 1 }))).await;
    }
    let mut walk = walk();
    let mut steps = Vec::new();
    while !walk.is_at_the_end() {
        steps.push(sweep(&store, &mut walk).await);
    }
    assert_eq!(steps, [500, 500, 100]);
    let left = raw.texts("SELECT CAST(COUNT(*) AS TEXT) FROM grants").await;
    assert_eq!(left, ["9900"]);
}

/// Postgres is often made with the collation of a language, in which punctuation sorts before digits and letters.
async fn a_walk_ends_in_whichever_order_the_database_sorts(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    let mut raw = fresh.raw().await;
    if let Raw::Postgres(_) = raw {
        raw.execute(r#"ALTER TABLE grants ALTER COLUMN id TYPE TEXT COLLATE "en-x-icu""#).await;
    }
    assert_eq!(sweep(&store, &mut walk()).await, 0, "there is nothing at all");
    let now = NOW.seconds();
    let over = format!("{}, {now}, NULL, 'a', NULL, NULL", now - 1);
    let kept = format!("{}, {now}, NULL, 'b', {}, 'kept'", now + 1, now - 10);
    insert(&mut raw, [("0193b-1".to_owned(), over), ("f193b-2".to_owned(), kept)].into_iter()).await;
    let mut walk = walk();
    assert_eq!((sweep(&store, &mut walk).await, walk.is_at_the_end()), (1, true));
    assert_eq!(raw.texts("SELECT id || TRIM(successor) FROM grants").await, ["f193b-2"]);
}
