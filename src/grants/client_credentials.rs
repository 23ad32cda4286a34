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
use crate::tokens::reach::{self, Holder};
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
        grant_id: None,
        roles: Vec::new(),
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
    let audience = reach::audience(client, &request.resources, issuer)?;
    let meant = reach::meant_by(&audience, resources);
    let held = reach::held(client, Holder::Client, scopes);
    let scope = reach::scope(request.scope.as_ref(), &held, scopes, meant.as_ref())?;
    Ok(Decision { scope, audience })
}
