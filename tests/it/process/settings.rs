//! Settings by command: secrets masked, faults all at once, slips of the pen understood.

use super::nodes::key_encryption_key;
use super::{Home, Server};
use crate::harness::{Backend, secrets, tell};

async fn home() -> Home {
    Home::new(Backend::Embedded).await
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_masked_in_what_is_shown() {
    tell(async {
        let (password, key) = ("a-password-for-the-database", key_encryption_key());
        let cache = "a-password-for-the-cache";
        [password, cache].into_iter().for_each(secrets::note);
        let home = home()
            .await
            .with("DATABASE_URL", &format!("postgres://someone:{password}@db.example/countersign"))
            .with("REDIS_URL", &format!("redis://:{cache}@cache.example:6379"))
            .with("REDIS_PASSWORD", cache)
            .with("COUNTERSIGN_KEYS__ENCRYPTION_KEYS", &key)
            .with("RSA_PRIVATE_KEY_CONTENT", "a-private-key");
        let shown = home.json(&["config", "show"]).await;
        let shown = shown.as_array().expect("a list");
        let of = |key: &str| shown.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("{key}"));
        assert_eq!(of("database.url")["origin"], "environment DATABASE_URL");
        assert_eq!(of("server.port")["value"], home.port.to_string());
        let people = home.run(&["config", "show"], &[]).await;
        for kept in [password, cache, &key, "a-private-key"] {
            assert!(!format!("{shown:?}{people:?}").contains(kept), "{kept}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_listed_at_once() {
    tell(async {
        let home = home()
            .await
            .with("PORT", "a lot")
            .with("COUNTERSIGN_ISSUER", "ftp://id.example")
            .with("COUNTERSIGN_SERVER__HOTS", "localhost");
        home.write("countersign.toml", "[tokens]\naccess_minutes = 0\n");
        let ran = home.run(&["config", "check", "--json"], &[]).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let value = super::home::only_json(&ran);
        let faults = value["faults"].as_array().expect("a list");
        assert_eq!((&value["ok"], faults.len()), (&false.into(), 4), "{value}");
        let people = home.run(&["config", "check"], &[]).await;
        assert_eq!(people.code, Some(1), "{people:?}");
        let server = Server::launch(&home).program().ended().await;
        assert_eq!((server.code, server.out.as_str()), (Some(1), ""), "{server:?}");
        for part in ["server.port", "issuer", "HOTS", "tokens.access_minutes"] {
            assert!(faults.iter().any(|fault| fault.as_str().is_some_and(|fault| fault.contains(part))), "{value}");
            assert!(people.out.contains(part) && server.err.contains(part), "{part}: {people:?} {server:?}");
        }
        assert!(home.refused(&["config", "show"]).await.contains("server.port"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_in_a_name_is_understood() {
    tell(async {
        let home = home().await.with("COUNTERSIGN_SERVER__PROT", "8081");
        let said = home.refused(&["client", "list"]).await;
        assert!(said.contains("COUNTERSIGN_SERVER__PROT") && said.contains("COUNTERSIGN_SERVER__PORT"), "{said}");
        assert!(!home.path("data").exists(), "nothing was done");
    })
    .await;
}
