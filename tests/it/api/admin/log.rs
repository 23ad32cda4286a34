//! Everything that administrators do is in the audit log, with who did it and to what.

use countersign::time::UnixTime;
use reqwest::Method;
use serde_json::{Value, json};

use super::{AUDIT, CLIENTS, IMPORT, ROLES, SCOPES, USERS, account, at, send};
use crate::api::Governed;
use crate::api::people::a_password;
use crate::harness::{Backend, World, stories};

stories![
    every_act_is_recorded_with_who_did_it_and_to_what,
    whoever_acts_leaves_no_trace_in_the_data_of_others,
    an_erased_person_is_gone_from_the_log_and_the_log_is_whole,
    acts_are_searched_page_by_page,
    an_export_holds_every_act_once,
    a_question_must_be_one,
];

async fn every_act_is_recorded_with_who_did_it_and_to_what(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let chief = governed.hires("chief", &["admin"]).await;
    let person = world.login(&chief).await.access;
    let callers = [(person, "user", chief.id.clone()), (governed.token.clone(), "client", governed.service.id.clone())];
    for (token, kind, id) in callers {
        world.advance(1);
        let since = world.clock.now();
        let call = async |method: Method, path: &str, body: Option<Value>| {
            let answer = send(world, &token, method, path, body.as_ref()).await;
            assert!(answer.status < 300, "{path}: {answer:?}");
            answer
        };
        let (_, body) = account(&format!("ann-{kind}"));
        let made = call(Method::POST, USERS, Some(body)).await.json();
        let user = made["id"].as_str().expect("an id").to_owned();
        let path = format!("{USERS}/{user}");
        call(Method::PATCH, &path, Some(json!({"name": "A"}))).await;
        for act in ["disable", "enable", "lock", "unlock", "force-reset"] {
            call(Method::POST, &format!("{path}/{act}"), None).await;
        }
        call(Method::PUT, &format!("{path}/password"), Some(json!({"password": a_password()}))).await;
        call(Method::PUT, &format!("{path}/roles"), Some(json!({"roles": ["admin"]}))).await;
        call(Method::DELETE, &format!("{path}/sessions"), None).await;
        call(Method::DELETE, &path, None).await;
        call(Method::DELETE, &format!("{path}?erase=true"), None).await;
        call(Method::PUT, &format!("{ROLES}/r-{kind}"), Some(json!({"scopes": []}))).await;
        call(Method::DELETE, &format!("{ROLES}/r-{kind}"), None).await;
        call(Method::POST, SCOPES, Some(json!({"name": format!("s-{kind}")}))).await;
        call(Method::DELETE, &format!("{SCOPES}/s-{kind}"), None).await;
        let client = call(Method::POST, CLIENTS, Some(json!({"grant_types": ["client_credentials"]}))).await.json();
        crate::harness::secrets::note(client["client_secret"].as_str().expect("a secret"));
        let client = client["client_id"].as_str().expect("an id").to_owned();
        call(Method::POST, &format!("{CLIENTS}/{client}/disable"), None).await;
        let import = world.request(Method::POST, IMPORT).bearer_auth(&token);
        world.send(import.header("content-type", "application/x-ndjson").body("")).await;

        let mut found = recorded(&governed, kind, &id, since).await;
        let (role, scope) = (format!("r-{kind}"), format!("s-{kind}"));
        let of_user = USER_ACTS.iter().map(|act| (*act, "user", user.as_str()));
        let of_others = [
            ("role_set", "role", role.as_str()),
            ("role_deleted", "role", &role),
            ("scope_created", "scope", &scope),
            ("scope_deleted", "scope", &scope),
            ("client_created", "client", &client),
            ("client_disabled", "client", &client),
            ("users_imported", "", ""),
        ];
        let mut expected: Vec<(String, String, String)> =
            of_user.chain(of_others).map(|(act, kind, id)| (act.to_owned(), kind.to_owned(), id.to_owned())).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}

/// What the story does to a user.
const USER_ACTS: [&str; 12] = [
    "user_created",
    "user_updated",
    "user_disabled",
    "user_enabled",
    "user_locked",
    "user_unlocked",
    "user_reset_forced",
    "password_changed",
    "user_roles_changed",
    "signed_out_everywhere",
    "user_disabled",
    "account_erased",
];

/// What somebody did since then: each act with its target.
async fn recorded(governed: &Governed, kind: &str, id: &str, since: UnixTime) -> Vec<(String, String, String)> {
    let listed = governed.get(&format!("{AUDIT}?actor={id}&since={since}&limit=200")).await.json();
    let items = listed["items"].as_array().expect("a page").iter();
    items
        .map(|act| {
            assert_eq!((&act["actor_kind"], &act["outcome"]), (&json!(kind), &json!("done")), "{act}");
            assert_eq!(act["personal"]["address"], "127.0.0.1", "{act}");
            assert!(act["request_id"].is_string(), "{act}");
            let text = |name: &str| act[name].as_str().unwrap_or_default().to_owned();
            (text("act"), text("target_kind"), text("target_id"))
        })
        .collect()
}

/// What the log holds of a person.
async fn persons(world: &World, user: &str) -> usize {
    world.texts(&format!("SELECT digest FROM audit_persons WHERE user_id = '{user}'")).await.len()
}

async fn whoever_acts_leaves_no_trace_in_the_data_of_others(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let (chief, ann) = (governed.hires("chief", &["admin"]).await, governed.hires("ann", &[]).await);
    let session = world.login(&chief).await;
    let (before, of_ann) = (persons(world, &chief.id).await, persons(world, &ann.id).await);
    let path = at(&ann);
    for (method, path) in [
        (Method::POST, format!("{path}/lock")),
        (Method::POST, format!("{path}/unlock")),
        (Method::DELETE, format!("{path}/sessions")),
    ] {
        assert!(session.send(world, method, &path, None).await.status < 300);
    }
    assert_eq!((persons(world, &chief.id).await, persons(world, &ann.id).await), (before + 3, of_ann));
    assert_eq!(governed.delete(&format!("{}?erase=true", at(&chief))).await.status, 204);
    assert_eq!(persons(world, &chief.id).await, 0, "with the person goes from where they governed");
}

async fn an_erased_person_is_gone_from_the_log_and_the_log_is_whole(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let ann = governed.hires("ann-of-the-log", &[]).await;
    world.login(&ann).await;
    world.try_login(&ann.username, "not this one").await;
    let names = "SELECT name FROM audit_persons WHERE name IS NOT NULL";
    assert!(persons(world, &ann.id).await > 0 && !world.texts(names).await.is_empty());
    world.stop_jobs().await;
    let leadership = world.app.store.lead("the story", None).await.expect("the store").expect("nobody else leads");
    world.advance(60);
    countersign::audit::seal(&world.app, &leadership, world.clock.now()).await.expect("it is sealed");
    assert_eq!(governed.delete(&format!("{}?erase=true", at(&ann))).await.status, 204);
    assert_eq!(persons(world, &ann.id).await, 0);
    for name in world.texts(names).await {
        assert!(!name.contains("ann-of-the-log"), "{name}");
    }
    world.advance(60);
    countersign::audit::seal(&world.app, &leadership, world.clock.now()).await.expect("it is sealed");
    let report = countersign::audit::verify(&world.app, &[]).await.expect("it can be read");
    assert!(report.damage.is_none() && report.erased > 0 && report.unsealed == 0, "{report:?}");
    let token = governed.service.token(world).await.text;
    let listed = send(world, &token, Method::GET, &format!("{AUDIT}?user={}", ann.id), None).await.json();
    let acts = listed["items"].as_array().expect("a page");
    assert!(acts.len() >= 3 && acts.iter().all(|act| act["personal"]["user_id"] != json!(ann.id)), "{listed}");
}

async fn acts_are_searched_page_by_page(backend: Backend) {
    let governed = Governed::start(backend).await;
    let start = governed.world.clock.now().seconds();
    for name in ["a", "b", "c", "d", "e"] {
        assert_eq!(governed.post(SCOPES, &json!({"name": name})).await.status, 201);
        governed.world.advance(1);
    }
    governed.delete(&format!("{SCOPES}/a")).await;
    let targets = async |query: &str| {
        let mut seen: Vec<String> = Vec::new();
        let mut path = format!("{AUDIT}?{query}");
        loop {
            let page = governed.get(&path).await;
            assert_eq!(page.status, 200, "{page:?}");
            let items = page.json()["items"].as_array().expect("a page").clone();
            seen.extend(items.iter().map(|act| act["target_id"].as_str().expect("a target").to_owned()));
            // What is done meanwhile comes before the first page.
            governed.post(SCOPES, &json!({"name": format!("x{}", seen.len())})).await;
            let link = page.header("link").to_owned();
            let Some((address, _)) = link.split_once('>') else { return seen };
            path = address.trim_start_matches('<').strip_prefix(governed.world.issuer()).expect("here").to_owned();
        }
    };
    let until = start + 5;
    assert_eq!(targets(&format!("act=scope_created&limit=2&until={until}")).await, ["e", "d", "c", "b", "a"]);
    let service = &governed.service.id;
    for (query, expected) in [
        (format!("act=scope_deleted&actor={service}"), vec!["a"]),
        (format!("actor={service}&target=a&act=scope_created"), vec!["a"]),
        (format!("act=scope_created&since={}&until={}", start + 1, start + 3), vec!["c", "b"]),
        ("act=scope_deleted&outcome=refused".to_owned(), vec![]),
        ("act=scope_deleted&outcome=done".to_owned(), vec!["a"]),
        ("act=scope_deleted&actor=nobody".to_owned(), vec![]),
        ("act=scope_deleted&user=nobody".to_owned(), vec![]),
        ("act=scope_deleted&client=nobody".to_owned(), vec![]),
        ("act=scope_created&until=1970-01-01T00:00:00Z".to_owned(), vec![]),
    ] {
        assert_eq!(targets(&query).await, expected, "{query}");
    }
}

async fn an_export_holds_every_act_once(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    // More than are read at once.
    for number in 0..1_203 {
        let entry = countersign::audit::By::system().does(countersign::audit::Act::ScopeUpdated);
        let record = entry.on("scope", format!("s{number}")).record(world.clock.now());
        world.app.store.record(record).await.expect("it is recorded");
        if number % 100 == 0 {
            world.advance(1);
        }
    }
    let exported = governed.get(&format!("{AUDIT}/export?act=scope_updated")).await;
    assert_eq!((exported.status, exported.header("content-type")), (200, "application/x-ndjson"));
    let lines: Vec<Value> = exported.body.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 1_203);
    let times: Vec<i64> = lines.iter().map(|act| act["at"].as_i64().expect("a time")).collect();
    assert!(times.is_sorted(), "the oldest first");
    let targets: std::collections::BTreeSet<_> = lines.iter().map(|act| act["target_id"].to_string()).collect();
    assert_eq!(targets.len(), 1_203);
    let listed = governed.get(&format!("{AUDIT}?act=scope_updated&limit=1")).await.json();
    assert!(lines.contains(&listed["items"][0]), "the same in both");
    let none = governed.get(&format!("{AUDIT}/export?actor=nobody")).await;
    assert_eq!((none.status, none.body.as_str()), (200, ""));
    let service = governed.get(&format!("{AUDIT}/export?target={}", governed.service.id)).await;
    assert_eq!(service.body.lines().count(), 1, "{service:?}");
}

async fn a_question_must_be_one(backend: Backend) {
    let governed = Governed::start(backend).await;
    for query in [
        "act=nonsense",
        "act=signed_in&act=signed_in",
        "since=noon",
        "until=",
        "outcome=maybe",
        "user=%00",
        "actor=a%20b",
        "target=%C3%A9",
        "client=",
    ] {
        for path in [AUDIT.to_owned(), format!("{AUDIT}/export")] {
            governed.get(&format!("{path}?{query}")).await.is_problem(400, "invalid_request");
        }
    }
    for query in ["after=YQ", "after=!", "limit=0"] {
        governed.get(&format!("{AUDIT}?{query}")).await.is_problem(400, "invalid_request");
    }
}
