//! `/api/v1/admin/clients/{id}/secrets`: several may live at once, so that one is replaced without a moment in which none
//! works.

use std::sync::Arc;

use http::StatusCode;
use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use serde_json::{Value, json};

use super::described::{NewSecret, Removed, SecretCreated, SecretsListed};
use super::{is_id, not_found, row};
use crate::app::App;
use crate::clients::{self, govern};
use crate::failure::Outcome;
use crate::http::answer::Answer;
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::idempotency::{self, IdempotencyKey};
use crate::http::json::Json;
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;
use crate::protocol::members::Members;

/// Ten years: more is meant to be never.
const LONGEST_SECONDS: i64 = 315_360_000;

pub struct SecretsApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::Administration")]
impl SecretsApi {
    /// List the secrets of a client
    #[oai(path = "/api/v1/admin/clients/:id/secrets", method = "get", operation_id = "list_client_secrets")]
    async fn list(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Clients")] bearer: Bearer,
        id: Path<String>,
    ) -> Answer<SecretsListed> {
        settle(self.all(bearer, &id).await, Manner::Problem, request, &self.app).into()
    }

    /// Give a client one more secret
    #[oai(path = "/api/v1/admin/clients/:id/secrets", method = "post", operation_id = "add_client_secret")]
    async fn add(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Clients")] bearer: Bearer,
        #[oai(name = "Idempotency-Key")] key: IdempotencyKey,
        id: Path<String>,
        body: Json<NewSecret>,
    ) -> Answer<SecretCreated> {
        settle(self.make(request, bearer, key, &id, body).await, Manner::Problem, request, &self.app).into()
    }

    /// End a secret at once
    #[oai(
        path = "/api/v1/admin/clients/:id/secrets/:secret_id",
        method = "delete",
        operation_id = "delete_client_secret"
    )]
    async fn delete(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Clients")] bearer: Bearer,
        id: Path<String>,
        secret_id: Path<String>,
    ) -> Answer<Removed> {
        settle(self.remove(request, bearer, &id, &secret_id).await, Manner::Problem, request, &self.app).into()
    }
}

impl SecretsApi {
    async fn all(&self, bearer: Bearer, id: &str) -> Outcome<Response> {
        let app = &self.app;
        bearer.caller(app, ApiScope::Clients).await?;
        row(app, id).await?;
        let secrets = app.store.client_secrets(id).await?;
        let items: Vec<Value> = secrets
            .iter()
            .map(|each| json!({"secret_id": each.id, "created_at": each.created_at, "expires_at": each.expires_at}))
            .collect();
        reply::json(&json!({"items": items}))
    }

    async fn make(
        &self,
        request: &Request,
        bearer: Bearer,
        key: IdempotencyKey,
        id: &str,
        body: Json<NewSecret>,
    ) -> Outcome<Response> {
        let app = Arc::clone(&self.app);
        let caller = bearer.caller(&app, ApiScope::Clients).await?;
        let mut body = body.read(&app.config.server).await?;
        let lifetime = seconds(&mut body, "expires_in", 1);
        let others = seconds(&mut body, "others_expire_in", 0);
        body.finish()?;
        let authority = caller.authority(origin(request));
        govern::check_old(&app, &row(&app, id).await?, &authority, app.clock.now()).await?;
        let (who, origin, id) = (caller.name(), origin(request), id.to_owned());
        let act = async move {
            let now = app.clock.now();
            let at = |seconds: Option<i64>| seconds.map(|seconds| now.plus(seconds));
            let new = clients::add_secret(&app, &id, at(lifetime), at(others), &caller.by(origin), now).await?;
            reply::json_as(StatusCode::CREATED, &new.document(&id))
        };
        idempotency::once(&self.app, request, &key, &who, body.source(), act).await
    }

    async fn remove(&self, request: &Request, bearer: Bearer, id: &str, secret_id: &str) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Clients).await?;
        let (authority, now) = (caller.authority(origin(request)), app.clock.now());
        govern::check_old(app, &row(app, id).await?, &authority, now).await?;
        if is_id(secret_id) && clients::delete_secret(app, id, secret_id, &authority.by, now).await? {
            return Ok(reply::done());
        }
        Err(not_found("the client has no secret of this id").into())
    }
}

fn seconds(body: &mut Members, name: &'static str, least: i64) -> Option<i64> {
    let seconds = body.optional_number(name)?;
    if !(least..=LONGEST_SECONDS).contains(&seconds) {
        body.wrong(name, "is not a number of seconds that makes sense");
    }
    Some(seconds)
}
