//! `users` as they are looked through.

use countersign::accounts::names;
use countersign::store::Store;
use countersign::store::users::{NewUser, UserFilter};

use super::users::{add, new_user};
use crate::contract::database::Fresh;
use crate::contract::{NOW, on_both_databases};

on_both_databases! {
    users_are_found_by_what_they_are
    roles_are_read_for_many_at_once
    a_search_means_what_it_says
    pages_of_users_follow_one_another_without_gap_or_repetition
}

async fn found(store: &Store, filter: UserFilter) -> Vec<String> {
    store.users(filter, None, 100).await.unwrap().into_iter().map(|row| row.id).collect()
}

async fn users_are_found_by_what_they_are(fresh: &Fresh) {
    let store = fresh.store().await;
    let with = |id: &str, change: fn(&mut NewUser)| {
        let mut new = new_user(id);
        change(&mut new);
        new
    };
    add(&store, with("a", |new| new.roles = vec!["admin".to_owned()])).await;
    add(&store, with("b", |new| new.user.disabled_at = Some(NOW))).await;
    add(&store, with("c", |new| new.user.locked_at = Some(NOW))).await;
    add(&store, with("d", |new| new.user.verified_at = None)).await;
    let all = UserFilter::default;
    for (filter, expected) in [
        (all(), vec!["a", "b", "c", "d"]),
        (UserFilter { role: Some("admin".to_owned()), ..all() }, vec!["a"]),
        (UserFilter { role: Some("user".to_owned()), ..all() }, vec!["a", "b", "c", "d"]),
        (UserFilter { role: Some("nobody's".to_owned()), ..all() }, vec![]),
        (UserFilter { enabled: Some(true), ..all() }, vec!["a", "c", "d"]),
        (UserFilter { enabled: Some(false), ..all() }, vec!["b"]),
        (UserFilter { locked: Some(true), ..all() }, vec!["c"]),
        (UserFilter { locked: Some(false), ..all() }, vec!["a", "b", "d"]),
        (UserFilter { verified: Some(true), ..all() }, vec!["a", "b", "c"]),
        (UserFilter { verified: Some(false), ..all() }, vec!["d"]),
        (UserFilter { verified: Some(true), enabled: Some(true), locked: Some(false), ..all() }, vec!["a"]),
        (UserFilter { text: Some("d@".to_owned()), verified: Some(true), ..all() }, vec![]),
    ] {
        assert_eq!(found(&store, filter.clone()).await, expected, "{filter:?}");
    }
}

async fn a_search_means_what_it_says(fresh: &Fresh) {
    let store = fresh.store().await;
    for (id, username, email, name) in [
        ("1", "under_score", "one@example.org", None),
        ("2", "underXscore", "two@per%cent.example", Some("Ann Example")),
        ("3", "third", "three!@example.org", Some("Back\\Slash")),
        ("4", "fourth", "four@example.com", Some("ÄNNE Ørsted")),
    ] {
        let mut new = new_user(id);
        (new.user.username, new.user.username_key) = (username.to_owned(), username.to_lowercase());
        (new.user.email, new.user.email_key) = (email.to_owned(), email.to_owned());
        (new.user.name, new.user.name_key) = (name.map(str::to_owned), name.map(names::fold));
        add(&store, new).await;
    }
    for (text, expected) in [
        ("", vec!["1", "2", "3", "4"]),
        ("under", vec!["1", "2"]),
        ("r_s", vec!["1"]),
        ("%", vec!["2"]),
        ("per%cent", vec!["2"]),
        ("!", vec!["3"]),
        ("ann ex", vec!["2"]),
        ("\\", vec!["3"]),
        ("änne ør", vec!["4"]),
        ("'", vec![]),
        ("example.org", vec!["1", "3"]),
    ] {
        let filter = UserFilter { text: Some(text.to_owned()), ..UserFilter::default() };
        assert_eq!(found(&store, filter).await, expected, "{text}");
    }
}

async fn pages_of_users_follow_one_another_without_gap_or_repetition(fresh: &Fresh) {
    let store = fresh.store().await;
    let ids: Vec<_> = (0..7).map(|number| countersign::store::new_id(NOW.plus(number))).collect();
    for id in ids.iter().rev() {
        add(&store, new_user(id)).await;
    }
    let (mut seen, mut sizes): (Vec<String>, Vec<usize>) = (Vec::new(), Vec::new());
    while sizes.last() != Some(&0) {
        let page = store.users(UserFilter::default(), seen.last().map(String::as_str), 3).await.unwrap();
        sizes.push(page.len());
        seen.extend(page.into_iter().map(|row| row.id));
    }
    assert_eq!((sizes.as_slice(), &seen), (&[3, 3, 1, 0][..], &ids));
}

async fn roles_are_read_for_many_at_once(fresh: &Fresh) {
    let store = fresh.store().await;
    for (id, roles) in [("a", vec!["admin"]), ("b", vec![]), ("c", vec!["admin"])] {
        let mut new = new_user(id);
        new.roles = roles.into_iter().map(str::to_owned).collect();
        add(&store, new).await;
    }
    let roles = store.roles_of_each(&["a", "b", "nobody"]).await.unwrap();
    assert_eq!(roles.len(), 1, "{roles:?}");
    assert_eq!(roles["a"], ["admin"]);
    assert!(store.roles_of_each(&[]).await.unwrap().is_empty());
}
