//! Client secrets: several may live at once, so that one can be replaced without a moment in which none works.

use serde_json::json;

use crate::app::App;
use crate::audit::{Act, By};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::client_authentication::AuthMethod;
use crate::protocol::error::ErrorCode;
use crate::secret::{ClientSecret, Plain};
use crate::store::clients::{SealedSecret, SecretRow};
use crate::store::new_id;
use crate::time::UnixTime;

/// A secret that was just made: the only time that its text is known.
pub struct NewSecret {
    pub id: String,
    pub secret: Plain<ClientSecret>,
    pub expires_at: Option<UnixTime>,
}

pub(super) fn make(
    app: &App,
    client_id: &str,
    method: AuthMethod,
    expires_at: Option<UnixTime>,
    now: UnixTime,
) -> Outcome<(NewSecret, SecretRow)> {
    let secret = Plain::<ClientSecret>::generate();
    let id = new_id(now);
    // Only whoever has the secret can tell what it has signed.
    let signs = method == AuthMethod::ClientSecretJwt;
    let sealed = signs.then(|| app.keyring.seal_for(&purpose(&id), secret.reveal().as_bytes())).transpose()?;
    let row = SecretRow {
        id: id.clone(),
        client_id: client_id.to_owned(),
        hash: secret.hash(app.keyring.secret_hash_key()),
        created_at: now,
        expires_at,
        sealed,
    };
    Ok((NewSecret { id, secret, expires_at }, row))
}

/// A secret that its client signs with; `None` for one that was never kept.
pub(super) fn opened(app: &App, row: &SealedSecret) -> Outcome<Option<Plain<ClientSecret>>> {
    let Some(sealed) = &row.sealed else { return Ok(None) };
    let text = app.keyring.open_for(&purpose(&row.id), sealed)?;
    Ok(std::str::from_utf8(&text).ok().map(Plain::presented))
}

fn purpose(id: &str) -> String {
    format!("client secret {id}")
}

/// Gives a confidential client one more secret. Its other secrets end at `others_expire_at`, if that is given.
pub async fn add_secret(
    app: &App,
    client_id: &str,
    expires_at: Option<UnixTime>,
    others_expire_at: Option<UnixTime>,
    by: &By<'_>,
    now: UnixTime,
) -> Outcome<NewSecret> {
    let client = app
        .store
        .client(client_id)
        .await?
        .ok_or_else(|| Refused::new(ErrorCode::NotFound, Reason::UnknownClient, "there is no client of this id"))?;
    let method = client.auth_method.parse::<AuthMethod>().ok();
    let Some(method) = method.filter(|method| method.has_secret()) else {
        let (reason, about) = match method {
            Some(AuthMethod::PrivateKeyJwt) => {
                (Reason::WrongAuthMethod, "the client proves itself by its own keys, and has no secret")
            }
            _ => (Reason::NotConfidential, "a public client has no secret"),
        };
        return Err(Refused::new(ErrorCode::Conflict, reason, about).into());
    };
    let (new, row) = make(app, client_id, method, expires_at, now)?;
    let detail = json!({"secret_id": new.id, "expires_at": expires_at, "others_expire_at": others_expire_at});
    let audit = by.does(Act::ClientSecretAdded).on("client", client_id).at_client(client_id).with(detail);
    app.store.add_client_secret(row, others_expire_at, audit.record(now)).await?;
    Ok(new)
}
