//! `sessions`.

use countersign::secret::{Hash, SessionSecret};
use countersign::store::Store;
use countersign::store::grants::SignIn;
use countersign::store::sessions::SessionRow;
use countersign::store::users::{NewUser, Spared};

use super::users::{add, new_user};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::{amendment, audited};

on_both_databases! {
    a_session_comes_back_with_what_it_depends_on
    a_session_takes_the_place_of_the_one_before
    a_session_is_not_opened_for_who_was_changed_or_shut_out
    of_many_that_end_the_others_one_is_left
    a_session_is_good_while_it_is_used_and_its_user_is_let_in
    sessions_that_are_over_are_swept
    sessions_are_listed_and_ended_by_their_user_alone
    of_many_who_end_a_session_one_has_done_it
}

pub fn hash(id: &str) -> Hash<SessionSecret> {
    Hash::stored(format!("hash of {id}"))
}

pub fn session(id: &str, user: &str) -> SessionRow {
    SessionRow {
        hash: hash(id),
        id: id.to_owned(),
        user_id: user.to_owned(),
        user_epoch: 77, // The store knows better.
        auth_time: NOW,
        proven_at: Some(NOW),
        acr: "a class".to_owned(),
        amr: "pwd otp".to_owned(),
        created_at: NOW,
        last_used_at: NOW,
        expires_at: NOW.plus(1000),
        ended_at: None,
        device: None,
        address: None,
    }
}

async fn try_to_open(store: &Store, row: SessionRow, before: Option<&str>, epoch: i64, ends_others: bool) -> bool {
    let sign_in = SignIn { epoch, ends_others, upgraded: None, spends: None };
    store.open_session(row, before.map(hash), sign_in, audited(), NOW).await.unwrap()
}

/// Opens a session of a user whose epoch is the first.
pub async fn open(store: &Store, id: &str, user: &str) {
    assert!(try_to_open(store, session(id, user), None, 1, false).await);
}

async fn a_session_comes_back_with_what_it_depends_on(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, NewUser { roles: vec!["user".to_owned(), "admin".to_owned()], ..new_user("u1") }).await;
    add(&store, new_user("u2")).await;
    open(&store, "s1", "u1").await;
    open(&store, "s2", "u2").await;
    let found = store.session(&hash("s1")).await.unwrap().unwrap();
    assert_eq!(format!("{:?}", found.session), format!("{:?}", SessionRow { user_epoch: 1, ..session("s1", "u1") }));
    let mut roles = found.roles.clone();
    roles.sort();
    assert_eq!((found.username.as_str(), roles), ("u1", vec!["admin".to_owned(), "user".to_owned()]));
    assert!(store.session(&hash("s3")).await.unwrap().is_none());
    assert!(store.session(&Hash::stored("s1".to_owned())).await.unwrap().is_none(), "its public name opens nothing");
    // Neither name is given twice.
    for row in [
        SessionRow { hash: hash("s3"), ..session("s1", "u1") },
        SessionRow { id: "s3".to_owned(), ..session("s1", "u1") },
    ] {
        let sign_in = SignIn { epoch: 1, ends_others: false, upgraded: None, spends: None };
        assert!(store.open_session(row, None, sign_in, audited(), NOW).await.is_err());
    }
}

async fn a_session_takes_the_place_of_the_one_before(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    open(&store, "s1", "u1").await;
    open(&store, "other", "u1").await;
    assert!(try_to_open(&store, session("s2", "u1"), Some("s1"), 1, false).await);
    let ended = async |id: &str| store.session(&hash(id)).await.unwrap().unwrap().session.ended_at;
    assert_eq!((ended("s1").await, ended("s2").await, ended("other").await), (Some(NOW), None, None));
    assert!(try_to_open(&store, session("s3", "u1"), Some("nobody's"), 1, false).await);
}

async fn a_session_is_not_opened_for_who_was_changed_or_shut_out(fresh: &Fresh) {
    let store = fresh.store().await;
    for user in ["changed", "locked", "disabled"] {
        add(&store, new_user(user)).await;
        open(&store, user, user).await;
    }
    for (user, change) in [("locked", 0), ("disabled", 1), ("changed", 2)] {
        let mut amendment = amendment(user, NOW);
        match change {
            0 => amendment.change.locked_at = Some(Some(NOW)),
            1 => amendment.change.disabled_at = Some(Some(NOW)),
            _ => amendment.ends_grants = Some(Spared(None)),
        }
        store.amend_user(amendment).await.unwrap();
        let row = session(&format!("{user} again"), user);
        assert!(!try_to_open(&store, row, Some(user), 1, false).await, "{user}");
        let before = store.session(&hash(user)).await.unwrap().unwrap();
        assert!(before.session.ended_at.is_none(), "{user}: nothing was done");
        assert!(!before.is_good(NOW.minus(1), NOW), "{user}");
    }
    assert!(!try_to_open(&store, session("s", "nobody"), None, 1, false).await);
    assert_eq!(fresh.raw().await.texts("SELECT id FROM sessions WHERE id LIKE '%again'").await, Vec::<String>::new());
}

async fn of_many_that_end_the_others_one_is_left(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    open(&store, "before", "u1").await;
    let racers = (0..8).map(|number| {
        let store = store.clone();
        async move { try_to_open(&store, session(&format!("s{number}"), "u1"), None, 1, true).await }
    });
    assert_eq!(count(&race(racers.collect()).await, &true), 1);
    let mut good = 0;
    for id in ["before", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"] {
        let found = store.session(&hash(id)).await.unwrap();
        good += usize::from(found.is_some_and(|standing| standing.is_good(NOW.minus(1), NOW)));
    }
    assert_eq!(good, 1);
}

async fn a_session_is_good_while_it_is_used_and_its_user_is_let_in(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    open(&store, "s1", "u1").await;
    let standing = store.session(&hash("s1")).await.unwrap().unwrap();
    for (idle_since, now, is_good) in [(-1, 0, true), (0, 0, false), (-1, 999, true), (-1, 1000, false)] {
        let [idle_since, now] = [idle_since, now].map(|seconds| NOW.plus(seconds));
        assert_eq!(standing.is_good(idle_since, now), is_good, "{idle_since:?} {now:?}");
    }
    store.end_grants_of("u1".to_owned(), audited()).await.unwrap();
    assert!(!store.session(&hash("s1")).await.unwrap().unwrap().is_good(NOW.minus(1), NOW));
}

async fn sessions_that_are_over_are_swept(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    for (id, expires) in [("old", 10), ("at the edge", 20), ("good", 30)] {
        let row = SessionRow { expires_at: NOW.plus(expires), ..session(id, "u1") };
        assert!(try_to_open(&store, row, None, 1, false).await);
    }
    assert_eq!(store.sweep_sessions(NOW.plus(20)).await.unwrap(), 1);
    assert_eq!(store.sweep_sessions(NOW.plus(20)).await.unwrap(), 0);
    assert!(store.session(&hash("old")).await.unwrap().is_none());
    assert!(store.session(&hash("at the edge")).await.unwrap().is_some());
}

async fn listed(store: &Store, after: Option<&str>, limit: i64) -> Vec<String> {
    let rows = store.sessions_of("u1", after, limit, NOW.minus(60), NOW).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

async fn sessions_are_listed_and_ended_by_their_user_alone(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    add(&store, new_user("u2")).await;
    for id in ["s1", "s2", "s3", "s4", "s5"] {
        open(&store, id, "u1").await;
    }
    open(&store, "s6", "u2").await;
    let gone = SessionRow { expires_at: NOW, ..session("s7", "u1") };
    assert!(try_to_open(&store, gone, None, 1, false).await);
    let unused = SessionRow { last_used_at: NOW.minus(60), ..session("s8", "u1") };
    assert!(try_to_open(&store, unused, None, 1, false).await);
    assert_eq!(listed(&store, None, 10).await, ["s5", "s4", "s3", "s2", "s1"]);
    assert_eq!(listed(&store, None, 2).await, ["s5", "s4"]);
    assert_eq!(listed(&store, Some("s4"), 2).await, ["s3", "s2"]);

    let end =
        async |id: &str, user: &str| store.end_session(id.to_owned(), user.to_owned(), audited(), NOW).await.unwrap();
    assert!(!end("s3", "u2").await && !end("nobody", "u1").await);
    assert!(end("s3", "u1").await && !end("s3", "u1").await, "once");
    assert_eq!(listed(&store, None, 10).await, ["s5", "s4", "s2", "s1"]);
    assert_eq!(store.session(&hash("s3")).await.unwrap().unwrap().session.ended_at, Some(NOW));

    store.note_session_used(hash("s8"), NOW).await.unwrap();
    store.note_session_used(hash("s3"), NOW.plus(5)).await.unwrap();
    assert_eq!(listed(&store, None, 1).await, ["s8"], "it is used again, and what has ended is not");
    for session in ["s2", "s6"] {
        let mut amendment = amendment("u1", NOW);
        (amendment.ends_grants, amendment.spares_session) = (Some(Spared(None)), Some(hash(session)));
        store.amend_user(amendment).await.unwrap();
        // All others are of another epoch, and what is another's is not taken along.
        let left: &[&str] = if session == "s2" { &["s2"] } else { &[] };
        assert_eq!(listed(&store, None, 10).await, left);
    }
    assert_eq!(store.session(&hash("s6")).await.unwrap().unwrap().session.user_epoch, 1);
}

async fn of_many_who_end_a_session_one_has_done_it(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    open(&store, "s1", "u1").await;
    let racers = (0..8).map(|_| {
        let store = store.clone();
        async move { store.end_session("s1".to_owned(), "u1".to_owned(), audited(), NOW).await.unwrap() }
    });
    assert_eq!(count(&race(racers.collect()).await, &true), 1);
}
