//! ID tokens that come back: as a hint of whom a client means (OpenID Connect Core §3.1.2.1).

use crate::app::App;
use crate::failure::Outcome;
use crate::keyring::TokenType;
use crate::protocol::id_token::Presented;
use crate::protocol::jws::Compact;

/// What an ID token says that was signed here for this client, however long ago; `None` for anything else. It proves nothing
/// about who brings it: whoever was told of a sign-in has one.
pub async fn presented(app: &App, client_id: &str, token: &str) -> Outcome<Option<Presented>> {
    let Ok(compact) = Compact::parse(token) else { return Ok(None) };
    let header = compact.header();
    let Some(kid) = header.kid.as_deref().filter(|_| header.typ.as_deref() == Some(TokenType::IdToken.as_str())) else {
        return Ok(None);
    };
    let Some(verifier) = app.keyring.verifier_of_the_past(kid).await? else { return Ok(None) };
    if header.alg != verifier.algorithm().as_str()
        || !verifier.verifies(compact.signing_input().as_bytes(), compact.signature())
    {
        return Ok(None);
    }
    let claims: Option<Presented> = serde_json::from_slice(compact.payload()).ok();
    Ok(claims.filter(|claims| claims.iss == app.config.issuer.as_str() && claims.aud.contains(client_id)))
}
