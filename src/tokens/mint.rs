//! Minting: the claims of an access token (RFC 9068 §2.2) and of an ID token (OpenID Connect Core §2), signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha512};

use super::subject::subject;
use crate::app::App;
use crate::directory::{Client, FIRST_PARTY};
use crate::failure::{Outcome, Reason, Refused};
use crate::keyring::TokenType;
use crate::protocol::access_token::AccessToken;
use crate::protocol::claims::Audience;
use crate::protocol::error::ErrorCode;
use crate::protocol::id_token::IdToken;
use crate::protocol::jwk::Algorithm;
use crate::protocol::jws;
use crate::protocol::resource::ResourceUri;
use crate::protocol::scope::{OPENID, ScopeSet};
use crate::secret;
use crate::store::grants::GrantRow;
use crate::time::UnixTime;

/// What a grant decided.
pub struct AccessGrant<'a> {
    pub subject: &'a str,
    pub client_id: &'a str,
    /// Empty when the token is for this server itself.
    pub audience: Vec<ResourceUri>,
    pub scope: ScopeSet,
    /// What a user granted; `None` when the client acts for itself.
    pub grant_id: Option<&'a str>,
    pub roles: Vec<String>,
    pub lifetime: i64,
}

/// A sign-in that a client asked about.
pub struct IdGrant<'a> {
    pub client: &'a Client,
    pub grant: &'a GrantRow,
    pub nonce: Option<&'a str>,
    pub access_token: &'a str,
    /// What it says of the user besides who it is.
    pub user: Map<String, Value>,
}

pub async fn mint_access_token(app: &App, grant: AccessGrant<'_>, now: UnixTime) -> Outcome<(String, AccessToken)> {
    let issuer = app.config.issuer.as_str();
    let mut audience: Vec<String> = grant.audience.iter().map(ToString::to_string).collect();
    // Who asked who signed in may ask this server for more about them.
    let asks_here = audience.is_empty() || grant.scope.contains(OPENID) || grant.client_id == FIRST_PARTY;
    if asks_here && !audience.iter().any(|each| each == issuer) {
        audience.push(issuer.to_owned());
    }
    let claims = AccessToken {
        iss: issuer.to_owned(),
        sub: grant.subject.to_owned(),
        aud: Audience::from(audience),
        exp: now.plus(grant.lifetime),
        iat: now,
        nbf: now,
        jti: secret::random_id(),
        client_id: grant.client_id.to_owned(),
        grant_id: grant.grant_id.map(str::to_owned),
        scope: (!grant.scope.is_empty()).then_some(grant.scope),
        roles: grant.roles,
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

pub async fn mint_id_token(app: &App, grant: IdGrant<'_>, now: UnixTime) -> Outcome<String> {
    let client = grant.client;
    let algorithm = client.id_token_algorithm().unwrap_or_else(|| app.keyring.default_algorithm());
    let (acr, amr) = grant.grant.signed_in_by();
    let claims = IdToken {
        iss: app.config.issuer.as_str().to_owned(),
        sub: subject(app, client, &grant.grant.user_id),
        aud: Audience::from(client.id.clone()),
        exp: now.plus(app.config.tokens.id_seconds()),
        iat: now,
        auth_time: grant.grant.signed_in_at(),
        nonce: grant.nonce.map(str::to_owned),
        acr,
        amr,
        azp: client.id.clone(),
        sid: grant.grant.session_id.clone(),
        at_hash: at_hash(algorithm, grant.access_token),
        user: grant.user,
    };
    Ok(app.keyring.sign(algorithm, TokenType::IdToken, &claims, claims.exp).await?)
}

/// OpenID Connect Core §3.1.3.6: the left half of the hash that belongs to the algorithm of the signature.
fn at_hash(algorithm: Algorithm, access_token: &str) -> String {
    match algorithm {
        Algorithm::Rs256 | Algorithm::Es256 => BASE64URL.encode(&Sha256::digest(access_token)[..16]),
        Algorithm::EdDsa => BASE64URL.encode(&Sha512::digest(access_token)[..32]),
    }
}
