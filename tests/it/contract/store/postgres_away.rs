//! Postgres over TLS, and while it is away: what cannot be asked is never answered.

use std::fs;
use std::path::PathBuf;

use countersign::secret::Setting;
use countersign::store::{Store, StoreError};
use url::Url;

use super::client;
use crate::contract::database::Fresh;
use crate::contract::eventually;
use crate::harness::{audited, given};

/// The settings of the test, over TLS.
fn over_tls(fresh: &mut Fresh, mode: Option<&str>, ca: Option<PathBuf>) {
    let mut url = Url::parse(fresh.settings.url.reveal()).unwrap();
    url.set_query(mode.map(|mode| format!("sslmode={mode}")).as_deref());
    fresh.settings.url = Setting::new(url);
    fresh.settings.tls_ca = ca;
}

fn test_ca() -> Option<PathBuf> {
    Some(given("COUNTERSIGN_TEST_POSTGRES_CA").into())
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_where_the_url_or_an_authority_asks_for_it() {
    for mode in [Some("require"), Some("verify-ca"), Some("verify-full"), None] {
        let mut fresh = Fresh::postgres().await;
        let mut raw = fresh.raw().await;
        over_tls(&mut fresh, mode, test_ca());
        let store = fresh.store().await;
        assert!(store.client("c1").await.unwrap().is_none());
        let query = format!(
            "SELECT ssl::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = '{}'",
            fresh.settings.application_name
        );
        let encrypted = raw.texts(&query).await;
        assert!(!encrypted.is_empty() && encrypted.iter().all(|ssl| ssl == "true"), "{mode:?}: {encrypted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_trusted_vouches_for_is_refused() {
    let mut fresh = Fresh::postgres().await;
    let stranger = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap().cert.pem();
    let path = fresh.folder().join("stranger.pem");
    fs::write(&path, stranger).unwrap();
    for (mode, ca) in [("require", Some(path.clone())), ("verify-full", Some(path)), ("require", None)] {
        over_tls(&mut fresh, Some(mode), ca);
        let error = Store::open(&fresh.settings).await.unwrap().ping().await.err();
        assert!(matches!(&error, Some(StoreError::Away(why)) if why.contains("certificate")), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_cannot_be_read_is_named() {
    let mut fresh = Fresh::postgres().await;
    let empty = fresh.folder().join("empty.pem");
    fs::write(&empty, "").unwrap();
    for path in [fresh.folder().join("missing.pem"), empty] {
        over_tls(&mut fresh, Some("require"), Some(path.clone()));
        let error = Store::open(&fresh.settings).await.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(&*path.to_string_lossy()), "{error}");
    }
}

/// Every kind of question, while the database is away.
async fn assert_away(store: &Store) {
    let answers = [
        store.ping().await.err(),
        store.client("c1").await.err(),
        store.client_vitals("c1").await.err(),
        store.clients(None, 9).await.err(),
        store.add_client(client("c9"), None, audited()).await.err(),
        store.delete_client("c1".to_owned(), audited()).await.err(),
        store.generations().await.err(),
        store.signs_or_signed("k1").await.err(),
        store.lead("node", None).await.err(),
        store.sweep_revoked_tokens(crate::contract::NOW).await.err(),
        store.migrate_up().await.err(),
    ];
    for (number, error) in answers.into_iter().enumerate() {
        let error = error.unwrap_or_else(|| panic!("question {number} was answered"));
        assert!(matches!(error, StoreError::Away(_)), "question {number}: {error:?}");
        assert!(error.is_passing());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_away_and_comes_back_by_itself() {
    let mut fresh = Fresh::postgres().await;
    fresh.settings.pool_size = 2;
    let name = fresh.settings.application_name.clone();
    let store = fresh.store().await;
    store.add_client(client("c1"), None, audited()).await.unwrap();
    let other = Fresh::postgres().await;
    let mut raw = other.raw().await;
    raw.execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    let gone = format!("SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = '{name}'");
    eventually("nobody is connected", async || raw.texts(&gone).await.is_empty()).await;
    assert_away(&store).await;
    raw.execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
    assert!(store.client("c1").await.unwrap().is_some());
    assert!(store.client("c9").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_or_does_not_let_us_in_is_away() {
    let fresh = Fresh::postgres().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut nowhere = Url::parse(fresh.settings.url.reveal()).unwrap();
    nowhere.set_port(Some(closed)).unwrap();
    let mut stranger = Url::parse(fresh.settings.url.reveal()).unwrap();
    stranger.set_password(Some("hunter2")).unwrap();
    for url in [nowhere, stranger] {
        let mut settings = fresh.settings.clone();
        settings.url = Setting::new(url);
        let store = Store::open(&settings).await.unwrap();
        assert_away(&store).await;
        let said = store.ping().await.unwrap_err().to_string();
        assert!(!said.contains("hunter2"), "{said}");
    }
}
