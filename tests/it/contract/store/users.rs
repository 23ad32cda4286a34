//! `users` and `user_roles`.

use countersign::secret::PasswordHash;
use countersign::store::StoreError;
use countersign::store::one_time_tokens::OneTimeLetter;
use countersign::store::outbox::{Delivery, OutboxRow};
use countersign::store::users::{Amended, Name, NewUser, UserChange, UserRow};

use super::one_time_tokens::token;
use super::{NONE, PASSWORD_KINDS, raised};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};
use crate::harness::{amendment, audited, user_row};

on_both_databases! {
    a_user_comes_back_as_it_was_stored
    a_name_has_one_owner_however_it_is_written
    of_many_that_take_one_name_one_does
    a_new_user_comes_with_roles_and_letter_or_not_at_all
    a_change_changes_what_it_names_and_nothing_else
    a_change_of_what_was_changed_since_changes_nothing
    of_many_that_change_one_version_one_does
    a_name_that_is_taken_leaves_everything_as_it_was
    the_kinds_of_passwords_are_known_each_once
    a_user_who_goes_takes_everything_along
}

pub fn new_user(id: &str) -> NewUser {
    NewUser { user: user_row(id, id, NOW), roles: Vec::new(), letter: None }
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::stored(text.to_owned())
}

/// All that can be compared.
fn fields(row: &UserRow) -> String {
    let hash = row.password_hash.as_ref().map(|hash| hash.as_str().to_owned());
    format!("{row:?} {hash:?}")
}

pub async fn add(store: &countersign::store::Store, new: NewUser) {
    store.add_user(new, audited()).await.unwrap().unwrap();
}

/// Everything that the tables of people hold.
async fn everything(fresh: &Fresh) -> Vec<String> {
    let mut raw = fresh.raw().await;
    let mut all = Vec::new();
    for query in [
        "SELECT id || username || email || CAST(version AS TEXT) || CAST(epoch AS TEXT) FROM users ORDER BY id",
        "SELECT user_id || ' has ' || role FROM user_roles ORDER BY user_id, role",
        "SELECT hash FROM one_time_tokens ORDER BY hash",
        "SELECT id FROM outbox ORDER BY id",
        "SELECT id FROM audit_log ORDER BY id",
    ] {
        all.extend(raw.texts(query).await);
    }
    all
}

async fn a_user_comes_back_as_it_was_stored(fresh: &Fresh) {
    let store = fresh.store().await;
    let row = UserRow {
        username: "Ann".to_owned(),
        username_key: "ann".to_owned(),
        email: "Ann.\u{c4}@Example.org".to_owned(),
        email_key: "ann.\u{e4}@example.org".to_owned(),
        given_name: Some("Ünïcode ' \" \\ 字 \u{1f511}".to_owned()),
        name: Some(String::new()),
        profile: r#"{"a": [1, "b"]}"#.to_owned(),
        password_hash: Some(hash("$2b$04$x")),
        password_kind: Some("bcrypt$4".to_owned()),
        must_reset_password: true,
        verified_at: None,
        locked_at: Some(NOW.plus(2)),
        last_login_at: Some(NOW.plus(3)),
        version: 7,
        epoch: 9,
        ..user_row("u1", "ann", NOW)
    };
    add(&store, NewUser { user: row.clone(), ..new_user("u1") }).await;
    add(&store, new_user("u2")).await;
    assert_eq!(fields(&store.user("u1").await.unwrap().unwrap()), fields(&row));
    for name in ["ann", "ann.\u{e4}@example.org"] {
        assert_eq!(fields(&store.user_named(name).await.unwrap().unwrap()), fields(&row), "{name}");
    }
    for nobody in ["Ann", "", "@", "u1 ", "%", "' OR ''='", "ann.\u{c4}@example.org"] {
        assert!(store.user_named(nobody).await.unwrap().is_none(), "{nobody}");
    }
    assert!(store.user("U1").await.unwrap().is_none() && store.roles_of("u1").await.unwrap().is_empty());
}

async fn a_name_has_one_owner_however_it_is_written(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("ann")).await;
    let written = |change: fn(&mut UserRow)| {
        let mut new = new_user("another");
        change(&mut new.user);
        store.add_user(new, audited())
    };
    let username = written(|user| (user.username, user.username_key) = ("ANN".to_owned(), "ann".to_owned())).await;
    assert_eq!(username.unwrap(), Err(Name::Username));
    let email = written(|user| user.email_key = "ann@example.org".to_owned()).await;
    assert_eq!(email.unwrap(), Err(Name::Email));
    add(&store, new_user("another")).await;
    for (key, name) in [("ann", Name::Username), ("ann@example.org", Name::Email)] {
        let mut change = amendment("another", NOW);
        match name {
            Name::Username => change.change.username_key = Some(key.to_owned()),
            Name::Email => change.change.email_key = Some(key.to_owned()),
        }
        let amended = store.amend_user(change).await.unwrap();
        assert!(matches!(amended, Amended::Taken(taken) if taken == name), "{amended:?}");
    }
}

async fn of_many_that_take_one_name_one_does(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    for name in [Name::Username, Name::Email] {
        let racers = (0..16).map(|number| {
            let store = nodes[number % 2].clone();
            async move {
                let mut new = new_user(&format!("{name:?} {number}"));
                match name {
                    Name::Username => new.user.username_key = "wanted".to_owned(),
                    Name::Email => new.user.email_key = "wanted@example.org".to_owned(),
                }
                new.roles = vec!["admin".to_owned()];
                store.add_user(new, audited()).await.expect("a refusal is an answer")
            }
        });
        let results = race(racers.collect()).await;
        assert_eq!((count(&results, &Ok(())), count(&results, &Err(name))), (1, 15), "{results:?}");
    }
    let ids: Vec<_> = (0..16).map(|number| format!("taker {number}")).collect();
    for id in &ids {
        add(&nodes[0], new_user(id)).await;
    }
    let racers = ids.into_iter().enumerate().map(|(number, id)| {
        let store = nodes[number % 2].clone();
        async move {
            let mut change = amendment(&id, NOW);
            change.change.username_key = Some("new name".to_owned());
            match store.amend_user(change).await.expect("a refusal is an answer") {
                Amended::Done(_) => "done",
                Amended::Taken(Name::Username) => "taken",
                _ => "something else",
            }
        }
    });
    let results = race(racers.collect()).await;
    assert_eq!((count(&results, &"done"), count(&results, &"taken")), (1, 15), "{results:?}");
}

async fn a_new_user_comes_with_roles_and_letter_or_not_at_all(fresh: &Fresh) {
    let store = fresh.store().await;
    let letter = |id: &str| OneTimeLetter {
        token: token(id, "u1", "verify", NOW.plus(60)),
        letter: OutboxRow::new(id.to_owned(), Delivery::Mail, "sealed".to_owned(), NOW),
    };
    let roles = ["admin", "user", "admin"].map(str::to_owned).to_vec();
    let before = everything(fresh).await;
    let dangling = NewUser { roles: vec!["no such role".to_owned()], letter: Some(letter("l0")), ..new_user("u1") };
    let refused = store.add_user(dangling, audited()).await;
    assert!(matches!(refused, Err(StoreError::Dangling)), "{refused:?}");
    assert_eq!(everything(fresh).await, before);

    add(&store, NewUser { roles, letter: Some(letter("l1")), ..new_user("u1") }).await;
    assert_eq!(store.roles_of("u1").await.unwrap(), ["admin", "user"], "each once");
    assert!(everything(fresh).await.iter().any(|row| row == "l1"));
    let before = everything(fresh).await;
    let again = NewUser { letter: Some(letter("l2")), ..new_user("u1") };
    assert!(store.add_user(again, audited()).await.is_ok_and(|added| added.is_err()));
    assert_eq!(everything(fresh).await, before);
}

async fn a_change_changes_what_it_names_and_nothing_else(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, NewUser { roles: vec!["admin".to_owned()], ..new_user("u1") }).await;
    add(&store, new_user("u2")).await;
    let mut before = store.user("u1").await.unwrap().unwrap();
    let untouched = fields(&store.user("u2").await.unwrap().unwrap());
    let mut change = amendment("u1", NOW.plus(5));
    change.change = UserChange {
        given_name: Some(Some("Ann".to_owned())),
        verified_at: Some(None),
        disabled_at: Some(Some(NOW)),
        ..UserChange::default()
    };
    let Amended::Done(row) = store.amend_user(change).await.unwrap() else { panic!("nothing is in the way") };
    before.given_name = Some("Ann".to_owned());
    (before.verified_at, before.disabled_at) = (None, Some(NOW));
    (before.updated_at, before.version) = (NOW.plus(5), before.version + 1);
    assert_eq!(fields(&row), fields(&before));
    assert_eq!(fields(&store.user("u1").await.unwrap().unwrap()), fields(&before), "what was said was written");
    assert_eq!(store.roles_of("u1").await.unwrap(), ["admin"]);

    let mut change = amendment("u1", NOW);
    change.roles = Some(Vec::new());
    change.change.given_name = Some(None);
    let Amended::Done(row) = store.amend_user(change).await.unwrap() else { panic!("nothing is in the way") };
    assert_eq!((row.given_name, row.version, row.epoch), (None, before.version + 1, before.epoch));
    assert!(store.roles_of("u1").await.unwrap().is_empty());
    assert_eq!(fields(&store.user("u2").await.unwrap().unwrap()), untouched);
    assert!(matches!(store.amend_user(amendment("nobody", NOW)).await.unwrap(), Amended::Unknown));
    let mut change = amendment("u1", NOW);
    change.roles = Some(vec!["no such role".to_owned()]);
    assert!(matches!(store.amend_user(change).await, Err(StoreError::Dangling)));
    assert_eq!(store.user("u1").await.unwrap().unwrap().version, row.version);
}

async fn a_change_of_what_was_changed_since_changes_nothing(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, NewUser { roles: vec!["admin".to_owned()], ..new_user("u1") }).await;
    let sent = OneTimeLetter {
        token: token("t1", "u1", "reset", NOW.plus(60)),
        letter: OutboxRow::new("l1".to_owned(), Delivery::Mail, "sealed".to_owned(), NOW),
    };
    store.send_one_time_token(sent, false, audited()).await.unwrap();
    let before = everything(fresh).await;
    let full = |version: i64, hash: &str| {
        let mut change = amendment("u1", NOW);
        change.change.name = Some(Some("Another".to_owned()));
        change.from_version = Some(version);
        change.roles = Some(Vec::new());
        change.ends_grants = Some(countersign::store::users::Spared(None));
        change.spends = Some(super::one_time_tokens::spent(hash, "reset"));
        change.letters = vec![OutboxRow::new("l2".to_owned(), Delivery::Mail, "sealed".to_owned(), NOW).into()];
        change
    };
    for (what, version, hash) in [("another version", 2, "t1"), ("another token", 1, "t2")] {
        let amended = store.amend_user(full(version, hash)).await.unwrap();
        assert!(matches!(amended, Amended::Overtaken), "{what}: {amended:?}");
        assert_eq!(everything(fresh).await, before, "{what}");
    }
    let amended = store.amend_user(full(1, "t1")).await.unwrap();
    assert!(matches!(&amended, Amended::Done(row) if (row.version, row.epoch) == (2, 2)), "{amended:?}");
}

async fn of_many_that_change_one_version_one_does(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    add(&nodes[0], new_user("u1")).await;
    let racers = (0..16).map(|number| {
        let store = nodes[number % 2].clone();
        async move {
            let mut change = amendment("u1", NOW);
            change.from_version = Some(1);
            change.change.name = Some(Some(number.to_string()));
            matches!(store.amend_user(change).await.expect("an answer"), Amended::Done(_))
        }
    });
    assert_eq!(count(&race(racers.collect()).await, &true), 1);
    assert_eq!(nodes[1].user("u1").await.unwrap().unwrap().version, 2);
}

async fn a_name_that_is_taken_leaves_everything_as_it_was(fresh: &Fresh) {
    let store = fresh.store().await;
    add(&store, new_user("u1")).await;
    add(&store, new_user("u2")).await;
    let before = everything(fresh).await;
    let mut change = amendment("u2", NOW);
    change.change.email_key = Some("u1@example.org".to_owned());
    change.roles = Some(vec!["admin".to_owned()]);
    change.letters = vec![OutboxRow::new("l1".to_owned(), Delivery::Mail, "sealed".to_owned(), NOW).into()];
    assert!(matches!(store.amend_user(change).await.unwrap(), Amended::Taken(Name::Email)));
    assert_eq!(everything(fresh).await, before);
}

async fn the_kinds_of_passwords_are_known_each_once(fresh: &Fresh) {
    let store = fresh.store().await;
    assert!(store.password_kinds().await.unwrap().is_empty());
    let of_kind = |id: &str, kind: &str| {
        let mut new = new_user(id);
        (new.user.password_hash, new.user.password_kind) = (Some(hash("h")), Some(kind.to_owned()));
        new
    };
    for (id, kind, expected) in
        [("u1", "bcrypt$12", PASSWORD_KINDS), ("u2", "argon2id$a", PASSWORD_KINDS), ("u3", "bcrypt$12", NONE)]
    {
        assert_eq!(raised(&store, async || add(&store, of_kind(id, kind)).await).await, expected, "{id}");
    }
    add(&store, new_user("without")).await;
    assert_eq!(store.password_kinds().await.unwrap(), ["argon2id$a", "bcrypt$12"]);
    let to = async |kind: &str| {
        let mut change = amendment("u1", NOW);
        (change.change.password_hash, change.change.password_kind) = (Some(Some(hash("h"))), Some(Some(kind.into())));
        assert!(matches!(store.amend_user(change).await.unwrap(), Amended::Done(_)));
    };
    assert_eq!(raised(&store, async || to("argon2id$a").await).await, NONE);
    assert_eq!(raised(&store, async || to("scrypt$b").await).await, PASSWORD_KINDS);
    assert_eq!(store.password_kinds().await.unwrap(), ["argon2id$a", "bcrypt$12", "scrypt$b"]);
}

async fn a_user_who_goes_takes_everything_along(fresh: &Fresh) {
    let store = fresh.store().await;
    let letter = OneTimeLetter {
        token: token("t1", "u1", "verify", NOW.plus(60)),
        letter: OutboxRow::new("l1".to_owned(), Delivery::Mail, "sealed".to_owned(), NOW),
    };
    add(&store, NewUser { roles: vec!["admin".to_owned()], letter: Some(letter), ..new_user("u1") }).await;
    super::grants::open(&store, "g1", "u1").await;
    let erase = async |from_version| store.erase_user("u1".to_owned(), from_version, audited()).await.unwrap();
    let before = everything(fresh).await;
    assert!(matches!(erase(Some(2)).await, Amended::Overtaken), "it is in another version");
    assert_eq!(everything(fresh).await, before);
    assert!(matches!(erase(Some(1)).await, Amended::Done(row) if row.id == "u1"));
    assert!(matches!(erase(None).await, Amended::Unknown) && matches!(erase(Some(1)).await, Amended::Unknown));
    assert!(store.user("u1").await.unwrap().is_none() && store.grant("g1").await.unwrap().is_none());
    let mut raw = fresh.raw().await;
    for table in ["user_roles", "one_time_tokens", "grants"] {
        assert_eq!(raw.texts(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}")).await, ["0"], "{table}");
    }
    // Nothing of it is left, so the same names may be used again.
    add(&store, new_user("u1")).await;
}
