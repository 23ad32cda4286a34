//! Whether a client has signed something: with one of its keys, or with its secret.

use super::secrets;
use crate::app::App;
use crate::directory::Client;
use crate::failure::{Outcome, Reason, Refused};
use crate::key_sets::PAUSE_SECONDS;
use crate::keyring::client_signed;
use crate::protocol::client_keys::ClientKeys;
use crate::protocol::client_signed::ClientSigned;
use crate::protocol::error::ErrorCode;
use crate::remote::Unreached;
use crate::time::UnixTime;

/// The answer says why not.
pub type Verdict = Result<(), Reason>;

pub async fn check(app: &App, client: &Client, signed: &ClientSigned, now: UnixTime) -> Outcome<Verdict> {
    if signed.algorithm().is_with_secret() {
        by_secret(app, client, signed, now).await
    } else {
        by_key(app, client, signed, now).await
    }
}

async fn by_key(app: &App, client: &Client, signed: &ClientSigned, now: UnixTime) -> Outcome<Verdict> {
    let Some(url) = client.jwks_uri() else {
        return Ok(if is_by_one_of(client.keys(), signed) { Ok(()) } else { Err(Reason::WrongKey) });
    };
    let mut set = match app.key_sets.at(url, now).await {
        Ok(set) => set,
        Err(error) => return unread(&error),
    };
    if is_by_one_of(&set.keys, signed) {
        return Ok(Ok(()));
    }
    // With a key that is new there, perhaps.
    if let Some(newer) = app.key_sets.newer(url, &set, client.created_at(), now).await {
        if is_by_one_of(&newer.keys, signed) {
            return Ok(Ok(()));
        }
        set = newer;
    }
    Ok(Err(if set.keys.is_empty() { Reason::UnusableKeys } else { Reason::WrongKey }))
}

/// While its server is away, nobody can say whether the client is who it says: it may come again. That is the client's trouble;
/// nothing is broken here.
fn unread(error: &Unreached) -> Outcome<Verdict> {
    match error {
        Unreached::Away(_) | Unreached::Resting => {
            let about = "the server that keeps the keys of the client does not answer: try again in a while";
            let refused = Refused::new(ErrorCode::TemporarilyUnavailable, Reason::ClientKeysAway, about);
            Err(refused.again_after(PAUSE_SECONDS.unsigned_abs()).into())
        }
        Unreached::NotAllowed | Unreached::Strange(_) => Ok(Err(Reason::UnusableKeys)),
    }
}

fn is_by_one_of(keys: &ClientKeys, signed: &ClientSigned) -> bool {
    let algorithm = signed.algorithm();
    keys.candidates(algorithm, signed.kid())
        .any(|key| client_signed(key, algorithm, signed.message(), signed.signature()))
}

async fn by_secret(app: &App, client: &Client, signed: &ClientSigned, now: UnixTime) -> Outcome<Verdict> {
    let mut expired = false;
    for row in app.store.sealed_client_secrets(&client.id).await? {
        let Some(secret) = secrets::opened(app, &row)? else { continue };
        if !secret.signed(signed.message(), signed.signature()) {
            continue;
        }
        if row.expires_at.is_none_or(|end| end > now) {
            return Ok(Ok(()));
        }
        expired = true;
    }
    Ok(Err(if expired { Reason::ExpiredSecret } else { Reason::WrongKey }))
}
