//! A client that proves itself by what it has signed (RFC 7523 §3), with a key of its own or with its secret. Each assertion is
//! good once, and only for this server.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

use super::authenticate::refused;
use super::secrets;
use crate::app::App;
use crate::directory::Client;
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::key_sets::PAUSE_SECONDS;
use crate::keyring::client_signed;
use crate::protocol::client_assertion::{ClientAssertion, Flaw};
use crate::protocol::client_keys::ClientKeys;
use crate::protocol::error::ErrorCode;
use crate::remote::Unreached;
use crate::store::client_assertions::UsedAssertion;
use crate::time::UnixTime;

/// `paths` are those of the endpoints that it may be for, besides this server as a whole.
pub(super) async fn check(
    app: &App,
    client: &Client,
    assertion: &ClientAssertion,
    paths: &[&str],
    now: UnixTime,
) -> Outcome<()> {
    let issuer = &app.config.issuer;
    let endpoints: Vec<String> = paths.iter().map(|path| issuer.endpoint(path)).collect();
    let audiences: Vec<&str> = std::iter::once(issuer.as_str()).chain(endpoints.iter().map(String::as_str)).collect();
    assertion.check(&audiences, now).map_err(|flaw| refused(reason(flaw)))?;
    if client.assertion_algorithm().is_some_and(|registered| registered != assertion.algorithm()) {
        return Err(refused(Reason::WrongKey).into());
    }
    if assertion.algorithm().is_with_secret() {
        check_secrets(app, client, assertion, now).await?;
    } else {
        check_keys(app, client, assertion, now).await?;
    }
    // Last, so that only what the client has made is remembered.
    let name = [b"client assertion".as_slice(), client.id.as_bytes(), assertion.name().as_bytes()];
    let hash = BASE64URL.encode(app.keyring.secret_hash_key().mac(&name));
    if app.store.use_assertion(UsedAssertion { hash, expires_at: assertion.ends() }).await? {
        Ok(())
    } else {
        Err(refused(Reason::AssertionReused).into())
    }
}

async fn check_keys(app: &App, client: &Client, assertion: &ClientAssertion, now: UnixTime) -> Outcome<()> {
    let Some(url) = client.jwks_uri() else {
        return if signed_by(client.keys(), assertion) { Ok(()) } else { Err(refused(Reason::WrongKey).into()) };
    };
    let mut set = app.key_sets.at(url, now).await.map_err(unread)?;
    if signed_by(&set.keys, assertion) {
        return Ok(());
    }
    // With a key that is new there, perhaps.
    if let Some(newer) = app.key_sets.newer(url, &set, now).await {
        if signed_by(&newer.keys, assertion) {
            return Ok(());
        }
        set = newer;
    }
    Err(refused(if set.keys.is_empty() { Reason::UnusableKeys } else { Reason::WrongKey }).into())
}

/// While its server is away, nobody can say whether the client is who it says: it may come again. That is the client's trouble;
/// nothing is broken here.
fn unread(error: Unreached) -> Failure {
    match error {
        Unreached::Away(_) => {
            let about = "the server that keeps the keys of the client does not answer: try again in a while";
            let refused = Refused::new(ErrorCode::TemporarilyUnavailable, Reason::ClientKeysAway, about);
            refused.again_after(PAUSE_SECONDS.unsigned_abs()).into()
        }
        Unreached::NotAllowed | Unreached::Strange(_) => refused(Reason::UnusableKeys).into(),
    }
}

fn signed_by(keys: &ClientKeys, assertion: &ClientAssertion) -> bool {
    let algorithm = assertion.algorithm();
    keys.candidates(algorithm, assertion.kid())
        .any(|key| client_signed(key, algorithm, assertion.message(), assertion.signature()))
}

async fn check_secrets(app: &App, client: &Client, assertion: &ClientAssertion, now: UnixTime) -> Outcome<()> {
    let mut expired = false;
    for row in app.store.sealed_client_secrets(&client.id).await? {
        let Some(secret) = secrets::opened(app, &row)? else { continue };
        if !secret.signed(assertion.message(), assertion.signature()) {
            continue;
        }
        if row.expires_at.is_none_or(|end| end > now) {
            return Ok(());
        }
        expired = true;
    }
    Err(refused(if expired { Reason::ExpiredSecret } else { Reason::WrongKey }).into())
}

const fn reason(flaw: Flaw) -> Reason {
    match flaw {
        Flaw::Subject | Flaw::Audience => Reason::WrongAssertion,
        Flaw::Time => Reason::AssertionNotCurrent,
    }
}
