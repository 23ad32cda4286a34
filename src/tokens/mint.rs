//! Minting: the claims of an access token (RFC 9068 §2.2), signed.

use crate::app::App;
use crate::failure::{Outcome, Reason, Refused};
use crate::keyring::TokenType;
use crate::protocol::access_token::AccessToken;
use crate::protocol::claims::Audience;
use crate::protocol::error::ErrorCode;
use crate::protocol::jws;
use crate::protocol::resource::ResourceUri;
use crate::protocol::scope::ScopeSet;
use crate::secret;
use crate::time::UnixTime;

/// What a grant decided.
pub struct AccessGrant<'a> {
    pub subject: &'a str,
    pub client_id: &'a str,
    /// Empty when the token is for this server itself.
    pub audience: Vec<ResourceUri>,
    pub scope: ScopeSet,
    pub lifetime: i64,
}

pub async fn mint_access_token(app: &App, grant: AccessGrant<'_>, now: UnixTime) -> Outcome<(String, AccessToken)> {
    let issuer = app.config.issuer.as_str();
    let audience: Vec<String> = if grant.audience.is_empty() {
        vec![issuer.to_owned()]
    } else {
        grant.audience.iter().map(ToString::to_string).collect()
    };
    let claims = AccessToken {
        iss: issuer.to_owned(),
        sub: grant.subject.to_owned(),
        aud: Audience::from(audience),
        exp: now.plus(grant.lifetime),
        iat: now,
        nbf: now,
        jti: secret::random_id(),
        client_id: grant.client_id.to_owned(),
        scope: (!grant.scope.is_empty()).then_some(grant.scope),
        roles: Vec::new(),
        entitlements: Vec::new(),
    };
    let algorithm = app.keyring.default_algorithm();
    let token = app.keyring.sign(algorithm, TokenType::AccessToken, &claims, claims.exp).await?;
    // What this server would not read it does not hand out: such a token could be neither introspected nor revoked.
    if token.len() > jws::MAX_LENGTH {
        let about = "what was asked for makes too long a token: ask for fewer scopes or resources";
        return Err(Refused::new(ErrorCode::InvalidRequest, Reason::TokenTooLong, about).into());
    }
    Ok((token, claims))
}
