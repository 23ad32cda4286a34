//! `codes`.

use countersign::secret::{AuthorizationCode, Hash};
use countersign::store::Store;
use countersign::store::codes::CodeRow;
use countersign::store::grants::{GrantRow, SignIn};
use countersign::store::users::Spared;

use super::client;
use super::grants::grant;
use super::sessions;
use super::users::{add, new_user};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::{amendment, audited};

on_both_databases! {
    a_code_comes_back_as_it_was_stored_and_its_session_was_used
    a_code_needs_a_session_that_is_good
    of_many_that_spend_one_code_one_opens_its_grant
    a_code_opens_nothing_too_late_or_for_who_was_shut_out
    codes_are_known_for_a_day_after_their_end
    a_code_goes_with_its_client
}

fn hash(id: &str) -> Hash<AuthorizationCode> {
    Hash::stored(format!("code {id}"))
}

pub fn code(id: &str, session: &str) -> CodeRow {
    CodeRow {
        hash: hash(id),
        client_id: "c1".to_owned(),
        user_id: "u1".to_owned(),
        user_epoch: 1,
        session_hash: sessions::hash(session),
        redirect_uri: "https://a.example/cb".to_owned(),
        challenge: "a challenge".to_owned(),
        nonce: Some("a nonce".to_owned()),
        scope: "openid".to_owned(),
        resources: String::new(),
        auth_time: NOW,
        created_at: NOW,
        expires_at: NOW.plus(60),
        spent_at: None,
        grant_id: None,
        session_id: Some(session.to_owned()),
        acr: Some("a class".to_owned()),
        amr: Some("pwd".to_owned()),
        claims: Some(r#"{"userinfo":["email"]}"#.to_owned()),
    }
}

/// A store with a client, and a user who is signed in.
async fn signed_in(fresh: &Fresh) -> Store {
    let store = fresh.store().await;
    store.add_client(client("c1"), None, audited()).await.unwrap();
    add(&store, new_user("u1")).await;
    sessions::open(&store, "s1", "u1").await;
    store
}

/// Opens a grant by a code.
async fn exchange(store: &Store, id: &str, grant_id: &str, seconds: i64) -> bool {
    let row = GrantRow { client_id: "c1".to_owned(), session_id: Some("s1".to_owned()), ..grant(grant_id, "u1") };
    let sign_in = SignIn { epoch: 1, ends_others: false, upgraded: None, spends: Some(hash(id)) };
    store.open_grant(row, sign_in, audited(), NOW.plus(seconds)).await.unwrap()
}

async fn a_code_comes_back_as_it_was_stored_and_its_session_was_used(fresh: &Fresh) {
    let store = signed_in(fresh).await;
    let later = NOW.plus(7);
    assert!(store.add_code(code("k1", "s1"), later).await.unwrap());
    let found = store.code(&hash("k1")).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", code("k1", "s1")));
    assert!(found.hash.matches(&hash("k1")));
    assert_eq!(store.session(&sessions::hash("s1")).await.unwrap().unwrap().session.last_used_at, later);
    assert!(store.code(&hash("k2")).await.unwrap().is_none());
    assert!(store.add_code(code("k1", "s1"), later).await.is_err(), "each is made once");
}

async fn a_code_needs_a_session_that_is_good(fresh: &Fresh) {
    let store = signed_in(fresh).await;
    let refused = async |row: CodeRow, seconds: i64| !store.add_code(row, NOW.plus(seconds)).await.unwrap();
    assert!(refused(code("k1", "nobody's"), 0).await);
    assert!(refused(CodeRow { user_epoch: 2, ..code("k1", "s1") }, 0).await);
    assert!(refused(code("k1", "s1"), 1000).await, "it is over");
    let locked = |at| {
        let mut amendment = amendment("u1", NOW);
        amendment.change.locked_at = Some(at);
        amendment
    };
    store.amend_user(locked(Some(NOW))).await.unwrap();
    assert!(refused(code("k1", "s1"), 0).await);
    store.amend_user(locked(None)).await.unwrap();
    assert!(!refused(code("k1", "s1"), 0).await);
    store.end_grants_of("u1".to_owned(), audited()).await.unwrap();
    assert!(refused(code("k2", "s1"), 0).await);
    assert_eq!(fresh.raw().await.texts("SELECT hash FROM codes").await, ["code k1"]);
}

async fn of_many_that_spend_one_code_one_opens_its_grant(fresh: &Fresh) {
    let store = signed_in(fresh).await;
    assert!(store.add_code(code("k1", "s1"), NOW).await.unwrap());
    let racers = (0..8).map(|number| {
        let store = store.clone();
        async move { exchange(&store, "k1", &format!("g{number}"), 59).await }
    });
    assert_eq!(count(&race(racers.collect()).await, &true), 1);
    let opened = fresh.raw().await.texts("SELECT id FROM grants").await;
    let spent = store.code(&hash("k1")).await.unwrap().unwrap();
    assert_eq!((spent.grant_id.as_slice(), spent.spent_at), (opened.as_slice(), Some(NOW.plus(59))));
    assert!(!exchange(&store, "k1", "again", 59).await);
    assert!(!exchange(&store, "k2", "unheard of", 0).await);
}

async fn a_code_opens_nothing_too_late_or_for_who_was_shut_out(fresh: &Fresh) {
    let store = signed_in(fresh).await;
    for id in ["late", "shut out"] {
        assert!(store.add_code(code(id, "s1"), NOW).await.unwrap());
    }
    assert!(!exchange(&store, "late", "g1", 60).await);
    let mut ended = amendment("u1", NOW);
    ended.ends_grants = Some(Spared(None));
    store.amend_user(ended).await.unwrap();
    assert!(!exchange(&store, "shut out", "g2", 0).await);
    assert_eq!(fresh.raw().await.texts("SELECT id FROM grants").await, Vec::<String>::new());
    let late = store.code(&hash("late")).await.unwrap().unwrap();
    assert_eq!((late.spent_at, late.grant_id), (None, None), "what came too late has used nothing");
}

async fn codes_are_known_for_a_day_after_their_end(fresh: &Fresh) {
    let store = signed_in(fresh).await;
    for (id, expires) in [("old", 0), ("known", 1)] {
        assert!(store.add_code(CodeRow { expires_at: NOW.plus(expires), ..code(id, "s1") }, NOW).await.unwrap());
    }
    assert_eq!(store.sweep_codes(NOW.plus(86_401)).await.unwrap(), 1);
    assert_eq!(store.sweep_codes(NOW.plus(86_401)).await.unwrap(), 0);
    assert!(store.code(&hash("old")).await.unwrap().is_none() && store.code(&hash("known")).await.unwrap().is_some());
}

async fn a_code_goes_with_its_client(fresh: &Fresh) {
    let store = signed_in(fresh).await;
    assert!(store.add_code(code("k1", "s1"), NOW).await.unwrap());
    assert!(store.delete_client("c1".to_owned(), audited()).await.unwrap());
    assert!(store.code(&hash("k1")).await.unwrap().is_none());
    assert!(store.add_code(code("k2", "s1"), NOW).await.is_err(), "a code is some client's");
}
