//! What the store promises, on SQLite and on Postgres alike; and what each of them promises besides.

mod audit;
mod client_assertions;
mod clients;
mod codes;
mod consents;
mod descriptions;
mod grants;
mod grants_walk;
mod held_usernames;
mod idempotency;
mod leases;
mod login_failures;
mod migrations;
mod one_time_tokens;
mod outbox;
mod roles;
mod sealed_values;
mod session_clients;
mod sessions;
mod signing_keys;
mod sweep;
mod user_pages;
mod users;
mod vitals;

mod postgres;
mod postgres_away;
mod sqlite;
mod sqlite_writer;

use countersign::config::Config;
use countersign::secret::{ClientSecret, Hash};
use countersign::store::Store;
use countersign::store::clients::{ClientRow, SecretRow};
use countersign::store::generations::Generations;
use countersign::time::UnixTime;

use super::NOW;

pub fn client(id: &str) -> ClientRow {
    ClientRow {
        id: id.to_owned(),
        name: format!("The client {id}"),
        auth_method: "client_secret_basic".to_owned(),
        document: "{}".to_owned(),
        disabled_at: None,
        created_at: NOW,
        updated_at: NOW.plus(1),
    }
}

pub fn secret(id: &str, client: &str, expires_at: Option<UnixTime>) -> SecretRow {
    SecretRow {
        id: id.to_owned(),
        client_id: client.to_owned(),
        hash: hash(id),
        created_at: NOW,
        expires_at,
        sealed: None,
    }
}

/// A hash of its own for each id.
pub fn hash(id: &str) -> Hash<ClientSecret> {
    Hash::stored(format!("hash of {id}"))
}

/// Which generations a change raised, by how much.
pub async fn raised(store: &Store, change: impl AsyncFnOnce()) -> Generations {
    let before = store.generations().await.unwrap();
    change().await;
    let after = store.generations().await.unwrap();
    Generations {
        clients: after.clients - before.clients,
        scopes: after.scopes - before.scopes,
        resources: after.resources - before.resources,
        signing_keys: after.signing_keys - before.signing_keys,
        roles: after.roles - before.roles,
        password_kinds: after.password_kinds - before.password_kinds,
        upstreams: after.upstreams - before.upstreams,
    }
}

pub const NONE: Generations =
    Generations { clients: 0, scopes: 0, resources: 0, signing_keys: 0, roles: 0, password_kinds: 0, upstreams: 0 };
pub const CLIENTS: Generations = Generations { clients: 1, ..NONE };
pub const SCOPES: Generations = Generations { scopes: 1, ..NONE };
pub const RESOURCES: Generations = Generations { resources: 1, ..NONE };
pub const SIGNING_KEYS: Generations = Generations { signing_keys: 1, ..NONE };
pub const ROLES: Generations = Generations { roles: 1, ..NONE };
pub const PASSWORD_KINDS: Generations = Generations { password_kinds: 1, ..NONE };

#[tokio::test]
async fn a_url_that_cannot_be_read_is_refused_without_its_password() {
    let mut settings = Config::default().database;
    for url in ["postgres://me:hunter2@host:port/name", "mysql://me:hunter2@host/name"] {
        settings.url = countersign::secret::Setting::new(url);
        let error = Store::open(&settings).await.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("URL") && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn ids_sort_by_the_time_at_which_they_were_made() {
    let ids: Vec<_> = (0..50).map(|second| countersign::store::new_id(NOW.plus(second))).collect();
    assert!(ids.is_sorted());
    assert_ne!(countersign::store::new_id(NOW), countersign::store::new_id(NOW));
}
