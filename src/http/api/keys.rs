//! `/api/v1/admin/keys`: the keys that sign. Private halves never leave the server, and none come in this way.

use std::sync::Arc;

use poem::{Request, Response};
use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde_json::json;

use super::not_found;
use crate::app::App;
use crate::audit::By;
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::http::answer::{Answer, Described, FAILS_TO_MAKE, FAILS_TO_READ};
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::idempotency::{self, IdempotencyKey};
use crate::http::json::Json;
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;
use crate::keyring::{KeyChange, KeySummary, KeyringError};
use crate::protocol::error::ErrorCode;
use crate::time::UnixTime;

/// A key, by its public half.
#[derive(Object)]
#[oai(rename = "SigningKey")]
struct KeyBody {
    kid: String,
    algorithm: String,
    /// `next`, `active`, `retiring`, `retired` or `withdrawn`
    phase: String,
    /// `generated` or `imported`
    origin: String,
    created_at: i64,
    activated_at: Option<i64>,
    retiring_at: Option<i64>,
    ended_at: Option<i64>,
}

/// All keys that ever were.
#[derive(Object)]
#[oai(rename = "SigningKeys")]
struct KeysBody {
    items: Vec<KeyBody>,
}

/// How urgent it is.
#[derive(Object)]
struct Urgency {
    /// Whether what the key signed must not be trusted any longer.
    emergency: Option<bool>,
}

/// What a rotation did for one algorithm.
#[derive(Object)]
#[oai(rename = "Rotation")]
struct RotationBody {
    algorithm: String,
    /// The key that signs now.
    active: String,
    /// The key that signed before.
    before: Option<String>,
    /// The key that will sign next.
    next: Option<String>,
}

/// What a rotation did.
#[derive(Object)]
#[oai(rename = "Rotations")]
struct RotationsBody {
    items: Vec<RotationBody>,
}

struct Listed;
impl Described for Listed {
    type Body = KeysBody;
    const SUCCESS: &'static str = "The keys";
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] = FAILS_TO_READ;
}

struct Rotations;
impl Described for Rotations {
    type Body = RotationsBody;
    const SUCCESS: &'static str = "Which keys sign now";
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] = FAILS_TO_MAKE;
}

struct Retired;
impl Described for Retired {
    type Body = KeyBody;
    const SUCCESS: &'static str = "The key as it is now";
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] = FAILS_TO_MAKE;
}

pub struct KeysApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::Administration")]
impl KeysApi {
    /// List signing keys
    #[oai(path = "/api/v1/admin/keys", method = "get", operation_id = "list_keys")]
    async fn list(&self, request: &Request, #[oai(scope = "ApiScope::Keys")] bearer: Bearer) -> Answer<Listed> {
        settle(self.all(bearer).await, Manner::Problem, request, &self.app).into()
    }

    /// Let the next keys sign
    ///
    /// In an emergency the keys that signed are withdrawn, and everything that they signed is not good here any more.
    #[oai(path = "/api/v1/admin/keys/rotate", method = "post", operation_id = "rotate_keys")]
    async fn rotate(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Keys")] bearer: Bearer,
        #[oai(name = "Idempotency-Key")] key: IdempotencyKey,
        body: Json<Urgency>,
    ) -> Answer<Rotations> {
        settle(self.rotate_all(request, bearer, key, body).await, Manner::Problem, request, &self.app).into()
    }

    /// Retire a key
    ///
    /// One whose tokens have all expired; in an emergency any that does not sign, and its tokens are not good here any more.
    #[oai(path = "/api/v1/admin/keys/:kid/retire", method = "post", operation_id = "retire_key")]
    async fn retire(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Keys")] bearer: Bearer,
        kid: Path<String>,
        body: Json<Urgency>,
    ) -> Answer<Retired> {
        settle(self.retire_one(request, bearer, &kid, body).await, Manner::Problem, request, &self.app).into()
    }
}

impl KeysApi {
    async fn all(&self, bearer: Bearer) -> Outcome<Response> {
        bearer.caller(&self.app, ApiScope::Keys).await?;
        reply::json(&json!({"items": self.app.keyring.list().await?}))
    }

    async fn rotate_all(
        &self,
        request: &Request,
        bearer: Bearer,
        key: IdempotencyKey,
        body: Json<Urgency>,
    ) -> Outcome<Response> {
        let app = Arc::clone(&self.app);
        let caller = bearer.caller(&app, ApiScope::Keys).await?;
        let mut body = body.read(&app.config.server).await?;
        let emergency = body.optional_flag("emergency").unwrap_or(false);
        body.finish()?;
        let (who, origin) = (caller.name(), origin(request));
        let act = async move {
            let (by, now) = (caller.by(origin), app.clock.now());
            let recorder = |change: &KeyChange| by.changes_key(change, now);
            let done = if emergency {
                app.keyring.rotate_in_emergency(now, &recorder).await
            } else {
                app.keyring.rotate(now, &recorder).await
            };
            reply::json(&json!({"items": done.map_err(told)?}))
        };
        idempotency::once(&self.app, request, &key, &who, body.source(), act).await
    }

    async fn retire_one(&self, request: &Request, bearer: Bearer, kid: &str, body: Json<Urgency>) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Keys).await?;
        let mut body = body.read(&app.config.server).await?;
        let emergency = body.optional_flag("emergency").unwrap_or(false);
        body.finish()?;
        self.summary(kid).await?;
        retire(app, kid, emergency, &caller.by(origin(request)), app.clock.now()).await?;
        reply::json(&self.summary(kid).await?)
    }

    async fn summary(&self, kid: &str) -> Outcome<KeySummary> {
        let found = self.app.keyring.list().await?.into_iter().find(|key| key.kid == kid);
        Ok(found.ok_or_else(|| not_found("there is no signing key of this id"))?)
    }
}

async fn retire(app: &App, kid: &str, emergency: bool, by: &By<'_>, now: UnixTime) -> Outcome<()> {
    let recorder = |change: &KeyChange| by.changes_key(change, now);
    let done = if emergency {
        app.keyring.withdraw(kid, now, &recorder).await
    } else {
        app.keyring.retire(kid, now, &recorder).await
    };
    done.map_err(told)
}

/// What the keyring refuses is a decision and no breakage; its sentence says what to do, in the words of the command line.
fn told(error: KeyringError) -> Failure {
    match error {
        KeyringError::Refused(why) => {
            Refused::new(ErrorCode::Conflict, Reason::KeyNotReady, why.replace("--emergency", "emergency")).into()
        }
        error => error.into(),
    }
}
