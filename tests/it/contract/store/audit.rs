//! `audit_log`, `audit_persons` and `audit_seals`: what is recorded, found, sealed, trimmed and erased.

use countersign::audit::{Act, Actor, Entry, Origin};
use countersign::failure::Reason;
use countersign::store::audit::Record;
use countersign::store::audit::seals::{CHECKPOINT, Link, SEAL, SealRow, Unsealed};
use countersign::store::audit::search::{Cursor, Filter, Found, Order};
use countersign::store::leases::Leadership;
use countersign::store::scopes::ScopeRow;
use countersign::store::signing_keys::Step;
use countersign::store::sweep::BATCH;
use countersign::store::{Store, StoreError};
use countersign::time::UnixTime;
use serde_json::json;

use super::{client, secret};
use crate::contract::database::Fresh;
use crate::contract::{NOW, count, on_both_databases, race};

on_both_databases! {
    an_act_is_written_with_all_that_was_said_of_it
    an_act_stands_in_the_transaction_that_it_tells_of
    what_changed_nothing_is_not_recorded
    acts_are_found_by_what_is_said_of_them
    pages_follow_one_another_without_gap_or_repetition
    unsealed_acts_come_by_time_and_whoever_no_longer_leads_seals_none
    of_many_that_seal_the_same_acts_one_does
    acts_are_trimmed_together_with_their_seals_or_not_at_all
    a_person_is_erased_and_nobody_else
    personal_data_goes_in_batches
}

fn origin() -> Origin {
    let device = "Firefox\u{7}\n on a telephone".to_owned() + &"!".repeat(300);
    Origin::new(Some("192.0.2.7".parse().unwrap()), Some(&device), Some("request 1".to_owned()))
}

fn act(number: i64) -> Record {
    Entry::new(Act::SignedIn, Actor::User("u1")).on("user", format!("target {number}")).record(NOW.plus(number))
}

async fn record(store: &Store, records: impl IntoIterator<Item = Record>) {
    for record in records {
        store.record(record).await.unwrap();
    }
}

async fn all(store: &Store) -> Vec<Found> {
    store.audit_in_order(&Filter::default(), None, 1000, Order::OldestFirst).await.unwrap()
}

async fn acts(store: &Store) -> Vec<String> {
    all(store).await.into_iter().map(|found| found.act.act).collect()
}

async fn leader(store: &Store) -> Leadership {
    store.lead("the test", None).await.unwrap().expect("nobody else leads")
}

fn seal(kind: &str, position: i64, count: i64, at: UnixTime) -> SealRow {
    let text = |what: &str| format!("{what} of {position}");
    let (hash, signature, mac) = (text("hash"), text("signature"), text("mac"));
    SealRow { position, kind: kind.to_owned(), hash, count, at, signature, mac }
}

fn links(acts: &[Found], from: i64) -> Vec<Link> {
    let link =
        |(position, found): (i64, &Found)| Link { id: found.act.id.clone(), position, hash: position.to_string() };
    (from..).zip(acts).map(link).collect()
}

async fn an_act_is_written_with_all_that_was_said_of_it(fresh: &Fresh) {
    let store = fresh.store().await;
    let record = Entry::new(Act::SignInRefused, Actor::Nobody)
        .on("user", "u1")
        .at_client("c1")
        .refused(Reason::WrongSecret)
        .with(json!({"attempt": 3}))
        .named("Alice")
        .about_person("u1")
        .from(&origin())
        .record(NOW);
    store.record(record.clone()).await.unwrap();
    let Found { act, position, hash, personal } = all(&store).await.remove(0);
    assert_eq!((position, hash), (None, None));
    assert_eq!((act.id.as_str(), act.at, act.act.as_str()), (record.act.id.as_str(), NOW, "sign_in_refused"));
    assert_eq!((act.actor_kind.as_str(), act.actor_id), ("nobody", None));
    assert_eq!((act.target_kind.as_deref(), act.target_id.as_deref()), (Some("user"), Some("u1")));
    assert_eq!(act.client_id.as_deref(), Some("c1"));
    assert_eq!((act.outcome.as_str(), act.reason.as_deref()), ("refused", Some("wrong_secret")));
    assert_eq!(act.request_id.as_deref(), Some("request 1"));
    assert_eq!(act.detail.as_deref(), Some("{\"attempt\":3}"));
    let personal = personal.expect("personal data");
    assert_eq!(act.personal.as_deref(), Some(personal.digest.as_str()));
    assert_eq!((personal.user_id.as_deref(), personal.name.as_deref()), (Some("u1"), Some("Alice")));
    assert_eq!(personal.address.as_deref(), Some("192.0.2.7"));
    // A caller's text is shortened and cleaned.
    let device = personal.device.expect("a device");
    assert!(device.starts_with("Firefox on a telephone!") && device.chars().count() == 256, "{device}");
    // The same act is not written twice.
    assert!(matches!(store.record(record).await, Err(StoreError::Conflict(_))));
    assert_eq!(all(&store).await.len(), 1);
}

async fn an_act_stands_in_the_transaction_that_it_tells_of(fresh: &Fresh) {
    let store = fresh.store().await;
    let (first, second) = (act(1), act(2));
    store.add_client(client("c1"), None, first.clone()).await.unwrap();
    // The act cannot be written a second time, so the client is not made.
    assert!(store.add_client(client("c2"), None, first.clone()).await.is_err());
    assert!(store.client("c2").await.unwrap().is_none());
    assert!(store.delete_client("c1".to_owned(), first).await.is_err());
    assert!(store.client("c1").await.unwrap().is_some());
    // The client cannot be made a second time, so the act is not written.
    assert!(store.add_client(client("c1"), None, second.clone()).await.is_err());
    assert_eq!(all(&store).await.len(), 1);
    store.delete_client("c1".to_owned(), second).await.unwrap();
    assert_eq!(all(&store).await.len(), 2);
}

fn named(act: Act) -> Record {
    Entry::new(act, Actor::Operator).record(NOW)
}

async fn what_changed_nothing_is_not_recorded(fresh: &Fresh) {
    let store = fresh.store().await;
    let nobody = || "nobody".to_owned();
    let changed = [
        store.update_client(client("nobody"), client("nobody"), named(Act::ClientUpdated)).await.unwrap(),
        store.set_client_disabled(nobody(), Some(NOW), named(Act::ClientDisabled)).await.unwrap(),
        store.delete_client(nobody(), named(Act::ClientDeleted)).await.unwrap(),
        store.delete_client_secret(nobody(), nobody(), named(Act::ClientSecretDeleted)).await.unwrap(),
        store.delete_scope(nobody(), named(Act::ScopeDeleted)).await.unwrap(),
        store.delete_resource(nobody(), named(Act::ResourceDeleted)).await.unwrap(),
        store.withdraw_one_key(nobody(), nobody(), NOW, named(Act::KeyRetired)).await.unwrap() == Step::Taken,
        store.retire_signing_key(nobody(), NOW, NOW, named(Act::KeyRetired)).await.unwrap() == Step::Taken,
    ];
    assert_eq!(count(&changed, &false), changed.len(), "{changed:?}");
    let refused = store.add_client_secret(secret("s", "nobody", None), None, named(Act::ClientSecretAdded)).await;
    assert!(matches!(refused, Err(StoreError::Dangling)), "{refused:?}");
    let scope = ScopeRow {
        name: "openid".into(),
        description: String::new(),
        built_in: false,
        created_at: NOW,
        identity: false,
        registrable: false,
    };
    assert!(store.add_scope(scope, named(Act::ScopeCreated)).await.is_err());
    assert!(acts(&store).await.is_empty());
}

async fn acts_are_found_by_what_is_said_of_them(fresh: &Fresh) {
    let store = fresh.store().await;
    record(
        &store,
        [
            Entry::new(Act::SignedIn, Actor::User("u1")).on("user", "u1").at_client("c1").record(NOW),
            Entry::new(Act::SignInRefused, Actor::Nobody)
                .on("user", "u2")
                .at_client("c1")
                .refused(Reason::WrongSecret)
                .record(NOW.plus(1)),
            Entry::new(Act::UserDisabled, Actor::User("u3")).on("user", "u1").record(NOW.plus(2)),
            Entry::new(Act::UserEnabled, Actor::Operator).on("user", "u2").at_client("c2").record(NOW.plus(3)),
        ],
    )
    .await;
    let id = |id: &str| Some(id.to_owned());
    let none = Filter::default;
    for (filter, expected) in [
        (none(), vec!["user_enabled", "user_disabled", "sign_in_refused", "signed_in"]),
        (Filter { act: Some(Act::SignedIn), ..none() }, vec!["signed_in"]),
        (Filter { actor: id("u3"), ..none() }, vec!["user_disabled"]),
        (Filter { target: id("u1"), ..none() }, vec!["user_disabled", "signed_in"]),
        (Filter { user: id("u3"), ..none() }, vec!["user_disabled"]),
        (Filter { user: id("u1"), ..none() }, vec!["user_disabled", "signed_in"]),
        (Filter { client: id("c1"), ..none() }, vec!["sign_in_refused", "signed_in"]),
        (Filter { refused: Some(true), ..none() }, vec!["sign_in_refused"]),
        (Filter { refused: Some(false), ..none() }, vec!["user_enabled", "user_disabled", "signed_in"]),
        (Filter { since: Some(NOW.plus(2)), ..none() }, vec!["user_enabled", "user_disabled"]),
        (Filter { until: Some(NOW.plus(1)), ..none() }, vec!["signed_in"]),
        (Filter { client: id("c1"), target: id("u1"), ..none() }, vec!["signed_in"]),
        (Filter { client: id("c2"), target: id("u1"), ..none() }, vec![]),
    ] {
        let found = store.audit(&filter, None, 10).await.unwrap();
        let found: Vec<_> = found.iter().map(|found| found.act.act.as_str()).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

async fn pages_follow_one_another_without_gap_or_repetition(fresh: &Fresh) {
    let store = fresh.store().await;
    // Several in each second.
    record(&store, (0..11).map(|number| act(number / 4))).await;
    let mut orders = Vec::new();
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let mut found: Vec<Found> = Vec::new();
        let mut sizes = Vec::new();
        while sizes.last() != Some(&0) {
            // A cursor goes out as text and comes back.
            let after = found.last().map(|last| last.cursor().to_string().parse::<Cursor>().unwrap());
            let page = store.audit_in_order(&Filter::default(), after.as_ref(), 3, order).await.unwrap();
            sizes.push(page.len());
            found.extend(page);
        }
        assert_eq!(sizes, [3, 3, 3, 2, 0]);
        orders.push(found.into_iter().map(|found| (found.act.at, found.act.id)).collect::<Vec<_>>());
    }
    assert!(orders[1].is_sorted());
    orders[0].reverse();
    assert_eq!(orders[0], orders[1]);
    for wrong in ["", "1", "x.y", "1800000000.", "1800000000.not an id"] {
        assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
    }
}

async fn unsealed_acts_come_by_time_and_whoever_no_longer_leads_seals_none(fresh: &Fresh) {
    let store = fresh.store().await;
    assert_eq!(store.unsealed().await.unwrap(), Unsealed { count: 0, oldest: None });
    record(&store, [act(5), act(3), act(4)]).await;
    assert_eq!(store.unsealed().await.unwrap(), Unsealed { count: 3, oldest: Some(NOW.plus(3)) });
    let order = store.unsealed_acts(2).await.unwrap();
    assert_eq!(order.iter().map(|act| act.at).collect::<Vec<_>>(), [NOW.plus(3), NOW.plus(4)]);

    let found = all(&store).await;
    let before = leader(&store).await;
    store.resign(before.clone()).await.unwrap();
    let now = leader(&store).await;
    let step =
        async |links, seal, leadership: &Leadership| store.seal_acts(links, seal, leadership.clone()).await.unwrap();
    assert_eq!(step(links(&found, 1), seal(SEAL, 3, 3, NOW), &before).await, Step::Overtaken);
    assert_eq!(store.unsealed().await.unwrap().count, 3);
    assert_eq!(step(links(&found[..2], 1), seal(SEAL, 2, 2, NOW), &now).await, Step::Taken);
    // One of these has its place already, so none gets another.
    assert_eq!(step(links(&found[1..], 3), seal(SEAL, 4, 2, NOW), &now).await, Step::Overtaken);
    // A place is taken, and so is a seal's.
    assert_eq!(step(links(&found[2..], 2), seal(SEAL, 3, 1, NOW), &now).await, Step::Overtaken);
    assert_eq!(step(links(&found[2..], 3), seal(SEAL, 2, 1, NOW), &now).await, Step::Overtaken);
    assert_eq!(store.unsealed().await.unwrap(), Unsealed { count: 1, oldest: Some(NOW.plus(5)) });
    assert_eq!(step(links(&found[2..], 3), seal(SEAL, 3, 1, NOW), &now).await, Step::Taken);
    assert_eq!(store.last_seal().await.unwrap().map(|seal| seal.position), Some(3));
    let positions: Vec<_> = all(&store).await.into_iter().map(|found| (found.position, found.hash)).collect();
    assert_eq!(positions, [1, 2, 3].map(|position: i64| (Some(position), Some(position.to_string()))));
    let seals = store.seals(0, 2).await.unwrap();
    assert_eq!(seals.iter().map(|seal| seal.position).collect::<Vec<_>>(), [2]);
    assert_eq!(store.sealed_acts(1, 3, 10).await.unwrap().len(), 2);
    assert_eq!(store.acts_behind_the_last_seal().await.unwrap(), 0);
    fresh.raw().await.execute("DELETE FROM audit_seals WHERE position = 3").await;
    assert_eq!(store.acts_behind_the_last_seal().await.unwrap(), 1);
    fresh.raw().await.execute("DELETE FROM audit_seals").await;
    assert_eq!(store.acts_behind_the_last_seal().await.unwrap(), 3);
}

async fn of_many_that_seal_the_same_acts_one_does(fresh: &Fresh) {
    let nodes = [fresh.store().await, fresh.store().await];
    record(&nodes[0], (0..5).map(act)).await;
    let found = all(&nodes[0]).await;
    let leadership = leader(&nodes[0]).await;
    let racers = (0..6).map(|number| {
        let (store, links, leadership) = (nodes[number % 2].clone(), links(&found, 1), leadership.clone());
        async move { store.seal_acts(links, seal(SEAL, 5, 5, NOW), leadership).await.unwrap() }
    });
    let results = race(racers.collect()).await;
    assert_eq!(count(&results, &Step::Taken), 1, "{results:?}");
}

async fn acts_are_trimmed_together_with_their_seals_or_not_at_all(fresh: &Fresh) {
    let store = fresh.store().await;
    let personal = |number| {
        let entry = Entry::new(Act::SignedIn, Actor::User("u1")).from(&origin());
        entry.record(NOW.plus(number))
    };
    record(&store, (0..6).map(personal)).await;
    let found = all(&store).await;
    let leadership = leader(&store).await;
    for (index, until) in [2_i64, 4, 6].into_iter().enumerate() {
        let links = links(&found[index * 2..index * 2 + 2], until - 1);
        store.seal_acts(links, seal(SEAL, until, 2, NOW.plus(until)), leadership.clone()).await.unwrap();
    }
    let until = async |after, before| {
        let seal = store.seal_to_trim_to(after, NOW.plus(before)).await.unwrap();
        seal.map(|seal| seal.position)
    };
    assert_eq!((until(0, 2).await, until(0, 3).await, until(0, 5).await), (None, Some(2), Some(4)));
    assert_eq!((until(4, 5).await, until(4, 9).await), (None, Some(6)));

    let trim = async |position, removed, leadership: &Leadership| {
        let checkpoint = seal(CHECKPOINT, position, removed, NOW.plus(50));
        store.trim_acts(checkpoint, leadership.clone(), named(Act::AuditTrimmed)).await.unwrap()
    };
    let stranger = Leadership { epoch: leadership.epoch - 1, ..leadership.clone() };
    assert_eq!(trim(4, 4, &stranger).await, Step::Overtaken);
    // Fewer, or more, than there should be: the log is damaged, and stays so for people to see.
    assert_eq!(trim(4, 5, &leadership).await, Step::Overtaken);
    assert_eq!(all(&store).await.len(), 6);
    assert!(store.checkpoint().await.unwrap().is_none());

    assert_eq!(trim(4, 4, &leadership).await, Step::Taken);
    let left: Vec<_> = all(&store).await.into_iter().map(|found| (found.act.act, found.position)).collect();
    let trimmed = ("audit_trimmed".to_owned(), None);
    let kept = |position| ("signed_in".to_owned(), Some(position));
    assert!(left.len() == 3 && [trimmed, kept(5), kept(6)].iter().all(|act| left.contains(act)), "{left:?}");
    assert_eq!(store.checkpoint().await.unwrap().map(|checkpoint| checkpoint.position), Some(4));
    assert_eq!(store.seals(0, 100).await.unwrap().len(), 1);
    assert_eq!(fresh.raw().await.texts("SELECT digest FROM audit_persons").await.len(), 2);
    assert_eq!(trim(6, 2, &leadership).await, Step::Taken);
    // The log begins anew where it ended.
    assert_eq!(store.last_seal().await.unwrap().map(|row| (row.kind, row.position)), Some((CHECKPOINT.to_owned(), 6)));
    assert_eq!(fresh.raw().await.texts("SELECT kind FROM audit_seals").await, [CHECKPOINT]);
}

async fn a_person_is_erased_and_nobody_else(fresh: &Fresh) {
    let store = fresh.store().await;
    let entry = |act, actor| Entry::new(act, actor).from(&origin());
    record(
        &store,
        [
            entry(Act::SignedIn, Actor::User("u1")).record(NOW),
            entry(Act::SignInRefused, Actor::Nobody).about_person("u1").record(NOW.plus(1)),
            entry(Act::UserDisabled, Actor::User("u2")).on("user", "u1").record(NOW.plus(2)),
        ],
    )
    .await;
    let before: Vec<_> = all(&store).await.into_iter().map(|found| found.act.personal).collect();
    assert_eq!(store.erase_person("u1".to_owned()).await.unwrap(), 2);
    assert_eq!(store.erase_person("u1".to_owned()).await.unwrap(), 0);
    let after = all(&store).await;
    let kept: Vec<_> = after.iter().map(|found| found.personal.is_some()).collect();
    assert_eq!(kept, [false, false, true]);
    // What the chain is about is as it was.
    assert_eq!(after.into_iter().map(|found| found.act.personal).collect::<Vec<_>>(), before);
}

async fn personal_data_goes_in_batches(fresh: &Fresh) {
    let store = fresh.store().await;
    let rows: Vec<_> = (0..BATCH + 7)
        .map(|number| format!("('old {number}', 'salt', {})", NOW.minus(1)))
        .chain([NOW, NOW.plus(1)].map(|at| format!("('new {at}', 'salt', {at})")))
        .collect();
    let mut raw = fresh.raw().await;
    raw.execute(&format!("INSERT INTO audit_persons (digest, salt, at) VALUES {}", rows.join(","))).await;
    let mut swept = Vec::new();
    for _ in 0..3 {
        swept.push(i64::try_from(store.sweep_personal_data(NOW).await.unwrap()).unwrap());
    }
    assert_eq!(swept, [BATCH, 7, 0]);
    let left = raw.texts("SELECT digest FROM audit_persons ORDER BY digest").await;
    assert_eq!(left, [format!("new {NOW}"), format!("new {}", NOW.plus(1))]);
}
