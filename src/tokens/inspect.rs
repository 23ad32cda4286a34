//! Is this token alive, and what is it still good for? One function for all who ask.

use std::sync::Arc;

use super::reach::{self, Holder};
use super::refresh;
use crate::app::App;
use crate::directory::{Client, Roles};
use crate::failure::Outcome;
use crate::keyring::TokenType;
use crate::protocol::access_token::AccessToken;
use crate::protocol::jws::Compact;
use crate::protocol::scope::ScopeSet;
use crate::remembered::{Remembered, Verified};
use crate::secret::{Kind, Plain, RefreshToken};
use crate::store::grants::Standing;
use crate::store::vitals::TokenLifeline;
use crate::time::UnixTime;

/// An access token of this server that is good right now.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// With the scopes and roles that it is still good for.
    pub claims: AccessToken,
    /// Who granted it; `None` when the client acts for itself.
    pub user_id: Option<String>,
    /// What the client asked to be told of them, as it is stored.
    pub claims_asked: Option<String>,
}

/// A token of either kind that is good right now.
#[derive(Clone, Debug)]
pub enum Examined {
    Access(Box<Inspected>),
    Refresh(Box<Standing>),
}

/// `None` for anything that is not an access token of this server, or is no longer good. Only a broken server is an error.
pub async fn inspect(app: &App, token: &str, now: UnixTime) -> Outcome<Option<Inspected>> {
    let Some(verified) = verify(app, token).await? else { return Ok(None) };
    let claims = &verified.claims;
    if claims.check(app.config.issuer.as_str(), now).is_err() {
        return Ok(None);
    }
    let lifeline =
        TokenLifeline { jti: claims.jti.clone(), client_id: claims.client_id.clone(), kid: verified.kid.clone() };
    let Some(grant_id) = &claims.grant_id else {
        let lives = app.store.token_lives(lifeline).await?;
        return if lives { still_good_for(app, claims, None).await } else { Ok(None) };
    };
    let (lives, standing) = tokio::join!(app.store.token_lives(lifeline), app.store.grant(grant_id));
    let is_good = |standing: &Standing| standing.grant.client_id == claims.client_id && standing.is_good(now);
    match standing?.filter(is_good) {
        Some(standing) if lives? => still_good_for(app, claims, Some(standing)).await,
        _ => Ok(None),
    }
}

/// As `inspect`, for tokens of both kinds.
pub async fn examine(app: &App, token: &str, now: UnixTime) -> Outcome<Option<Examined>> {
    if !token.starts_with(RefreshToken::PREFIX) {
        return Ok(inspect(app, token, now).await?.map(|token| Examined::Access(Box::new(token))));
    }
    let Some(presented) = refresh::read(app, &Plain::presented(token)) else { return Ok(None) };
    let idle = app.config.tokens.refresh_idle_seconds();
    let is_good = |standing: &Standing| {
        let is_current = standing.grant.refresh_hash.as_ref().is_some_and(|hash| hash.matches(&presented.hash));
        is_current && standing.is_good(now) && standing.grant.last_used_at.plus(idle) > now
    };
    let standing = app.store.grant(&presented.grant_id).await?.filter(is_good);
    Ok(standing.map(|standing| Examined::Refresh(Box::new(standing))))
}

/// What the client and the user may not have any more, the token is not good for any more.
async fn still_good_for(app: &App, claims: &AccessToken, standing: Option<Standing>) -> Outcome<Option<Inspected>> {
    let Some(client) = app.directory.client(&claims.client_id).await? else { return Ok(None) };
    let mut claims = claims.clone();
    if let Some(scope) = claims.scope.take() {
        claims.scope = still_held(app, &client, standing.as_ref(), &scope).await?;
    }
    if let Some(standing) = &standing {
        claims.roles = Roles::all_of(&standing.roles);
    }
    let (user_id, claims_asked) = match standing {
        Some(Standing { grant, .. }) => (Some(grant.user_id), grant.claims),
        None => (None, None),
    };
    Ok(Some(Inspected { claims, user_id, claims_asked }))
}

/// What is left of scopes that were granted: in the name of whoever signed in, or in the client's own.
pub(super) async fn still_held(
    app: &App,
    client: &Client,
    standing: Option<&Standing>,
    scope: &ScopeSet,
) -> Outcome<Option<ScopeSet>> {
    let (scopes, roles) = (app.directory.scopes().await?, app.directory.roles().await?);
    let holder = match standing {
        None => Holder::Client,
        Some(standing) => Holder::User { roles: &roles, of: &standing.roles },
    };
    let scope = scope.intersection(&reach::held(client, holder, &scopes));
    Ok((!scope.is_empty()).then_some(scope))
}

/// Whether the token was signed here, whatever became of it since.
pub(super) async fn verify(app: &App, token: &str) -> Outcome<Option<Arc<Verified>>> {
    let digest = Remembered::digest(token);
    if let Some(verified) = app.remembered.get(&digest) {
        return Ok(Some(verified));
    }
    let Ok(compact) = Compact::parse(token) else { return Ok(None) };
    let header = compact.header();
    let Some(kid) = header.kid.as_deref().filter(|_| header.typ.as_deref() == Some(TokenType::AccessToken.as_str()))
    else {
        return Ok(None);
    };
    let Some(verifier) = app.keyring.verifier(kid).await? else { return Ok(None) };
    if header.alg != verifier.algorithm().as_str()
        || !verifier.verifies(compact.signing_input().as_bytes(), compact.signature())
    {
        return Ok(None);
    }
    let Ok(claims) = serde_json::from_slice(compact.payload()) else { return Ok(None) };
    let verified = Arc::new(Verified { kid: kid.to_owned(), claims });
    app.remembered.put(token, digest, Arc::clone(&verified));
    Ok(Some(verified))
}
