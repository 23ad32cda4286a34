//! Client authentication (RFC 6749 §2.3; RFC 7521 §4.2). Whatever is wrong, the answer is the same `invalid_client`; the log knows more.

use std::sync::Arc;

use super::assertion;
use crate::app::App;
use crate::directory::Client;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::client_authentication::Presented;
use crate::protocol::error::ErrorCode;
use crate::secret::{ClientSecret, Plain};
use crate::store::vitals::ClientVitals;
use crate::time::UnixTime;

/// The client that proved itself; a public one proves nothing, and is known by its word alone. `paths` are those of the endpoints
/// for which it may have signed something.
pub async fn authenticate(
    app: &App,
    presented: &Presented,
    paths: &[&'static str],
    now: UnixTime,
) -> Outcome<Arc<Client>> {
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
    match presented {
        Presented::Basic { secret, .. } | Presented::Post { secret, .. } => check_secret(app, secret, &vitals, now)?,
        Presented::Assertion(assertion) => assertion::check(app, &client, assertion, paths, now).await?,
        Presented::Public { .. } => {}
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

pub(super) fn refused(reason: Reason) -> Refused {
    Refused::new(ErrorCode::InvalidClient, reason, "client authentication failed")
}
