//! Is this token alive? One function for all who ask.

use std::sync::Arc;

use crate::app::App;
use crate::failure::Outcome;
use crate::keyring::TokenType;
use crate::protocol::access_token::AccessToken;
use crate::protocol::jws::Compact;
use crate::remembered::{Remembered, Verified};
use crate::store::vitals::TokenLifeline;
use crate::time::UnixTime;

/// An access token of this server that is good right now.
#[derive(Clone, Debug)]
pub struct Inspected(Arc<Verified>);

impl Inspected {
    pub fn claims(&self) -> &AccessToken {
        &self.0.claims
    }
}

/// `None` for anything that is not an access token of this server, or is no longer good. Only a broken server is an error.
pub async fn inspect(app: &App, token: &str, now: UnixTime) -> Outcome<Option<Inspected>> {
    let Some(verified) = verify(app, token).await? else { return Ok(None) };
    if verified.claims.check(app.config.issuer.as_str(), now).is_err() {
        return Ok(None);
    }
    let lifeline = TokenLifeline {
        jti: verified.claims.jti.clone(),
        client_id: verified.claims.client_id.clone(),
        kid: verified.kid.clone(),
    };
    let lives = app.store.token_lives(lifeline).await?;
    Ok(lives.then_some(Inspected(verified)))
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
