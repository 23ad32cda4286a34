//! Accounts in bulk.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{AUDIT, IMPORT, USERS, exists, send};
use crate::api::Governed;
use crate::api::people::{Session, a_password};
use crate::harness::{Answer, Backend, raw, stories};
use crate::passwords::{RIGHT, WRITTEN_ELSEWHERE};

stories![
    accounts_of_other_systems_come_in_with_their_passwords,
    each_line_is_done_or_refused_by_itself,
    a_file_that_comes_again_makes_nobody_twice,
    of_two_lines_with_one_name_the_first_counts,
    five_thousand_lines_are_a_short_report,
    what_arrived_before_the_end_is_done,
    a_file_must_be_lines,
];

/// Right in their form, and beyond what this server computes.
const TOO_SLOW: &str = "$2b$31$qbNcTI9TglrEj6JDtVB9OewSRcMj6JUqazhg9dkw6MlF.JpcA2VHS";
const TOO_LARGE: &str = "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA\
                         $08SGGcDJOWTOHrI9opI1oxYYPVyI3Xbz6vQjWzSpV7w";

impl Governed {
    async fn imports(&self, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(Method::POST, IMPORT).header("content-type", "application/x-ndjson");
        self.world.send(request.timeout(Duration::from_secs(110)).body(body)).await
    }

    /// How many came in, and the lines that did not.
    async fn imported(&self, body: impl Into<reqwest::Body>) -> (u64, Vec<(u64, String)>) {
        let answer = self.imports(body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let report = answer.json();
        let refused = report["refused"].as_array().expect("a list").iter();
        let refused: Vec<_> = refused
            .map(|each| (each["line"].as_u64().expect("a line"), each["detail"].as_str().expect("why").to_owned()))
            .collect();
        assert_eq!(report["refused_lines"].as_u64(), u64::try_from(refused.len()).ok(), "{report}");
        (report["imported"].as_u64().expect("a number"), refused)
    }
}

fn line(name: &str, more: Value) -> String {
    let mut line = json!({"username": name, "email": format!("{name}@example.org")});
    for (name, value) in more.as_object().expect("members") {
        line[name] = value.clone();
    }
    format!("{line}\n")
}

/// So many objects in each other.
fn nested(depth: usize) -> Value {
    (1..depth).fold(json!({}), |inner, _| json!({ "x": inner }))
}

async fn accounts_of_other_systems_come_in_with_their_passwords(backend: Backend) {
    let governed = Governed::start(backend).await;
    let mut file = String::new();
    for (number, (_, hash)) in WRITTEN_ELSEWHERE.iter().enumerate() {
        file += &line(&format!("u{number}"), json!({"password_hash": hash, "given_name": "U"}));
    }
    let password = a_password();
    file += &line("plain", json!({"password": password, "roles": ["admin"], "verified": false, "profile": {"x": 1}}));
    file += &line("none", json!({}));
    let (imported, refused) = governed.imported(file).await;
    assert_eq!((imported, refused), (u64::try_from(WRITTEN_ELSEWHERE.len()).unwrap() + 2, vec![]));
    for (number, (kind, _)) in WRITTEN_ELSEWHERE.iter().enumerate() {
        let answer = governed.world.try_login(&format!("u{number}"), RIGHT).await;
        assert_eq!(answer.status, 200, "{kind}: {answer:?}");
        assert_eq!(Session::of(&answer).me(&governed.world).await.json()["email_verified"], true);
    }
    let session = Session::of(&governed.world.try_login("plain", &password).await);
    let user = session.me(&governed.world).await.json();
    assert_eq!((&user["email_verified"], &user["profile"]), (&json!(false), &json!({"x": 1})));
    assert_eq!(user["roles"], json!(["user", "admin"]));
    assert_eq!(governed.world.try_login("none", RIGHT).await.status, 401);
    let act = governed.get(&format!("{AUDIT}?act=users_imported")).await.json()["items"][0].clone();
    let expected = json!({"imported": WRITTEN_ELSEWHERE.len() + 2, "refused": 0});
    assert_eq!((&act["detail"], &act["actor_id"]), (&expected, &json!(governed.service.id)));
    let made = governed.get(&format!("{AUDIT}?act=user_created&limit=200")).await.json();
    assert_eq!(made["items"].as_array().map(Vec::len), Some(WRITTEN_ELSEWHERE.len() + 2));
}

async fn each_line_is_done_or_refused_by_itself(backend: Backend) {
    let governed = Governed::start(backend).await;
    governed.hires("taken", &[]).await;
    let (long, secret) = ("x".repeat(64 * 1024), "a secret of somebody");
    let lines: Vec<(String, &str)> = vec![
        (line("first", json!({})), ""),
        ("not JSON, but a secret of somebody\n".to_owned(), "not an account in JSON"),
        ("{\"username\": \"half\", \"email\": \n".to_owned(), "not an account in JSON"),
        (line("more", json!({"enabled": false})), "not an account in JSON"),
        ("[]\n".to_owned(), "not an account in JSON"),
        ("{\"username\": \"nameless\"}\n".to_owned(), "not an account in JSON"),
        ("\n".to_owned(), ""),
        ("  \r\n".to_owned(), ""),
        (line("a b", json!({})), "username: "),
        (line("weak", json!({"password": "1234", "given_name": " "})), "password: "),
        (line("weak", json!({"password": "1234", "given_name": " "})), "given_name: "),
        (line("two", json!({"password": secret, "password_hash": "x"})), "both password and password_hash"),
        (line("odd", json!({"password_hash": secret})), "password_hash "),
        (line("dear", json!({"password_hash": TOO_SLOW})), "passwords.max_milliseconds"),
        (line("vast", json!({"password_hash": TOO_LARGE})), "passwords.max_memory_kib"),
        (line("role", json!({"roles": ["nobody's"]})), "roles: "),
        (line("TAKEN", json!({})), "is taken"),
        (line("other", json!({"email": "Taken@Example.org"})), "address already"),
        (line("long", json!({"name": long})), "longer than 65536 bytes"),
        (line("profile", json!({"profile": {"x": "y".repeat(20_000)}})), "profile: "),
        (line("deep", json!({"profile": nested(8)})), "nested too deeply"),
        (line("level", json!({"profile": nested(7)})), ""),
        (
            "{\"username\": \"twice\", \"email\": \"twice@example.org\", \"profile\": {\"x\": 1, \"x\": 2}}\n"
                .to_owned(),
            "more than once",
        ),
        (line("crlf", json!({})).replace('\n', "\r\n"), ""),
        (line("last", json!({})).trim_end().to_owned(), ""),
    ];
    let file: String = lines.iter().map(|(line, _)| line.as_str()).collect();
    let answer = governed.imports(file.clone()).await;
    answer.never_says(&[secret, "nobody's"]);
    let report = answer.json();
    let mut refused = report["refused"].as_array().expect("a list").iter();
    for (number, (line, why)) in lines.iter().enumerate().filter(|(_, (_, why))| !why.is_empty()) {
        let told = refused.next().unwrap_or_else(|| panic!("{line}: {report}"));
        assert_eq!(told["line"], number + 1, "{why}: {report}");
        assert!(told["detail"].as_str().is_some_and(|told| told.contains(why)), "{why}: {told}");
    }
    assert!(refused.next().is_none(), "{report}");
    assert_eq!(report["imported"], 4);
    for name in ["first", "level", "crlf", "last"] {
        assert!(exists(&governed.world, name).await, "{name}");
    }
    for name in
        ["more", "weak", "two", "odd", "dear", "vast", "role", "other", "long", "profile", "half", "deep", "twice"]
    {
        assert!(!exists(&governed.world, name).await, "{name}");
    }
    let kinds = "SELECT password_kind FROM users WHERE password_kind IS NOT NULL AND username <> 'taken'";
    assert!(governed.world.texts(kinds).await.is_empty());
}

async fn a_file_that_comes_again_makes_nobody_twice(backend: Backend) {
    let governed = Governed::start(backend).await;
    let file: String = (0..20).map(|number| line(&format!("u{number}"), json!({}))).collect();
    assert_eq!(governed.imported(file.clone()).await, (20, vec![]));
    let more = format!("{file}{}", line("new", json!({})));
    let (imported, refused) = governed.imported(more).await;
    assert_eq!((imported, refused.len()), (1, 20));
    for (place, (number, why)) in (1..).zip(&refused) {
        assert!(*number == place && why.contains("taken"), "{refused:?}");
    }
    // Two that come at once make each of them once.
    let file: String = (0..50).map(|number| line(&format!("v{number}"), json!({}))).collect();
    let (one, other) = tokio::join!(governed.imported(file.clone()), governed.imported(file));
    assert_eq!(one.0 + other.0, 50, "{one:?} {other:?}");
    assert_eq!(one.1.len() + other.1.len(), 50);
}

async fn of_two_lines_with_one_name_the_first_counts(backend: Backend) {
    let governed = Governed::start(backend).await;
    let mut file = String::new();
    for number in 0..10 {
        file += &line(&format!("u{number}"), json!({"name": "first"}));
        file += &line(&format!("U{number}"), json!({"name": "second", "email": format!("other{number}@example.org")}));
        file += &line(&format!("w{number}"), json!({"name": "third", "email": format!("U{number}@EXAMPLE.org")}));
    }
    let (imported, refused) = governed.imported(file).await;
    let expected: Vec<u64> = (1..=30).filter(|number| number % 3 != 1).collect();
    assert_eq!((imported, refused.iter().map(|(line, _)| *line).collect()), (10, expected));
    let names = "SELECT DISTINCT name FROM users";
    assert_eq!(governed.world.texts(names).await, ["first"]);
}

async fn five_thousand_lines_are_a_short_report(backend: Backend) {
    let governed = Governed::start(backend).await;
    let hash = WRITTEN_ELSEWHERE[6].1;
    let file: String = (0..5_000)
        .map(|number| match number % 5 {
            0 => line(&format!("u{number}"), json!({"password_hash": hash, "profile": {"number": number}})),
            _ => line(&format!("u {number}"), json!({})),
        })
        .collect();
    let answer = governed.imports(file).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let report = answer.json();
    assert_eq!((&report["imported"], &report["refused_lines"]), (&json!(1_000), &json!(4_000)));
    assert_eq!(report["refused"].as_array().map(Vec::len), Some(1_000), "the first thousand");
    assert_eq!(report["refused"][999]["line"], 1_250);
    for name in ["u0", "u2500", "u4995"] {
        assert_eq!(governed.world.try_login(name, RIGHT).await.status, 200, "{name}");
    }
    assert_eq!(governed.world.texts("SELECT id FROM users").await.len(), 1_000);
}

async fn what_arrived_before_the_end_is_done(backend: Backend) {
    let governed = Governed::start(backend).await;
    let head = |of_body: &str| {
        format!(
            "POST {IMPORT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: \
             application/x-ndjson\r\n{of_body}\r\n\r\n",
            governed.token
        )
    };
    let file: String = (0..8).map(|number| line(&format!("u{number}"), json!({}))).collect();
    let half = format!("{}{file}{{\"username\"", head("Content-Length: 100000"));
    raw::send(&governed.world, half.as_bytes()).await.is_problem(408, "invalid_request");
    assert!(exists(&governed.world, "u0").await && exists(&governed.world, "u3").await);
    let (imported, refused) = governed.imported(file).await;
    assert_eq!(imported + u64::try_from(refused.len()).unwrap(), 8, "the rest comes with the next attempt");
    assert!(exists(&governed.world, "u7").await);
}

async fn a_file_must_be_lines(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    for (what, content_type) in [("JSON", "application/json"), ("text", "text/plain"), ("nothing", "")] {
        let request = governed.request(Method::POST, IMPORT);
        let request = if content_type.is_empty() { request } else { request.header("content-type", content_type) };
        let answer = world.send(request.body(line("ann", json!({})))).await;
        assert_eq!(answer.status, 415, "{what}: {answer:?}");
        answer.is_problem(415, "unsupported_media_type");
    }
    let longest = 64 * 1024 * 1024;
    let head = format!(
        "POST {IMPORT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: \
         application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
        governed.token,
        longest + 1
    );
    raw::send(world, head.as_bytes()).await.is_problem(413, "invalid_request");
    assert!(!exists(world, "ann").await);
    assert_eq!(governed.imported("").await, (0, vec![]));
    assert_eq!(governed.imported("\n\n").await, (0, vec![]));
    let token = governed.token_with("admin:roles").await;
    send(world, &token, Method::POST, IMPORT, Some(&json!({}))).await.is_problem(403, "insufficient_scope");
    assert_eq!(governed.get(USERS).await.json()["items"], json!([]));
}
