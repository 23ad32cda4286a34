//! `/api/v1`: who may, what a body must be, and that a repeated request, a late change and a page do what they say.

pub mod admin;
mod auth;
mod bodies;
mod callers;
mod clients;
mod document;
mod idempotency;
mod keys;
mod me;
mod pages;
pub mod people;
mod scopes;
mod versions;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::harness::{Answer, Backend, Node, Persona, World, scopes as scope_set};

pub const SCOPES: &str = "/api/v1/admin/scopes";
pub const CLIENTS: &str = "/api/v1/admin/clients";
pub const KEYS: &str = "/api/v1/admin/keys";

/// What administrators may do.
pub const EVERYTHING: &str =
    "admin:users admin:roles admin:scopes admin:clients admin:keys admin:audit admin:upstreams";

/// A world with a service that governs it.
pub struct Governed {
    pub world: World,
    pub service: Persona,
    pub token: String,
}

impl Governed {
    pub async fn start(backend: Backend) -> Self {
        Self::of(backend.world_with(|config| config.server.body_timeout_seconds = 1).await).await
    }

    pub async fn of(world: World) -> Self {
        let service = world.service_client(|m| m.scope = scope_set(EVERYTHING)).await;
        let token = service.token(&world).await.text;
        Self { world, service, token }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_to(&self.world, method, path)
    }

    pub fn request_to(&self, node: &Node, method: Method, path: &str) -> RequestBuilder {
        node.request(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.world.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.world.send(self.request(Method::POST, path).json(body)).await
    }

    /// With headers besides.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let request =
            headers.iter().fold(self.request(method, path), |request, (name, value)| request.header(*name, *value));
        let request = match body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            None => request,
        };
        self.world.send(request).await
    }
}

/// The fields that a problem lists.
pub fn faulty(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let errors = json["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|each| each["field"].as_str().expect("a field").to_owned()).collect()
}
