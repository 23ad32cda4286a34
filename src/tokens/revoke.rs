//! Revocation — RFC 7009.

use super::inspect::verify;
use super::refresh;
use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::directory::Client;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::revocation::RevocationRequest;
use crate::secret::{Kind, Plain, RefreshToken};
use crate::store::revoked_tokens::RevokedToken;
use crate::time::UnixTime;

/// Ends a token of the client. A refresh token ends all that was granted with it. What is no token of this server, or has ended, needs no ending (§2.2).
pub async fn revoke(
    app: &App,
    client: &Client,
    request: &RevocationRequest,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<()> {
    if request.token.starts_with(RefreshToken::PREFIX) {
        return revoke_refresh_token(app, client, &request.token, origin, now).await;
    }
    let Some(verified) = verify(app, &request.token).await? else { return Ok(()) };
    let claims = &verified.claims;
    if claims.iss != app.config.issuer.as_str() || claims.exp <= now {
        return Ok(());
    }
    // §2.1: "verifies whether the token was issued to the client making the revocation request".
    if claims.client_id != client.id {
        return Err(foreign().into());
    }
    let row =
        RevokedToken { jti: claims.jti.clone(), client_id: client.id.clone(), revoked_at: now, expires_at: claims.exp };
    let record = revoked(client).on("token", claims.jti.clone()).from(origin).record(now);
    app.store.revoke_token(row, record).await?;
    Ok(())
}

/// One that was replaced long ago ends its sign-in, too: whoever logs out may have lost the newer one.
async fn revoke_refresh_token(app: &App, client: &Client, token: &str, origin: &Origin, now: UnixTime) -> Outcome<()> {
    let Some(presented) = refresh::read(app, &Plain::presented(token)) else { return Ok(()) };
    let Some(standing) = app.store.grant(&presented.grant_id).await? else { return Ok(()) };
    if standing.grant.client_id != client.id {
        return Err(foreign().into());
    }
    let record = revoked(client).on("grant", presented.grant_id.clone()).about_person(standing.grant.user_id);
    app.store.end_grant(presented.grant_id, None, record.from(origin).record(now), now).await?;
    Ok(())
}

fn revoked(client: &Client) -> Entry<'_> {
    Entry::new(Act::TokenRevoked, Actor::Client(&client.id)).at_client(&client.id)
}

fn foreign() -> Refused {
    Refused::new(ErrorCode::InvalidGrant, Reason::ForeignToken, "the token was issued to another client")
}
