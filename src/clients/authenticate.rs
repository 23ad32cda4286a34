//! Client authentication (RFC 6749 §2.3). Whatever is wrong, the answer is the same `invalid_client`; the log knows more.

use std::sync::Arc;

use crate::app::App;
use crate::directory::Client;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::client_authentication::Presented;
use crate::protocol::error::ErrorCode;
use crate::secret::{ClientSecret, Plain};
use crate::store::vitals::ClientVitals;
use crate::time::UnixTime;

/// The client that proved itself; a public one proves nothing, and is known by its word alone.
pub async fn authenticate(app: &App, presented: &Presented, now: UnixTime) -> Outcome<Arc<Client>> {
    let id = presented.client_id();
    // Enabled or not, and which secrets live, is asked of the store every time; what the client is may be a copy.
    let vitals = app.store.client_vitals(id).await?.ok_or_else(|| refused(Reason::UnknownClient))?;
    let client = app.directory.client(id).await?.ok_or_else(|| refused(Reason::UnknownClient))?;
    if vitals.disabled {
        return Err(refused(Reason::ClientDisabled).into());
    }
    if presented.method() != client.auth_method {
        return Err(refused(Reason::WrongAuthMethod).into());
    }
    if let Some(secret) = presented.secret() {
        check_secret(app, secret, &vitals, now)?;
    }
    Ok(client)
}

fn check_secret(app: &App, secret: &Plain<ClientSecret>, vitals: &ClientVitals, now: UnixTime) -> Result<(), Refused> {
    let hash = secret.hash(app.keyring.secret_hash_key());
    // Every hash is compared, so that time does not tell which one it was.
    let mut matching = None;
    for (stored, expires_at) in &vitals.secrets {
        if stored.matches(&hash) {
            matching = Some(*expires_at);
        }
    }
    match matching {
        None => Err(refused(Reason::WrongSecret)),
        Some(Some(end)) if end <= now => Err(refused(Reason::ExpiredSecret)),
        Some(_) => Ok(()),
    }
}

fn refused(reason: Reason) -> Refused {
    Refused::new(ErrorCode::InvalidClient, reason, "client authentication failed")
}
