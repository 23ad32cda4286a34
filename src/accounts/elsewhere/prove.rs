//! There is an account with the address that a provider named: who knows its password links the two. That the address is the
//! same proves nothing.

use super::arrive::add_link;
use super::{hash, stale};
use crate::accounts::sign_in::{SignedIn, sign_in};
use crate::app::App;
use crate::audit::Origin;
use crate::directory::Upstream;
use crate::failure::Outcome;
use crate::protocol::provider::Identity;
use crate::secret::{FormSecret, Hash, Password, Plain, UpstreamState};
use crate::store::upstream_logins::UpstreamLogin;
use crate::time::UnixTime;

/// What waits for the proof.
pub struct Awaited {
    pub upstream: Upstream,
    pub login: UpstreamLogin,
    pub email: String,
    identity: Identity,
}

/// What waits in this browser under this name.
pub async fn awaited(
    app: &App,
    token: &Plain<UpstreamState>,
    browser: &Plain<FormSecret>,
    now: UnixTime,
) -> Outcome<Awaited> {
    let (hash, browser) = (hash(app, token), browser.hash(app.keyring.secret_hash_key()));
    let login = app.store.awaited_proof(&hash, &browser, now).await?.ok_or_else(stale)?;
    let upstreams = app.directory.upstreams().await?;
    let upstream = upstreams.iter().find(|each| each.id == login.upstream_id && each.description.enabled);
    let upstream = upstream.cloned().ok_or_else(stale)?;
    let said = app.keyring.open_for(&sealing(&hash), login.identity.as_deref().unwrap_or_default())?;
    let identity: Identity = serde_json::from_slice(&said).map_err(|_| stale())?;
    let email = identity.email.clone().ok_or_else(stale)?;
    Ok(Awaited { upstream, login, email, identity })
}

/// Links the account of this address, if the password is its.
pub async fn prove(
    app: &App,
    awaited: &Awaited,
    password: &Plain<Password>,
    client_id: &str,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<SignedIn> {
    let user = sign_in(app, &awaited.email, password, client_id, origin, now).await?;
    if !app.store.spend_proof(awaited.login.hash.clone(), now).await? {
        return Err(stale().into());
    }
    add_link(app, &awaited.upstream, (&user.id, user.epoch), &awaited.identity, origin, now).await?;
    Ok(user)
}

/// What it is sealed for.
pub(super) fn sealing(hash: &Hash<UpstreamState>) -> String {
    format!("upstream identity {}", hash.as_str())
}
