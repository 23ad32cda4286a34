//! OpenID Connect providers: what they say of themselves, and ID tokens that are verified by the library that others verify ours
//! with.

use std::sync::{Arc, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chrono::DateTime;
use openidconnect::core::{
    CoreClientAuthMethod, CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
    CoreProviderMetadata,
};
use openidconnect::{AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, IssuerUrl, Nonce};
use serde_json::Value;

use super::{Answered, Call, ProviderError, ProviderResult, printable, wrong};
use crate::time::UnixTime;

/// After that it is asked again what it says of itself; while it does not answer, what it said holds for a day.
const FRESH_SECONDS: i64 = 3_600;
const GOOD_SECONDS: i64 = 86_400;
/// How far clocks may differ.
const SKEW_SECONDS: i64 = 60;

/// By a key that it publishes, and by nothing that this server could have made itself.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What it said, and when.
#[derive(Default)]
pub struct Known {
    metadata: Option<(UnixTime, Arc<Metadata>)>,
    keys: Option<(UnixTime, Arc<CoreJsonWebKeySet>)>,
}

pub struct Metadata {
    document: CoreProviderMetadata,
    /// RFC 9207 §3.
    says_issuer: bool,
}

impl Metadata {
    pub fn authorization_endpoint(&self) -> &str {
        self.document.authorization_endpoint().as_str()
    }
}

impl Call<'_> {
    pub async fn metadata(&self) -> ProviderResult<Arc<Metadata>> {
        let known = self.known().metadata.clone();
        if let Some((_, metadata)) = known.as_ref().filter(|(at, _)| self.now.since(*at) < FRESH_SECONDS) {
            return Ok(Arc::clone(metadata));
        }
        match self.ask_for_metadata().await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                self.known().metadata = Some((self.now, Arc::clone(&metadata)));
                Ok(metadata)
            }
            Err(error) => still_good(known, self.now).ok_or(error),
        }
    }

    /// Whether its answers say of whom they are.
    pub async fn says_issuer(&self) -> ProviderResult<bool> {
        Ok(self.metadata().await?.says_issuer)
    }

    /// OpenID Connect Discovery §4.3: it must be the issuer that it was asked as.
    async fn ask_for_metadata(&self) -> ProviderResult<Metadata> {
        let issuer = self.issuer()?;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let document = self.get(&url, None).await?;
        let says_issuer = document["authorization_response_iss_parameter_supported"] == true;
        let document: CoreProviderMetadata = serde_json::from_value(document)
            .map_err(|error| wrong(&format!("its metadata cannot be read: {error}")))?;
        if document.issuer().as_str() != issuer {
            return Err(wrong("its metadata is of another issuer"));
        }
        Ok(Metadata { document, says_issuer })
    }

    async fn keys(&self, anew: bool) -> ProviderResult<Arc<CoreJsonWebKeySet>> {
        let known = self.known().keys.clone();
        if let Some((_, keys)) = known.as_ref().filter(|(at, _)| !anew && self.now.since(*at) < FRESH_SECONDS) {
            return Ok(Arc::clone(keys));
        }
        let url = self.metadata().await?.document.jwks_uri().to_string();
        let asked = self.get(&url, None).await.and_then(|document| {
            serde_json::from_value::<CoreJsonWebKeySet>(document)
                .map_err(|error| wrong(&format!("its keys cannot be read: {error}")))
        });
        match asked {
            Ok(keys) => {
                let keys = Arc::new(keys);
                self.known().keys = Some((self.now, Arc::clone(&keys)));
                Ok(keys)
            }
            Err(error) => still_good(known, self.now).ok_or(error),
        }
    }

    /// What it says of who signed in: in the ID token, and at its userinfo endpoint where the token does not tell the address.
    pub async fn claims(&self, answered: &Answered<'_>) -> ProviderResult<Value> {
        let metadata = self.metadata().await?;
        let endpoint = metadata.document.token_endpoint().ok_or_else(|| wrong("it has no token endpoint"))?;
        let methods = metadata.document.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_none_or(|methods| methods.contains(&method));
        let is_basic = takes(CoreClientAuthMethod::ClientSecretBasic) || !takes(CoreClientAuthMethod::ClientSecretPost);
        let tokens = self.exchange(endpoint.as_str(), is_basic, answered).await?;
        let (id_token, access_token) = (tokens["id_token"].as_str(), tokens["access_token"].as_str());
        let id_token = id_token.ok_or_else(|| wrong("it gives no ID token"))?;
        let keys = self.keys(false).await?;
        let claims = match self.verified(id_token, access_token, answered.nonce, &keys) {
            // It may sign with a key that is newer than what is known here.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let keys = self.keys(true).await?;
                self.verified(id_token, access_token, answered.nonce, &keys)
            }
            done => done,
        };
        let mut claims =
            claims.map_err(|error| wrong(&format!("its ID token is not good: {}", printable(&error.to_string()))))?;
        let tells_address = claims.get(&self.upstream.description.claims.email).is_some();
        if let (false, Some(endpoint), Some(token)) =
            (tells_address, metadata.document.userinfo_endpoint(), access_token)
        {
            let more = self.get(endpoint.as_str(), Some(token)).await?;
            add(&mut claims, more)?;
        }
        Ok(claims)
    }

    /// OpenID Connect Core §3.1.3.7, and §3.1.3.8 where the token says which access token came with it.
    fn verified(
        &self,
        id_token: &str,
        access_token: Option<&str>,
        nonce: &str,
        keys: &CoreJsonWebKeySet,
    ) -> Result<Value, ClaimsVerificationError> {
        let other = |about: String| ClaimsVerificationError::Other(about);
        let description = &self.upstream.description;
        let issuer = IssuerUrl::new(description.issuer.clone().unwrap_or_default());
        let issuer = issuer.map_err(|error| other(error.to_string()))?;
        // What it makes now may be of the clock of another machine.
        let now = DateTime::from_timestamp(self.now.seconds() - SKEW_SECONDS, 0).unwrap_or_default();
        let verifier =
            CoreIdTokenVerifier::new_public_client(ClientId::new(description.client_id.clone()), issuer, keys.clone())
                .set_allowed_algs(ALGORITHMS)
                .set_time_fn(move || now);
        let token: CoreIdToken = id_token.parse().map_err(|error| other(format!("{error}")))?;
        let claims = token.claims(&verifier, &Nonce::new(nonce.to_owned()))?;
        if let (Some(expected), Some(access_token)) = (claims.access_token_hash(), access_token) {
            let algorithm = token.signing_alg().map_err(ClaimsVerificationError::SignatureVerification)?;
            let key = token.signing_key(&verifier).map_err(ClaimsVerificationError::SignatureVerification)?;
            let hash = AccessTokenHash::from_token(&AccessToken::new(access_token.to_owned()), algorithm, key);
            if hash.map_err(|error| other(error.to_string()))? != *expected {
                return Err(other("at_hash is of another access token".to_owned()));
            }
        }
        if claims.authorized_party().is_some_and(|party| **party != *description.client_id) {
            return Err(other("azp is another client".to_owned()));
        }
        // The library knows no names but its own; what it has verified is read once more.
        let payload = id_token.split('.').nth(1).and_then(|payload| BASE64URL.decode(payload).ok());
        let claims = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
        claims.ok_or_else(|| other("it is not JSON".to_owned()))
    }

    fn issuer(&self) -> ProviderResult<&str> {
        self.upstream.description.issuer.as_deref().ok_or_else(|| wrong("it has no issuer"))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.peer.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn still_good<T>(known: Option<(UnixTime, Arc<T>)>, now: UnixTime) -> Option<Arc<T>> {
    known.filter(|(at, _)| now.since(*at) < GOOD_SECONDS).map(|(_, what)| what)
}

/// OpenID Connect Core §5.3.2: userinfo is about somebody else unless it says the same `sub`. The token goes before it.
fn add(claims: &mut Value, more: Value) -> Result<(), ProviderError> {
    if more["sub"] != claims["sub"] {
        return Err(wrong("its userinfo is about somebody else"));
    }
    if let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) {
        for (name, value) in more {
            claims.entry(name).or_insert(value);
        }
    }
    Ok(())
}
