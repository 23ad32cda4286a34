//! `/api/v1/admin`, as far as it is about people: accounts, roles, what was done, and how far somebody's rights reach.

mod accounts;
mod acts;
mod changes;
mod importing;
mod log;
mod many;
mod reach;
mod reach_of_clients;
mod refused;
mod roles;
mod search;

use reqwest::Method;
use serde_json::{Value, json};

use super::people::a_password;
use super::{CLIENTS, Governed, SCOPES, faulty};
use crate::harness::{Answer, Node, User, World, scopes};

pub const USERS: &str = "/api/v1/admin/users";
/// The same accounts under their short name.
pub const SHORT: &str = "/api/v1/users";
pub const IMPORT: &str = "/api/v1/admin/users/import";
pub const ROLES: &str = "/api/v1/admin/roles";
pub const AUDIT: &str = "/api/v1/admin/audit";

/// What is sent to make an account, and who signs in with it.
pub fn account(username: &str) -> (User, Value) {
    let (email, password) = (format!("{username}@example.org"), a_password());
    let body = json!({"username": username, "email": email, "password": password});
    (User { id: String::new(), username: username.to_owned(), email, password }, body)
}

pub fn at(user: &User) -> String {
    format!("{USERS}/{}", user.id)
}

impl Governed {
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, &[], Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, &[], Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], None).await
    }

    /// An act that needs no words.
    pub async fn act(&self, path: &str) -> Answer {
        self.send(Method::POST, path, &[], None).await
    }

    /// Makes an account.
    pub async fn hires(&self, username: &str, roles: &[&str]) -> User {
        let (user, mut body) = account(username);
        body["roles"] = json!(roles);
        let answer = self.post(USERS, &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        User { id: answer.json()["id"].as_str().expect("an id").to_owned(), ..user }
    }

    /// The same world, governed by somebody whose token holds these scopes.
    pub async fn by(self, token: String) -> Self {
        Self { token, ..self }
    }

    /// A token of a service with these scopes.
    pub async fn token_with(&self, names: &str) -> String {
        self.world.service_client(|m| m.scope = scopes(names)).await.token(&self.world).await.text
    }

    /// Makes a role that carries these scopes, and waits until the first node knows.
    pub async fn role_with(&self, name: &str, scopes: &[&str]) {
        let answer = self.put(&format!("{ROLES}/{name}"), &json!({ "scopes": scopes })).await;
        assert!([200, 201].contains(&answer.status), "{answer:?}");
        self.world.look().await;
    }
}

/// With another token.
pub async fn send(node: &Node, token: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
    let request = node.request(method, path).bearer_auth(token);
    node.send(match body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

/// Whether there is an account of this name.
pub async fn exists(world: &World, username: &str) -> bool {
    world.app.store.user_named(username).await.expect("the store answers").is_some()
}
