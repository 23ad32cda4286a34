//! What a client registers to prove itself by signing (RFC 7591 §2, OpenID Connect Dynamic Client Registration 1.0 §2).

use super::allowed::refused;
use crate::failure::{Reason, Refused};
use crate::protocol::client_authentication::AuthMethod;
use crate::protocol::client_keys::{ClientAlgorithm, ClientKeys};
use crate::protocol::client_metadata::ClientMetadata;
use crate::protocol::request_object::ObjectAlgorithm;

/// A client that could never prove itself is more often a slip than a plan.
pub(super) fn check(method: AuthMethod, metadata: &ClientMetadata) -> Result<(), Refused> {
    let unusable = |about: String| refused(Reason::UnusableKeys, about);
    let keys = match &metadata.jwks {
        Some(set) => ClientKeys::registered(set).map_err(|what| unusable(format!("jwks {what}")))?,
        None => ClientKeys::default(),
    };
    check_requests(method, metadata, &keys)?;
    let algorithm = metadata.token_endpoint_auth_signing_alg;
    match method {
        AuthMethod::PrivateKeyJwt => {
            if algorithm.is_some_and(ClientAlgorithm::is_with_secret) {
                return Err(mismatch());
            }
            if metadata.jwks_uri.is_some() {
                return Ok(());
            }
            if metadata.jwks.is_none() {
                let about = "jwks and jwks_uri are missing, and private_key_jwt is for clients with keys";
                return Err(unusable(about.to_owned()));
            }
            if !algorithm.map_or(!keys.is_empty(), |algorithm| keys.sign_by(algorithm)) {
                let about = "jwks has no public key that signs by an algorithm of token_endpoint_auth_signing_alg_values_supported";
                return Err(unusable(about.to_owned()));
            }
            Ok(())
        }
        AuthMethod::ClientSecretJwt if algorithm.is_some_and(|algorithm| !algorithm.is_with_secret()) => {
            Err(mismatch())
        }
        _ => Ok(()),
    }
}

/// Nor could one ask for anything whose requests have to be signed by what it does not have.
fn check_requests(method: AuthMethod, metadata: &ClientMetadata, keys: &ClientKeys) -> Result<(), Refused> {
    let Some(ObjectAlgorithm::By(algorithm)) = metadata.request_object_signing_alg else { return Ok(()) };
    let can_sign = if algorithm.is_with_secret() {
        method == AuthMethod::ClientSecretJwt
    } else {
        metadata.jwks_uri.is_some() || keys.sign_by(algorithm)
    };
    if can_sign {
        return Ok(());
    }
    let about = "request_object_signing_alg: the client has no key, or no secret kept here, that signs so";
    Err(refused(Reason::UnusableKeys, about.to_owned()))
}

fn mismatch() -> Refused {
    let about = "token_endpoint_auth_signing_alg does not go with token_endpoint_auth_method";
    refused(Reason::Malformed, about.to_owned())
}
