//! `session_clients`: who hears of the end of a session, once.

use countersign::store::Store;
use countersign::store::outbox::{Delivery, OutboxRow};
use countersign::store::session_clients::SessionClientRow;
use countersign::store::sweep::BATCH;
use countersign::store::users::Spared;
use countersign::time::UnixTime;

use super::users::{add, new_user};
use super::{client, sessions};
use crate::contract::database::Fresh;
use crate::contract::{NOW, on_both_databases, race};
use crate::harness::{amendment, audited};

on_both_databases! {
    a_client_is_noted_once_for_each_session
    what_ends_a_session_marks_its_clients_and_no_others
    what_ends_all_sessions_but_one_marks_the_clients_of_the_others
    whoever_is_erased_is_still_told_of
    of_many_that_make_deliveries_each_is_made_once
    those_of_sessions_that_ended_by_themselves_are_swept
}

fn row(id: &str, session: &str, user: &str) -> SessionClientRow {
    SessionClientRow {
        id: id.to_owned(),
        session_id: session.to_owned(),
        client_id: "c1".to_owned(),
        user_id: user.to_owned(),
        expires_at: NOW.plus(1000),
        over_at: None,
    }
}

async fn over(store: &Store) -> Vec<String> {
    let mut rows: Vec<String> = store.sessions_over(100).await.unwrap().into_iter().map(|row| row.id).collect();
    rows.sort();
    rows
}

fn farewell(id: &str, at: UnixTime) -> OutboxRow {
    OutboxRow::new(id.to_owned(), Delivery::Farewell, format!("sealed {id}"), at)
}

/// Two users, the first with two sessions, each with a client that wants to hear.
async fn peopled(fresh: &Fresh) -> Store {
    let store = fresh.store().await;
    for id in ["c1", "c2"] {
        store.add_client(client(id), None, audited()).await.unwrap();
    }
    for user in ["u1", "u2"] {
        add(&store, new_user(user)).await;
    }
    for (session, user) in [("s1", "u1"), ("s2", "u1"), ("s3", "u2")] {
        sessions::open(&store, session, user).await;
        store.add_session_client(row(&format!("of {session}"), session, user)).await.unwrap();
    }
    store
}

async fn ends(store: &Store, session: &str, user: &str, now: UnixTime) -> bool {
    store.end_session(session.to_owned(), user.to_owned(), audited(), now).await.unwrap()
}

async fn a_client_is_noted_once_for_each_session(fresh: &Fresh) {
    let store = peopled(fresh).await;
    let racers = (0..8).map(|number| {
        let store = store.clone();
        let row = SessionClientRow { client_id: "c2".to_owned(), ..row(&format!("r{number}"), "s1", "u1") };
        async move { store.add_session_client(row).await.unwrap() }
    });
    race(racers.collect()).await;
    let noted = fresh.raw().await.texts("SELECT session_id || ' ' || client_id FROM session_clients ORDER BY 1").await;
    assert_eq!(noted, ["s1 c1", "s1 c2", "s2 c1", "s3 c1"]);
    let nobody = SessionClientRow { client_id: "nobody".to_owned(), ..row("of nobody", "s1", "u1") };
    assert!(store.add_session_client(nobody).await.is_err(), "a row is some client's");
    assert_eq!(over(&store).await, Vec::<String>::new(), "nothing has ended");
}

async fn what_ends_a_session_marks_its_clients_and_no_others(fresh: &Fresh) {
    let store = peopled(fresh).await;
    let another = SessionClientRow { client_id: "c2".to_owned(), ..row("another of s1", "s1", "u1") };
    store.add_session_client(another).await.unwrap();
    assert!(!ends(&store, "s1", "u2", NOW).await && over(&store).await.is_empty(), "it is not theirs to end");
    assert!(ends(&store, "s1", "u1", NOW.plus(7)).await);
    assert_eq!(over(&store).await, ["another of s1", "of s1"]);
    let found = store.sessions_over(100).await.unwrap();
    let ended = SessionClientRow { over_at: Some(NOW.plus(7)), ..row("of s1", "s1", "u1") };
    assert!(found.contains(&ended), "{found:?}");
    assert!(!ends(&store, "s1", "u1", NOW.plus(9)).await);
    assert_eq!(store.sessions_over(100).await.unwrap(), found, "a session ends once");
    assert!(ends(&store, "s3", "u2", NOW.plus(3)).await);
    let first = store.sessions_over(1).await.unwrap();
    assert_eq!(first[0].id, "of s3", "the longest waiting goes first");
}

async fn what_ends_all_sessions_but_one_marks_the_clients_of_the_others(fresh: &Fresh) {
    let store = peopled(fresh).await;
    let mut amendment = amendment("u1", NOW);
    (amendment.ends_grants, amendment.spares_session) = (Some(Spared(None)), Some(sessions::hash("s2")));
    store.amend_user(amendment).await.unwrap();
    assert_eq!(over(&store).await, ["of s1"]);
    store.end_grants_of("u1".to_owned(), audited()).await.unwrap();
    assert_eq!(over(&store).await, ["of s1", "of s2"], "and nobody else's");
}

async fn whoever_is_erased_is_still_told_of(fresh: &Fresh) {
    let store = peopled(fresh).await;
    store.erase_user("u1".to_owned(), None, audited()).await.unwrap();
    assert_eq!(over(&store).await, ["of s1", "of s2"]);
}

async fn of_many_that_make_deliveries_each_is_made_once(fresh: &Fresh) {
    let nodes = [fresh.store().await, peopled(fresh).await];
    for session in ["s1", "s2"] {
        assert!(ends(&nodes[0], session, "u1", NOW).await);
    }
    let racers = (0..8).map(|number: usize| {
        let store = nodes[number % 2].clone();
        async move {
            let found = store.sessions_over(100).await.unwrap();
            let farewells = found.iter().map(|row| farewell(&row.id, NOW)).collect();
            store.enqueue_farewells(farewells).await.unwrap();
        }
    });
    race(racers.collect()).await;
    let texts = async |query: &str| fresh.raw().await.texts(query).await;
    assert_eq!(texts("SELECT id FROM outbox ORDER BY 1").await, ["of s1", "of s2"]);
    assert_eq!(texts("SELECT id FROM session_clients").await, ["of s3"], "each is told by its delivery from then on");
    nodes[0].enqueue_farewells(vec![farewell("of nobody", NOW)]).await.unwrap();
    assert_eq!(texts("SELECT id FROM outbox ORDER BY 1").await.len(), 2, "nobody waits for that");
}

async fn those_of_sessions_that_ended_by_themselves_are_swept(fresh: &Fresh) {
    let store = peopled(fresh).await;
    let batch = usize::try_from(BATCH).unwrap();
    for number in 0..batch {
        let old = row(&format!("old {number}"), &format!("old session {number}"), "u1");
        store.add_session_client(SessionClientRow { expires_at: NOW.plus(10), ..old }).await.unwrap();
    }
    let waits = SessionClientRow { client_id: "c2".to_owned(), ..row("waits to be told", "s1", "u1") };
    store.add_session_client(SessionClientRow { expires_at: NOW.plus(10), ..waits }).await.unwrap();
    assert!(ends(&store, "s1", "u1", NOW).await);
    assert_eq!(store.sweep_session_clients(NOW.plus(10)).await.unwrap(), 0, "they are not over yet");
    assert_eq!(store.sweep_session_clients(NOW.plus(11)).await.unwrap(), batch);
    assert_eq!(store.sweep_session_clients(NOW.plus(11)).await.unwrap(), 0);
    let left = fresh.raw().await.texts("SELECT id FROM session_clients ORDER BY 1").await;
    assert_eq!(left, ["of s1", "of s2", "of s3", "waits to be told"]);
}
