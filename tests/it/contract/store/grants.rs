//! `grants`.

use countersign::secret::{Hash, PasswordHash, RefreshToken};
use countersign::store::Store;
use countersign::store::grants::{GrantRow, Rotation, SignIn, Upgraded};
use countersign::store::users::{NewUser, Spared};

use super::users::{add, new_user};
use super::{NONE, PASSWORD_KINDS, client, raised};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::{amendment, audited};

on_both_databases! {
    a_grant_comes_back_with_what_it_depends_on
    a_sign_in_writes_down_what_it_changes_about_the_user
    a_sign_in_is_void_once_the_user_was_changed_or_shut_out
    a_sign_in_upgrades_no_password_that_was_changed_meanwhile
    of_many_that_rotate_one_token_one_does
    nothing_but_the_current_token_of_a_grant_that_goes_on_rotates
    a_grant_is_ended_once_and_for_its_own_user
    everything_that_a_user_granted_ends_by_one_row
    one_grant_may_be_spared
    the_grants_of_a_user_are_listed_while_they_are_good
    a_client_that_goes_takes_its_grants_along
}

fn hash(id: &str) -> Hash<RefreshToken> {
    Hash::stored(id.to_owned())
}

pub fn grant(id: &str, user: &str) -> GrantRow {
    GrantRow {
        id: id.to_owned(),
        user_id: user.to_owned(),
        client_id: "first-party".to_owned(),
        user_epoch: 77, // The store knows better.
        scope: "openid read".to_owned(),
        resources: "https://a.example".to_owned(),
        device: Some("A browser".to_owned()),
        address: Some("2001:db8::1".to_owned()),
        created_at: NOW,
        expires_at: NOW.plus(1000),
        last_used_at: NOW,
        ended_at: None,
        refresh_hash: Some(hash(&format!("{id} 0"))),
        previous_hash: None,
        rotated_at: None,
        rotation_request: None,
        auth_time: None,
        session_id: None,
        acr: None,
        amr: None,
        claims: None,
        successor: None,
    }
}

fn sign_in(epoch: i64) -> SignIn {
    SignIn { epoch, ends_others: false, upgraded: None, spends: None }
}

async fn try_to_open(store: &Store, grant: GrantRow, sign_in: SignIn) -> bool {
    store.open_grant(grant, sign_in, audited(), NOW).await.unwrap()
}

/// Opens a grant of a user whose epoch is the first.
pub async fn open(store: &Store, id: &str, user: &str) {
    assert!(try_to_open(store, grant(id, user), sign_in(1)).await);
}

fn upgraded(from: &str, to: &str) -> Upgraded {
    let [from, to] = [from, to].map(|text| PasswordHash::stored(text.to_owned()));
    Upgraded { from, to }
}

/// The rotation from one numbered token of a grant to the next.
fn rotation(id: &str, from: usize) -> Rotation {
    Rotation {
        grant_id: id.to_owned(),
        old: hash(&format!("{id} {from}")),
        new: hash(&format!("{id} {}", from + 1)),
        sealed: Some(format!("sealed {}", from + 1)),
        request: format!("request {from}"),
    }
}

async fn is_good(store: &Store, id: &str) -> bool {
    store.grant(id).await.unwrap().unwrap().is_good(NOW)
}

async fn a_grant_comes_back_with_what_it_depends_on(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, NewUser { roles: vec!["user".to_owned(), "admin".to_owned()], ..new_user("u1") }).await;
    add(&store, new_user("u2")).await;
    open(&store, "g1", "u1").await;
    open(&store, "g2", "u2").await;
    let found = store.grant("g1").await.unwrap().unwrap();
    assert_eq!(
        format!("{:?}", found.grant),
        format!("{:?}", GrantRow { user_epoch: 1, ..grant("g1", "u1") }.with_room())
    );
    assert!(found.grant.refresh_hash.is_some_and(|stored| stored.matches(&hash("g1 0"))));
    let mut roles = found.roles;
    roles.sort_unstable();
    assert_eq!(roles, ["admin", "user"]);
    assert_eq!((found.user.epoch, found.user.disabled_at, found.user.locked_at), (1, None, None));
    assert!(store.grant("g2").await.unwrap().unwrap().roles.is_empty());
    assert!(store.grant("G1").await.unwrap().is_none() && store.grant("").await.unwrap().is_none());
    assert!(is_good(&store, "g1").await && !store.grant("g1").await.unwrap().unwrap().is_good(NOW.plus(1000)));
}

async fn a_sign_in_writes_down_what_it_changes_about_the_user(fresh: &Fresh) {
    let store = fresh.store().await;
    let mut new = new_user("u1");
    new.user.password_hash = Some(PasswordHash::stored("old".to_owned()));
    add(&store, new).await;
    open(&store, "g1", "u1").await;
    let user = store.user("u1").await.unwrap().unwrap();
    assert_eq!((user.last_login_at, user.version, user.epoch), (Some(NOW), 1, 1));
    assert_eq!(user.password_hash.unwrap().as_str(), "old");

    let single = SignIn { ends_others: true, ..sign_in(1) };
    assert!(try_to_open(&store, grant("g2", "u1"), single).await);
    assert_eq!(store.user("u1").await.unwrap().unwrap().epoch, 2);
    assert!(!is_good(&store, "g1").await && is_good(&store, "g2").await, "the last one is the only one");

    let upgraded = SignIn { upgraded: Some(upgraded("old", "$2b$new")), ..sign_in(2) };
    assert_eq!(
        raised(&store, async || assert!(try_to_open(&store, grant("g3", "u1"), upgraded).await)).await,
        PASSWORD_KINDS
    );
    let user = store.user("u1").await.unwrap().unwrap();
    assert_eq!((user.password_hash.unwrap().as_str(), user.password_kind.unwrap().as_str()), ("$2b$new", "unknown"));
    assert_eq!(raised(&store, async || assert!(try_to_open(&store, grant("g4", "u1"), sign_in(2)).await)).await, NONE);
}

async fn a_sign_in_is_void_once_the_user_was_changed_or_shut_out(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    let nothing_happened = async || {
        assert!(store.user("u1").await.unwrap().unwrap().last_login_at.is_none());
        let mut raw = fresh.raw().await;
        assert!(raw.texts("SELECT id FROM grants").await.is_empty());
        raw.texts("SELECT id FROM audit_log").await.len()
    };
    let recorded = nothing_happened().await;
    assert!(!try_to_open(&store, grant("g1", "nobody"), sign_in(1)).await);
    assert!(!try_to_open(&store, grant("g1", "u1"), sign_in(0)).await);
    assert!(!try_to_open(&store, grant("g1", "u1"), sign_in(2)).await);
    assert_eq!(nothing_happened().await, recorded);
    for shut in [true, false] {
        let at = shut.then_some(NOW);
        for (disabled, locked) in [(Some(at), None), (None, Some(at))] {
            let mut change = amendment("u1", NOW);
            (change.change.disabled_at, change.change.locked_at) = (disabled, locked);
            store.amend_user(change).await.unwrap();
            if shut {
                assert!(!try_to_open(&store, grant("g1", "u1"), sign_in(1)).await);
            }
        }
    }
    nothing_happened().await;
    open(&store, "g1", "u1").await;
}

async fn a_sign_in_upgrades_no_password_that_was_changed_meanwhile(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    // Whoever changes a password may leave all sessions as they are, and so the epoch.
    let mut change = amendment("u1", NOW);
    change.change.password_hash = Some(Some(PasswordHash::stored("new".to_owned())));
    change.ends_grants = None;
    store.amend_user(change).await.unwrap();
    let upgraded = SignIn { upgraded: Some(upgraded("old", "the old one again")), ..sign_in(1) };
    assert!(!try_to_open(&store, grant("g1", "u1"), upgraded).await, "the old password is no longer right");
    assert_eq!(store.user("u1").await.unwrap().unwrap().password_hash.unwrap().as_str(), "new");
}

async fn of_many_that_rotate_one_token_one_does(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    add(&nodes[0], new_user("u1")).await;
    open(&nodes[0], "g1", "u1").await;
    for round in 0..20 {
        let racers = (0..50).map(|number| {
            let (store, mut rotation) = (nodes[number % 2].clone(), rotation("g1", round));
            rotation.sealed = Some(format!("sealed by {number}"));
            async move { store.rotate(rotation, NOW.plus(3)).await.expect("losing is an answer") }
        });
        let results = race(racers.collect()).await;
        assert_eq!(count(&results, &true), 1, "round {round}");
        let winner = results.iter().position(|won| *won).expect("there is one");
        let row = nodes[1].grant("g1").await.unwrap().unwrap().grant;
        assert!(row.refresh_hash.unwrap().matches(&hash(&format!("g1 {}", round + 1))));
        assert!(row.previous_hash.unwrap().matches(&hash(&format!("g1 {round}"))));
        assert_eq!(row.successor, Some(format!("sealed by {winner}")), "one row, written by one of them");
        assert_eq!(row.rotation_request, Some(format!("request {round}")));
        assert_eq!((row.rotated_at, row.last_used_at, row.created_at), (Some(NOW.plus(3)), NOW.plus(3), NOW));
    }
}

async fn nothing_but_the_current_token_of_a_grant_that_goes_on_rotates(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    for id in ["g1", "g2", "ended"] {
        open(&store, id, "u1").await;
    }
    assert!(store.rotate(rotation("g1", 0), NOW).await.unwrap());
    assert!(store.rotate(rotation("g1", 1), NOW).await.unwrap());
    for (what, bad) in [
        ("an older one", rotation("g1", 0)),
        ("the one before", rotation("g1", 1)),
        ("one to come", rotation("g1", 3)),
        ("another grant's", Rotation { grant_id: "g2".to_owned(), ..rotation("g1", 2) }),
        ("no grant's", Rotation { grant_id: "nobody".to_owned(), ..rotation("g1", 2) }),
    ] {
        assert!(!store.rotate(bad, NOW).await.unwrap(), "{what}");
    }
    assert!(store.end_grant("ended".to_owned(), None, audited(), NOW).await.unwrap());
    assert!(!store.rotate(rotation("ended", 0), NOW).await.unwrap());
    assert!(store.rotate(rotation("g1", 2), NOW).await.unwrap());
    let without = GrantRow { refresh_hash: None, ..grant("without", "u1") };
    assert!(try_to_open(&store, without, sign_in(1)).await);
    assert!(!store.rotate(rotation("without", 0), NOW).await.unwrap());
}

async fn a_grant_is_ended_once_and_for_its_own_user(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    add(&store, new_user("u2")).await;
    for id in ["g1", "g2"] {
        open(&store, id, "u1").await;
        store.rotate(rotation(id, 0), NOW).await.unwrap();
    }
    let end = async |id: &str, user: Option<&str>| {
        store.end_grant(id.to_owned(), user.map(str::to_owned), audited(), NOW.plus(9)).await.unwrap()
    };
    let recorded = async || fresh.raw().await.texts("SELECT id FROM audit_log").await.len();
    let before = recorded().await;
    assert!(!end("g1", Some("u2")).await && !end("g1", Some("")).await && !end("nobody", None).await);
    assert!(is_good(&store, "g1").await);
    assert!(end("g1", Some("u1")).await && !end("g1", Some("u1")).await && !end("g1", None).await);
    let row = store.grant("g1").await.unwrap().unwrap().grant;
    assert_eq!((row.ended_at, row.successor), (Some(NOW.plus(9)), None), "what was sealed goes at once");
    assert!(is_good(&store, "g2").await && end("g2", None).await);
    assert_eq!(recorded().await, before + 2, "what was done is recorded, and nothing else");
}

async fn everything_that_a_user_granted_ends_by_one_row(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    add(&store, new_user("u2")).await;
    for (id, user) in [("g1", "u1"), ("g2", "u1"), ("g3", "u2")] {
        open(&store, id, user).await;
    }
    let rows = async || {
        let query = "SELECT CAST(user_epoch AS TEXT) || COALESCE(CAST(ended_at AS TEXT), '') FROM grants ORDER BY id";
        fresh.raw().await.texts(query).await
    };
    let before = rows().await;
    assert!(store.end_grants_of("u1".to_owned(), audited()).await.unwrap());
    assert!(!store.end_grants_of("nobody".to_owned(), audited()).await.unwrap());
    assert_eq!(rows().await, before, "however many grants there are, none of their rows is written");
    assert!(!is_good(&store, "g1").await && !is_good(&store, "g2").await && is_good(&store, "g3").await);
    assert!(store.grants_of("u1", None, 9, NOW.minus(1), NOW).await.unwrap().is_empty());
    // The sign-in that was under way is void, the next one is good.
    assert!(!try_to_open(&store, grant("g4", "u1"), sign_in(1)).await);
    assert!(try_to_open(&store, grant("g4", "u1"), sign_in(2)).await && is_good(&store, "g4").await);
    let all: Vec<_> = (0..20)
        .map(|_| {
            let store = store.clone();
            async move { store.end_grants_of("u1".to_owned(), audited()).await.unwrap() }
        })
        .collect();
    assert_eq!(count(&race(all).await, &true), 20);
    assert_eq!(store.user("u1").await.unwrap().unwrap().epoch, 22);
}

async fn one_grant_may_be_spared(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    add(&store, new_user("u2")).await;
    for (id, user) in [("g1", "u1"), ("g2", "u1"), ("g3", "u2")] {
        open(&store, id, user).await;
    }
    let end_but = async |spared: &str| {
        let mut change = amendment("u1", NOW);
        change.ends_grants = Some(Spared(Some(spared.to_owned())));
        store.amend_user(change).await.unwrap();
    };
    end_but("g1").await;
    assert!(is_good(&store, "g1").await && !is_good(&store, "g2").await && is_good(&store, "g3").await);
    end_but("g2").await;
    assert!(!is_good(&store, "g1").await && !is_good(&store, "g2").await, "what has ended is not brought back");
    end_but("g3").await;
    assert!(is_good(&store, "g3").await, "another user's is nobody's business");
    assert_eq!(store.grant("g3").await.unwrap().unwrap().grant.user_epoch, 1);
}

async fn the_grants_of_a_user_are_listed_while_they_are_good(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    add(&store, new_user("u2")).await;
    for (id, used, expires, refreshes) in [
        ("a", 5, 1000, true),
        ("b", 9, 1000, true),
        ("idle", -10, 1000, true),
        ("one that cannot be renewed", -10, 1000, false),
        ("expired", 9, 9, true),
        ("ended", 9, 1000, true),
    ] {
        let row = GrantRow { last_used_at: NOW.plus(used), expires_at: NOW.plus(expires), ..grant(id, "u1") };
        let row = if refreshes { row } else { GrantRow { refresh_hash: None, ..row } };
        assert!(try_to_open(&store, row, sign_in(1)).await);
    }
    open(&store, "foreign", "u2").await;
    store.end_grant("ended".to_owned(), None, audited(), NOW).await.unwrap();
    let listed = store.grants_of("u1", None, 9, NOW.minus(10), NOW.plus(9)).await.unwrap();
    let ids: Vec<_> = listed.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["one that cannot be renewed", "b", "a"]);
    assert_eq!((listed[0].device.as_deref(), listed[0].address.as_deref()), (Some("A browser"), Some("2001:db8::1")));
    let page = async |after: Option<&str>| {
        let page = store.grants_of("u1", after, 2, NOW.minus(10), NOW.plus(9)).await.unwrap();
        page.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, ids[..2]);
    assert_eq!(page(Some("b")).await, ids[2..]);
    assert!(page(Some("a")).await.is_empty());
    assert!(store.grants_of("nobody", None, 9, NOW, NOW).await.unwrap().is_empty());
}

async fn a_client_that_goes_takes_its_grants_along(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    store.add_client(client("c1"), None, audited()).await.unwrap();
    let row = GrantRow { client_id: "c1".to_owned(), ..grant("g1", "u1") };
    assert!(try_to_open(&store, row, sign_in(1)).await);
    open(&store, "g2", "u1").await;
    store.delete_client("c1".to_owned(), audited()).await.unwrap();
    assert!(store.grant("g1").await.unwrap().is_none() && is_good(&store, "g2").await);
}
