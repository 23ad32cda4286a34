//! The doctor: one sentence for each thing that is wrong, with what to do; and nothing is changed by looking.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::home::{files, free_port, only_json};
use super::nodes::key_encryption_key;
use super::{Credentials, Home};
use crate::harness::{Backend, Mailbox, stories, tell};

stories![
    a_healthy_installation_is_found_healthy,
    a_server_that_does_not_run_is_noticed,
    tables_that_are_behind_are_found,
    an_empty_database_stays_empty,
    a_wrong_key_encryption_key_is_found,
    keys_that_others_may_read_are_found,
    an_issuer_that_is_another_server_is_found,
    mail_that_does_not_get_through_is_found,
    who_can_sign_in_and_how_is_looked_at,
    pages_that_cannot_be_shown_are_found,
];

/// What the doctor says, with its exit code.
async fn findings(home: &Home) -> (Option<i32>, Vec<Value>) {
    let ran = home.run(&["doctor", "--json"], &[]).await;
    let findings = only_json(&ran).as_array().expect("a list").clone();
    let people = home.run(&["doctor"], &[]).await;
    assert_eq!(people.code, ran.code, "{people:?}");
    for finding in &findings {
        let message = finding["message"].as_str().expect("a sentence");
        assert!(!message.is_empty() && !message.contains('\n'), "{finding}");
        assert!(people.out.contains(message), "{message}: {people:?}");
    }
    (ran.code, findings)
}

/// The one thing that is wrong, and that nothing was changed.
async fn only_fault(home: &Home, check: &str) -> String {
    let before = home.everything().await;
    let (code, findings) = findings(home).await;
    assert_eq!(home.everything().await, before, "looking changes nothing");
    let wrong: Vec<&Value> = findings.iter().filter(|finding| finding["verdict"] == "wrong").collect();
    assert_eq!((code, wrong.len()), (Some(1), 1), "{findings:?}");
    assert_eq!(wrong[0]["check"], check, "{findings:?}");
    wrong[0]["message"].as_str().expect("a sentence").to_owned()
}

/// A database with keys and a client in it, and no server.
async fn settled(backend: Backend) -> Home {
    let home = Home::new(backend).await;
    Credentials::of(&home.json(&super::clients::SERVICE).await);
    home
}

async fn a_healthy_installation_is_found_healthy(backend: Backend) {
    let home = Home::new(backend).await;
    let server = home.start().await;
    let (code, findings) = findings(&home).await;
    assert_eq!(code, Some(0), "{findings:?}");
    let checks: Vec<&str> = findings.iter().map(|finding| finding["check"].as_str().expect("a name")).collect();
    let all = ["settings", "database", "clock", "keys", "people", "cache", "mail", "pages", "issuer"];
    assert_eq!(checks, all, "{findings:?}");
    assert!(findings.iter().all(|finding| finding["verdict"] == "ok"), "{findings:?}");
    server.token(&server.first_client()).await;
}

async fn a_server_that_does_not_run_is_noticed(backend: Backend) {
    let home = settled(backend).await;
    let before = home.everything().await;
    let (code, findings) = findings(&home).await;
    assert_eq!(home.everything().await, before, "looking changes nothing");
    let issuer = findings.iter().find(|finding| finding["check"] == "issuer").expect("it is looked for");
    assert_eq!((code, &issuer["verdict"]), (Some(0), &"warning".into()), "it may be about to be started: {findings:?}");
    assert!(issuer["message"].as_str().is_some_and(|text| text.contains("is a server running")), "{issuer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_found() {
    tell(async {
        let url = format!("postgres://countersign:nobody-reads-this-one@127.0.0.1:{}/x", free_port());
        crate::harness::secrets::note("nobody-reads-this-one");
        let home = Home::new(Backend::Embedded).await.with("DATABASE_URL", &url);
        let (code, findings) = findings(&home).await;
        let database = findings.iter().find(|finding| finding["check"] == "database").expect("it is looked for");
        assert_eq!((code, &database["verdict"]), (Some(1), &"wrong".into()), "{findings:?}");
        let said = database["message"].as_str().expect("a sentence");
        assert!(said.contains("the database is away") && said.contains("check DATABASE_URL"), "{said}");
        assert!(!format!("{findings:?}").contains("nobody-reads-this-one"), "{findings:?}");
        assert!(!home.path("keys").exists() && !home.path("data").exists(), "looking changes nothing");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_is_away_is_found() {
    tell(async {
        let home = settled(Backend::Cluster).await;
        let home = home.with("REDIS_URL", &format!("redis://127.0.0.1:{}", free_port()));
        let said = only_fault(&home, "cache").await;
        assert!(said.contains("the cache is away") && said.contains("check REDIS_URL"), "{said}");
    })
    .await;
}

async fn tables_that_are_behind_are_found(backend: Backend) {
    let home = settled(backend).await;
    home.json(&["migrate", "down"]).await;
    let said = only_fault(&home, "database").await;
    assert!(said.contains("lacks 2") && said.contains("run `countersign migrate up`"), "{said}");
}

/// Before the first start there is nothing to look at, and nothing to make.
async fn an_empty_database_stays_empty(backend: Backend) {
    let home = Home::new(backend).await;
    let before = home.everything().await;
    findings(&home).await;
    assert_eq!(home.everything().await, before, "looking changes nothing");
    assert!(!home.path("data").exists() && !home.path("keys").exists());
}

async fn a_wrong_key_encryption_key_is_found(backend: Backend) {
    let home = settled(backend).await;
    let wrong = home.clone().with("COUNTERSIGN_KEYS__ENCRYPTION_KEYS", &key_encryption_key());
    let said = only_fault(&wrong, "keys").await;
    assert!(said.contains("which this node does not have"), "{said}");
    let none = home.with("COUNTERSIGN_KEYS__DIRECTORY", "nowhere");
    let said = only_fault(&none, "keys").await;
    assert!(said.contains("which this node does not have"), "{said}");
}

async fn keys_that_others_may_read_are_found(backend: Backend) {
    let home = settled(backend).await;
    let key = files(&home.path("keys")).remove(0);
    fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("its mode can be changed");
    let said = only_fault(&home, "settings").await;
    let name = key.file_name().and_then(|name| name.to_str()).expect("a name");
    assert!(said.contains(name) && said.contains("mode 644") && said.contains("chmod go="), "{said}");
}

async fn an_issuer_that_is_another_server_is_found(backend: Backend) {
    let (home, other) = (settled(backend).await, Home::new(backend).await);
    let _server = other.start().await;
    let home = home.with("COUNTERSIGN_ISSUER", &format!("http://127.0.0.1:{}", other.port));
    let said = only_fault(&home, "issuer").await;
    assert!(said.contains("names another issuer") && said.contains("COUNTERSIGN_ISSUER"), "{said}");
}

async fn mail_that_does_not_get_through_is_found(backend: Backend) {
    let home = settled(backend).await;
    let (_, found) = findings(&home).await;
    let of_mail = |found: &[Value]| -> Vec<Value> {
        found.iter().filter(|finding| finding["check"] == "mail").cloned().collect()
    };
    assert_eq!(of_mail(&found)[0]["message"], "mail is written to data/mail");
    let production =
        home.clone().with("COUNTERSIGN_DEVELOPMENT", "false").with("COUNTERSIGN_ISSUER", "https://id.example");
    let (_, found) = findings(&production).await;
    let waits = &of_mail(&found)[0];
    assert_eq!(waits["verdict"], "warning", "{found:?}");
    assert!(waits["message"].as_str().is_some_and(|text| text.contains("set SMTP_HOST")), "{found:?}");

    let mut mailbox = Mailbox::open_to_all().await;
    let with_server = home
        .clone()
        .with("SMTP_HOST", "localhost")
        .with("SMTP_PORT", &mailbox.port().to_string())
        .with("SMTP_USE_TLS", "false")
        .with("SMTP_SENDER_EMAIL", "id@example.com");
    home.sql(
        "INSERT INTO outbox (id, kind, sealed, created_at, attempts, dead_at, dead_reason) \
         VALUES ('a', 'mail', '', 1, 1, 2, 'refused')",
    )
    .await;
    let (code, found) = findings(&with_server).await;
    let [way, dead] = of_mail(&found).try_into().expect("two findings");
    assert_eq!((code, &way["verdict"], &dead["verdict"]), (Some(0), &"ok".into(), &"warning".into()), "{found:?}");
    assert!(dead["message"].as_str().is_some_and(|text| text.contains("given up: 1;")), "{found:?}");
    mailbox.stop();
    let said = only_fault(&with_server, "mail").await;
    assert!(said.contains("check SMTP_HOST") && said.contains("in the clear"), "{said}");
    assert!(mailbox.letters().is_empty(), "looking sends nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn faulty_settings_are_found_one_by_one() {
    tell(async {
        let home = Home::new(Backend::Embedded).await.with("PORT", "a lot").with("COUNTERSIGN_SERVER__HOTS", "x");
        let (code, findings) = findings(&home).await;
        assert_eq!(code, Some(1), "{findings:?}");
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings.iter().all(|f| f["check"] == "settings" && f["verdict"] == "wrong"), "{findings:?}");
        let said = format!("{findings:?}");
        assert!(said.contains("server.port") && said.contains("COUNTERSIGN_SERVER__HOST"), "{said}");
        assert!(!home.path("data").exists() && !home.path("keys").exists(), "looking changes nothing");
    })
    .await;
}

/// The warnings about people.
async fn warned(home: &Home) -> Vec<String> {
    let (_, findings) = findings(home).await;
    let of_people = findings.iter().filter(|finding| finding["check"] == "people");
    let warnings = of_people.filter(|finding| finding["verdict"] == "warning");
    warnings.map(|finding| finding["message"].as_str().expect("a sentence").to_owned()).collect()
}

async fn who_can_sign_in_and_how_is_looked_at(backend: Backend) {
    let home = settled(backend).await;
    assert_eq!(warned(&home).await, Vec::<String>::new(), "on a developer's machine nobody minds");
    let abroad = home
        .with("COUNTERSIGN_ISSUER", "https://id.example")
        .with("COUNTERSIGN_DEVELOPMENT", "false")
        .with("COUNTERSIGN_LIMITS__ENABLED", "false");
    let warnings = warned(&abroad).await;
    for about in ["COUNTERSIGN_LIMITS__ENABLED", "accounts.require_verified_email", "user create --role admin"] {
        assert!(warnings.iter().any(|warning| warning.contains(about)), "{about}: {warnings:?}");
    }
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    let strict =
        abroad.with("COUNTERSIGN_LIMITS__ENABLED", "true").with("COUNTERSIGN_ACCOUNTS__REQUIRE_VERIFIED_EMAIL", "true");
    let create = ["user", "create", "--username", "chief", "--email", "chief@example.org", "--role", "admin"];
    strict.json(&create).await;
    assert_eq!(warned(&strict).await, Vec::<String>::new());
    let public = ["client", "create", "--name", "App", "--grant", "password", "--public"];
    let public = strict.json(&public).await["client_id"].as_str().expect("an id").to_owned();
    let confidential = ["client", "create", "--name", "App", "--grant", "password"];
    Credentials::of(&strict.json(&confidential).await);
    let bare = ["client", "create", "--name", "Old", "--grant", "authorization_code", "--without-pkce"];
    let bare = strict.json(&[&bare[..], &["--redirect-uri", "https://old.example/cb"]].concat()).await;
    assert_eq!(bare["require_pkce"], false);
    let bare = bare["client_id"].as_str().expect("an id").to_owned();
    strict.json(&["client", "disable", "first-party"]).await;
    strict.json(&["user", "lock", "chief"]).await;
    let warnings = warned(&strict).await;
    let exempt = format!("{bare} gets codes without PKCE");
    for about in [public.as_str(), exempt.as_str(), "client enable first-party", "role admin"] {
        assert!(warnings.iter().any(|warning| warning.contains(about)), "{about}: {warnings:?}");
    }
    assert_eq!(warnings.len(), 4, "{warnings:?}");
    strict.json(&["client", "disable", &bare]).await;
    strict.json(&["client", "disable", &public]).await;
    strict.json(&["client", "enable", "first-party"]).await;
    strict.json(&["user", "unlock", "chief"]).await;
    assert_eq!(warned(&strict).await, Vec::<String>::new());
}

async fn pages_that_cannot_be_shown_are_found(backend: Backend) {
    let home = settled(backend).await;
    let (_, found) = findings(&home).await;
    let pages = found.iter().find(|finding| finding["check"] == "pages").expect("they are looked at");
    assert_eq!(pages["message"], "every page can be shown, in en, de");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("told.html"), "{{ nobody_gives_this }}").expect("a file");
    let broken = home.clone().with("COUNTERSIGN_PAGES__TEMPLATES", &folder.path().display().to_string());
    let said = only_fault(&broken, "pages").await;
    assert!(said.starts_with("pages: a template cannot be used: ") && said.contains("told.html"), "{said}");
}
