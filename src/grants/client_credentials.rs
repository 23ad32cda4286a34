//! The client credentials grant — RFC 6749 §4.4, with resources (RFC 8707) and scopes (§3.3).
//!
//! 1. load: the scopes and resources that exist
//! 2. decide: what of what was asked for is the client's to have
//! 3. mint: an access token whose subject is the client itself
//! 4. settle: nothing, access tokens are not stored and there is nothing to spend
//! 5. answer

use crate::app::App;
use crate::directory::{Client, Resource, Scopes};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::resource::ResourceUri;
use crate::protocol::scope::ScopeSet;
use crate::protocol::token::{ClientCredentialsRequest, TokenResponse};
use crate::time::UnixTime;
use crate::tokens::{self, AccessGrant};

pub async fn answer(
    app: &App,
    client: &Client,
    request: ClientCredentialsRequest,
    now: UnixTime,
) -> Outcome<TokenResponse> {
    let scopes = app.directory.scopes().await?;
    let resources = app.directory.resources().await?;
    let decision = decide(client, &request, &scopes, &resources, app.config.issuer.as_str())?;
    let lifetime = client.access_token_lifetime().unwrap_or(app.config.tokens.access_seconds());
    let grant = AccessGrant {
        subject: &client.id,
        client_id: &client.id,
        audience: decision.audience,
        scope: decision.scope,
        lifetime,
    };
    let (token, claims) = tokens::mint_access_token(app, grant, now).await?;
    Ok(TokenResponse::bearer(token, lifetime, claims.scope))
}

/// What the client gets.
#[derive(Debug, PartialEq, Eq)]
pub struct Decision {
    pub scope: ScopeSet,
    /// Empty when the token is for this server itself.
    pub audience: Vec<ResourceUri>,
}

/// RFC 6749 §3.3 and §4.4.2, RFC 8707 §2.
pub fn decide(
    client: &Client,
    request: &ClientCredentialsRequest,
    scopes: &Scopes,
    resources: &[Resource],
    issuer: &str,
) -> Result<Decision, Refused> {
    // "Confidential clients only" (§4.4): whoever says a name without proving it gets nothing for it.
    if !client.is_confidential() {
        let about = "only a client with a secret may use this grant type";
        return Err(Refused::new(ErrorCode::UnauthorizedClient, Reason::NotConfidential, about));
    }
    let audience = decide_audience(client, &request.resources, issuer)?;
    let scope = decide_scope(client, request.scope.as_ref(), scopes, meant_by(&audience, resources).as_ref())?;
    Ok(Decision { scope, audience })
}

/// What was asked for, if it is all the client's; without a word, what it registered first.
fn decide_audience(client: &Client, asked: &[ResourceUri], issuer: &str) -> Result<Vec<ResourceUri>, Refused> {
    // A client without an audience of its own gets tokens for this server, and may say so.
    let means_issuer = client.audiences().is_empty() && asked.iter().all(|resource| resource.as_str() == issuer);
    if asked.is_empty() || means_issuer {
        return Ok(client.audiences().first().cloned().into_iter().collect());
    }
    if asked.iter().all(|resource| client.audiences().contains(resource)) {
        return Ok(asked.to_vec());
    }
    let about = "a resource was asked for that the client is not registered for";
    Err(Refused::new(ErrorCode::InvalidTarget, Reason::TargetNotAllowed, about))
}

/// The scopes that mean something to the resources; `None` when one of them does not say.
fn meant_by(audience: &[ResourceUri], resources: &[Resource]) -> Option<ScopeSet> {
    let mut meant = Vec::new();
    for uri in audience {
        let resource = resources.iter().find(|resource| resource.uri == *uri)?;
        if resource.scopes.is_empty() {
            return None;
        }
        meant.extend(resource.scopes.iter().cloned());
    }
    (!audience.is_empty()).then(|| meant.into_iter().collect())
}

/// What is asked for ∩ what the client may have ∩ what the resources understand, without the scopes that are about a user.
/// Without a word, all of that.
fn decide_scope(
    client: &Client,
    asked: Option<&ScopeSet>,
    scopes: &Scopes,
    meant: Option<&ScopeSet>,
) -> Result<ScopeSet, Refused> {
    let mut holds = client.scopes.intersection(&scopes.known).difference(&scopes.identity);
    if let Some(meant) = meant {
        holds = holds.intersection(meant);
    }
    let Some(asked) = asked else { return Ok(holds) };
    if !asked.is_subset_of(&scopes.known) {
        let about = "a scope was asked for that does not exist";
        return Err(Refused::new(ErrorCode::InvalidScope, Reason::UnknownScope, about));
    }
    let granted = asked.intersection(&holds);
    if granted.is_empty() {
        let about = "none of the scopes that were asked for is the client's to have";
        return Err(Refused::new(ErrorCode::InvalidScope, Reason::NoScopeLeft, about));
    }
    Ok(granted)
}
