//! Clients, accounts and roles to which very much belongs go, without a statement that takes as long as there are rows.

use reqwest::Method;

use super::{AUDIT, CLIENTS, ROLES, at};
use crate::api::Governed;
use crate::harness::{Backend, stories};

stories![
    a_client_with_very_many_grants_goes,
    an_account_with_very_many_grants_goes,
    an_account_that_signed_in_very_often_goes,
    a_role_of_very_many_users_goes,
];

/// More than go in two statements.
const MANY: usize = 12_000;

/// A world in whose Postgres no statement may take out more rows than go together. On SQLite nothing counts the rows of a
/// statement, and what is done is the same.
async fn watched(backend: Backend) -> Governed {
    let governed = Governed::start(backend).await;
    if backend == Backend::Cluster {
        let mut guard = "CREATE FUNCTION few() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
            IF (SELECT count(*) FROM gone) > 5000 THEN RAISE 'too many rows in one statement'; END IF; RETURN NULL; \
            END $$;"
            .to_owned();
        for table in ["grants", "user_roles", "audit_persons", "sessions", "codes", "consents"] {
            guard += &format!(
                "CREATE TRIGGER few AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone \
                 FOR EACH STATEMENT EXECUTE FUNCTION few();"
            );
        }
        governed.world.execute(&guard).await;
    }
    governed
}

impl Governed {
    /// Makes so many rows; `select` says what one holds, out of its number `i`.
    async fn fill(&self, table: &str, columns: &str, select: &str) {
        let numbers = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})");
        self.world.execute(&format!("{numbers} INSERT INTO {table} ({columns}) SELECT {select} FROM n")).await;
        // The log sorts by seconds.
        self.world.advance(1);
    }

    async fn grants(&self, user: &str, client: &str) {
        let columns = "id, user_id, client_id, user_epoch, scope, resources, created_at, expires_at, last_used_at";
        let select = format!("'g' || CAST(i AS TEXT), '{user}', '{client}', 0, '', '', 0, 9999999999, 0");
        self.fill("grants", columns, &select).await;
    }

    async fn count(&self, table: &str) -> String {
        self.world.texts(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}")).await.remove(0)
    }

    /// The newest acts on something, the newest first.
    async fn acts(&self, target: &str, limit: usize) -> Vec<String> {
        let page = self.get(&format!("{AUDIT}?target={target}&limit={limit}")).await.json();
        let items = page["items"].as_array().expect("a list").clone();
        items.iter().map(|item| item["act"].as_str().expect("an act").to_owned()).collect()
    }
}

async fn a_client_with_very_many_grants_goes(backend: Backend) {
    let governed = watched(backend).await;
    let ann = governed.hires("ann", &[]).await;
    let app = governed.world.app(|_| ()).await;
    let small = governed.world.app(|_| ()).await;
    small.signed_in(&governed.world, &ann, &[]).await;
    governed.grants(&ann.id, &app.id).await;
    let path = format!("{CLIENTS}/{}", app.id);
    assert_eq!(governed.delete(&path).await.status, 204);
    governed.get(&path).await.is_problem(404, "not_found");
    assert_eq!(governed.count("grants").await, "1", "what belongs to others stays");
    let mut acts = governed.acts(&app.id, 2).await;
    acts.sort_unstable();
    assert_eq!(acts, ["client_deleted", "client_disabled"]);
    // A client with few of them goes at once.
    governed.world.advance(1);
    assert_eq!(governed.delete(&format!("{CLIENTS}/{}", small.id)).await.status, 204);
    assert_eq!(
        (governed.count("grants").await.as_str(), governed.acts(&small.id, 1).await),
        ("0", vec!["client_deleted".to_owned()])
    );
}

async fn an_account_with_very_many_grants_goes(backend: Backend) {
    let governed = watched(backend).await;
    let (ann, bob) = (governed.hires("ann", &[]).await, governed.hires("bob", &[]).await);
    let path = format!("{}?erase=true", at(&ann));
    governed.world.login(&bob).await;
    governed.grants(&ann.id, "first-party").await;
    governed
        .fill("audit_persons", "digest, salt, at, user_id", &format!("'d' || CAST(i AS TEXT), '', 0, '{}'", ann.id))
        .await;
    // Of the wrong version nothing goes.
    let wrong = governed.send(Method::DELETE, &path, &[("if-match", "\"other\"")], None).await;
    wrong.is_problem(412, "precondition_failed");
    assert_eq!(governed.count("grants").await, (MANY + 1).to_string());
    let tag = governed.get(&at(&ann)).await.header("etag").to_owned();
    let erased = governed.send(Method::DELETE, &path, &[("if-match", &tag)], None).await;
    assert_eq!(erased.status, 204, "{erased:?}");
    governed.get(&at(&ann)).await.is_problem(404, "not_found");
    assert_eq!(governed.count("grants").await, "1");
    assert_eq!(governed.count(&format!("audit_persons WHERE user_id = '{}'", ann.id)).await, "0");
    let mut acts = governed.acts(&ann.id, 2).await;
    acts.sort_unstable();
    assert_eq!(acts, ["account_erased", "user_disabled"]);
    assert_eq!(governed.delete(&format!("{}?erase=true", at(&bob))).await.status, 204);
    assert!(!governed.acts(&bob.id, 9).await.contains(&"user_disabled".to_owned()), "with few of them it goes at once");
}

async fn an_account_that_signed_in_very_often_goes(backend: Backend) {
    let governed = watched(backend).await;
    let clients = "id, name, auth_method, document, created_at, updated_at";
    governed.fill("clients", clients, "'c' || CAST(i AS TEXT), 'App', 'none', '{}', 0, 0").await;
    let bob = governed.hires("bob", &[]).await;
    for (table, columns, select) in [
        (
            "sessions",
            "hash, id, user_id, user_epoch, auth_time, acr, amr, created_at, last_used_at, expires_at",
            "'h' || CAST(i AS TEXT), 's' || CAST(i AS TEXT), 'USER', 0, 0, '', '', 0, 0, 9999999999",
        ),
        (
            "codes",
            "hash, client_id, user_id, user_epoch, session_hash, redirect_uri, challenge, scope, resources, auth_time, \
             created_at, expires_at",
            "'k' || CAST(i AS TEXT), 'first-party', 'USER', 0, '', '', '', '', '', 0, 0, 9999999999",
        ),
        ("consents", "user_id, client_id, scope, created_at, updated_at", "'USER', 'c' || CAST(i AS TEXT), '', 0, 0"),
    ] {
        let ann = governed.hires(&format!("ann-{table}"), &[]).await;
        governed.fill(table, columns, &select.replace("USER", &ann.id)).await;
        let others = select.replace("USER", &bob.id).replace("CAST(i AS TEXT)", "'of bob'");
        let others = others.replace("'c' || 'of bob'", "'c1'");
        governed.world.execute(&format!("INSERT INTO {table} ({columns}) SELECT {others}")).await;
        assert_eq!(governed.delete(&format!("{}?erase=true", at(&ann))).await.status, 204, "{table}");
        assert_eq!(governed.count(table).await, "1", "what belongs to others stays: {table}");
    }
}

async fn a_role_of_very_many_users_goes(backend: Backend) {
    let governed = watched(backend).await;
    governed.role_with("clerk", &["admin:audit"]).await;
    let ann = governed.hires("ann", &["clerk", "admin"]).await;
    let columns = "id, username, username_key, email, email_key, profile, must_reset_password, created_at, updated_at, \
                   version, epoch";
    let name = "'n' || CAST(i AS TEXT)";
    let select = format!("{name}, {name}, {name}, {name}, {name}, '{{}}', FALSE, 0, 0, 1, 0");
    governed.fill("users", columns, &select).await;
    governed.fill("user_roles", "user_id, role", &format!("{name}, 'clerk'")).await;
    assert_eq!(governed.delete(&format!("{ROLES}/clerk")).await.status, 204);
    governed.get(&format!("{ROLES}/clerk")).await.is_problem(404, "not_found");
    assert_eq!(governed.count("user_roles").await, "1");
    assert_eq!(governed.get(&at(&ann)).await.json()["roles"], serde_json::json!(["user", "admin"]));
    let mut acts = governed.acts("clerk", 2).await;
    acts.sort_unstable();
    assert_eq!(acts, ["role_deleted", "role_set"]);
}
