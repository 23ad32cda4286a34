//! Revocation — RFC 7009.

use super::inspect::verify;
use crate::app::App;
use crate::directory::Client;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::revocation::RevocationRequest;
use crate::store::revoked_tokens::RevokedToken;
use crate::time::UnixTime;

/// Ends a token of the client. What is no token of this server, or has ended, needs no ending (§2.2).
pub async fn revoke(app: &App, client: &Client, request: &RevocationRequest, now: UnixTime) -> Outcome<()> {
    let Some(verified) = verify(app, &request.token).await? else { return Ok(()) };
    let claims = &verified.claims;
    if claims.iss != app.config.issuer.as_str() || claims.exp <= now {
        return Ok(());
    }
    // §2.1: "verifies whether the token was issued to the client making the revocation request".
    if claims.client_id != client.id {
        let about = "the token was issued to another client";
        return Err(Refused::new(ErrorCode::InvalidGrant, Reason::ForeignToken, about).into());
    }
    let row =
        RevokedToken { jti: claims.jti.clone(), client_id: client.id.clone(), revoked_at: now, expires_at: claims.exp };
    app.store.revoke_token(row).await?;
    Ok(())
}
