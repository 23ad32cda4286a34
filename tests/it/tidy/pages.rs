//! Pages that the code writes are what the code says.

use std::sync::Arc;

use countersign::app::App;
use countersign::audit::{self, Act};
use countersign::config::Config;
use countersign::failure::{self, Reason};
use countersign::http;
use countersign::protocol::ErrorCode;
use countersign::secret::Setting;
use countersign::time::Clock;
use tempfile::TempDir;

use super::root;

fn fresh(name: &str, expected: &str) {
    let path = root().join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, expected).expect("writes the page");
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page == expected, "{name} is stale: run this test with UPDATE_SNAPSHOTS=1, and commit what it writes");
}

#[test]
fn errors_are_fresh() {
    let page = failure::reference();
    let rows = page.lines().filter(|line| line.starts_with("| `") && !line.contains("What it means")).count();
    assert_eq!(rows, ErrorCode::ALL.len() + Reason::ALL.len());
    for reason in Reason::ALL {
        assert!(reason.meaning().ends_with('.') && !reason.meaning().contains('|'), "{}", reason.as_str());
    }
    fresh("docs/errors.md", &page);
}

#[test]
fn audit_is_fresh() {
    let page = audit::reference();
    for act in Act::ALL {
        assert!(act.meaning().ends_with('.') && !act.meaning().contains('|'), "{}", act.as_str());
        assert_eq!(Act::named(act.as_str()), Some(*act));
    }
    fresh("docs/audit.md", &page);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_is_fresh() {
    let folder = TempDir::new().unwrap();
    let mut config = Config::default();
    config.database.url = Setting::new(format!("sqlite:{}", folder.path().join("test.db").display()));
    config.keys.directory = folder.path().join("keys");
    config.keys.rsa_private_key_content = Some(Setting::new(crate::harness::SIGNING_KEY));
    let app = App::open(config, Clock::System).await.unwrap();
    let specification = http::specification(&Arc::new(app));
    let document: serde_json::Value = serde_json::from_str(&specification).unwrap();
    assert_eq!(document["servers"][0]["url"], "http://localhost:8080");
    fresh("docs/openapi.json", &specification);
}
