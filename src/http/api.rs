//! `/api/v1`: JSON for first parties and administrators, behind bearer tokens of this server.

mod audit;
mod auth;
pub(super) mod clients;
mod keys;
mod me;
mod roles;
mod scopes;
mod upstreams;
mod users;

use std::sync::Arc;

use poem::Request;

use crate::accounts::{Governed, Shown};
use crate::app::App;
use crate::audit::{Actor, By, Origin};
use crate::authority::Authority;
use crate::failure::{Outcome, Reason, Refused};
use crate::limits;
use crate::protocol::error::ErrorCode;

use super::bearer::Caller;
use super::etag::{ETag, Versioned};
use super::{context, reply};

type Administration = (
    scopes::ScopesApi,
    clients::ClientsApi,
    clients::SecretsApi,
    keys::KeysApi,
    roles::RolesApi,
    audit::AuditApi,
    upstreams::UpstreamsApi,
    users::Apis,
);
type People = (auth::AuthApi, auth::RecoveryApi, me::MeApi, me::SessionsApi, me::ConsentsApi, auth::AliasesApi);
pub type Apis = (People, Administration);

pub fn apis(app: &Arc<App>) -> Apis {
    let people = (
        auth::AuthApi { app: Arc::clone(app) },
        auth::RecoveryApi { app: Arc::clone(app) },
        me::MeApi { app: Arc::clone(app) },
        me::SessionsApi { app: Arc::clone(app) },
        me::ConsentsApi { app: Arc::clone(app) },
        auth::AliasesApi { app: Arc::clone(app) },
    );
    let administration = (
        scopes::ScopesApi { app: Arc::clone(app) },
        clients::ClientsApi { app: Arc::clone(app) },
        clients::SecretsApi { app: Arc::clone(app) },
        keys::KeysApi { app: Arc::clone(app) },
        roles::RolesApi { app: Arc::clone(app) },
        audit::AuditApi { app: Arc::clone(app) },
        upstreams::UpstreamsApi { app: Arc::clone(app) },
        users::apis(app),
    );
    (people, administration)
}

impl Caller {
    /// Who acts, as the audit log says it: the user, or a service in its own name.
    pub fn by(&self, origin: Origin) -> By<'_> {
        let actor = match &self.user_id {
            Some(user) => Actor::User(user),
            None => Actor::Client(&self.client_id),
        };
        By { actor, origin }
    }

    /// The same, with how far the rights of the token reach.
    pub fn authority(&self, origin: Origin) -> Authority<'_> {
        Authority::new(self.by(origin), Some(self.scope.clone()))
    }
}

/// When somebody last signed in is shown, but a sign-in changes nothing that an administrator could have overlooked, and must
/// not refuse what was decided before it. So the tag names the version of the row; and the roles, which are rows of their own
/// and go with a role without a word to the user's. Who asks by the tag alone may not hear of another sign-in.
impl Versioned for Shown {
    fn tag(&self, _: &[u8]) -> Outcome<ETag> {
        ETag::of(&reply::bytes(&(self.version, &self.roles))?)
    }
}

impl Versioned for Governed {
    fn tag(&self, body: &[u8]) -> Outcome<ETag> {
        self.user.tag(body)
    }
}

/// One more call of somebody without an access token.
async fn stranger_calls(app: &App, request: &Request) -> Outcome<()> {
    limits::api_call_from(app, context::address(request), app.clock.now()).await
}

/// Longer than any id that is made here.
const LONGEST_ID: usize = 128;

/// Whether a text can be an id at all. What cannot is not there, and the store is not asked: Postgres knows no NUL.
fn is_id(text: &str) -> bool {
    text.len() <= LONGEST_ID && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What the path names is not there.
fn not_found(about: &'static str) -> Refused {
    Refused::new(ErrorCode::NotFound, Reason::NotThere, about)
}
