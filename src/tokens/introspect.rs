//! Introspection — RFC 7662. A caller sees its own tokens, and those for a resource that it introspects; of any other it
//! learns as much as of one that never existed.

use super::inspect::{Examined, Inspected, still_held};
use super::subject::subject;
use crate::app::App;
use crate::directory::{Client, Resource};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::access_token::AccessToken;
use crate::protocol::error::ErrorCode;
use crate::protocol::introspection::{Introspection, RefreshDescription};
use crate::protocol::scope::ScopeSet;
use crate::store::grants::Standing;

/// What `caller` is told of a token that was inspected.
pub async fn introspect(app: &App, caller: &Client, token: Option<Examined>) -> Outcome<Introspection> {
    // §2.1: the endpoint must not be open to token scanning; a public client's name is no protection.
    if !caller.is_confidential() {
        let about = "only a client with a secret may introspect";
        return Err(Refused::new(ErrorCode::UnauthorizedClient, Reason::NotConfidential, about).into());
    }
    Ok(match token {
        Some(Examined::Access(token)) if may_see(caller, &token.claims, &app.directory.resources().await?) => {
            let Inspected { claims, .. } = *token;
            Introspection::Active(Box::new(claims))
        }
        // A refresh token is between its client and this server.
        Some(Examined::Refresh(standing)) if standing.grant.client_id == caller.id => {
            Introspection::Refresh(Box::new(describe(app, caller, *standing).await?))
        }
        _ => Introspection::Inactive,
    })
}

/// With the scopes that its client would get for it now.
async fn describe(app: &App, client: &Client, standing: Standing) -> Outcome<RefreshDescription> {
    let scope = match ScopeSet::parse(&standing.grant.scope) {
        Ok(granted) => still_held(app, client, Some(&standing), &granted).await?,
        Err(_) => None,
    };
    let Standing { grant, .. } = standing;
    let idle = grant.last_used_at.plus(app.config.tokens.refresh_idle_seconds());
    Ok(RefreshDescription {
        iss: app.config.issuer.as_str().to_owned(),
        sub: subject(app, client, &grant.user_id),
        client_id: grant.client_id,
        scope,
        iat: grant.rotated_at.unwrap_or(grant.created_at),
        exp: grant.expires_at.min(idle),
    })
}

fn may_see(caller: &Client, claims: &AccessToken, resources: &[Resource]) -> bool {
    claims.client_id == caller.id
        || resources
            .iter()
            .any(|resource| claims.aud.contains(resource.uri.as_ref()) && resource.is_introspected_by(&caller.id))
}
