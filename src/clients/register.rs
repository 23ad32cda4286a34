//! Registering a client, on an operator's word. What it registers is RFC 7591 metadata.

use serde_json::json;

use super::keys;
use super::secrets::{self, NewSecret};
use crate::app::App;
use crate::audit::{Act, By, Entry};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::client_authentication::AuthMethod;
use crate::protocol::client_metadata::{ApplicationType, ClientMetadata, SubjectType};
use crate::protocol::error::ErrorCode;
use crate::protocol::jwk::Algorithm;
use crate::protocol::redirect_uri::RedirectUri;
use crate::protocol::scope::is_own;
use crate::protocol::token::GrantType;
use crate::protocol::uri;
use crate::store::clients::{ClientRow, SecretRow};
use crate::store::new_id;
use crate::time::UnixTime;

/// A client that was just made.
pub struct Registered {
    pub id: String,
    pub name: String,
    pub auth_method: AuthMethod,
    pub metadata: ClientMetadata,
    /// `None` for a public client, and for one that has keys.
    pub secret: Option<NewSecret>,
}

pub async fn register(app: &App, metadata: ClientMetadata, by: &By<'_>, now: UnixTime) -> Outcome<Registered> {
    let Prepared { made, row, secret } = prepare(app, metadata, now).await?;
    let audit = described(by.does(Act::ClientCreated), &made.id, &made.metadata).record(now);
    app.store.add_client(row, secret, audit).await?;
    Ok(made)
}

/// A client that was judged and is not stored yet.
pub(super) struct Prepared {
    pub made: Registered,
    pub row: ClientRow,
    pub secret: Option<SecretRow>,
}

pub(super) async fn prepare(app: &App, metadata: ClientMetadata, now: UnixTime) -> Outcome<Prepared> {
    let auth_method = metadata.token_endpoint_auth_method.unwrap_or(AuthMethod::ClientSecretBasic);
    check(app, auth_method, &metadata).await?;
    let row = row_for(new_id(now), auth_method, &metadata, now)?;
    let (id, name) = (row.id.clone(), row.name.clone());
    let metadata = ClientMetadata { token_endpoint_auth_method: Some(auth_method), ..metadata };
    let secret = auth_method.has_secret().then(|| secrets::make(app, &id, auth_method, None, now)).transpose()?;
    let (secret, secret_row) = secret.unzip();
    Ok(Prepared { made: Registered { id, name, auth_method, metadata, secret }, row, secret: secret_row })
}

/// Replaces what a client registered, whole; `None` when somebody else has changed it since it was `before`. How it proves
/// itself stays: its secrets were made for that.
pub async fn update(
    app: &App,
    before: ClientRow,
    metadata: ClientMetadata,
    by: &By<'_>,
    now: UnixTime,
) -> Outcome<Option<ClientRow>> {
    let auth_method: AuthMethod =
        before.auth_method.parse().map_err(|_| refused(Reason::Malformed, "its method is unknown".to_owned()))?;
    if metadata.token_endpoint_auth_method.is_some_and(|asked| asked != auth_method) {
        let about = format!("the client's authentication method is {auth_method} and stays so: make another client");
        return Err(refused(Reason::WrongAuthMethod, about).into());
    }
    check(app, auth_method, &metadata).await?;
    let (disabled_at, created_at) = (before.disabled_at, before.created_at);
    let row = row_for(before.id.clone(), auth_method, &metadata, now)?;
    let row = ClientRow { disabled_at, created_at, ..row };
    let audit = described(by.does(Act::ClientUpdated), &row.id, &metadata).record(now);
    let done = app.store.update_client(before, row.clone(), audit).await?;
    Ok(done.then_some(row))
}

/// What the log says of a client: what it may do. Its name and contacts may be those of people.
pub(super) fn described<'a>(entry: Entry<'a>, id: &str, metadata: &ClientMetadata) -> Entry<'a> {
    let mut detail = json!({
        "grant_types": metadata.grant_types,
        "scope": metadata.scope,
        "audience": metadata.audience,
        "redirect_uris": metadata.redirect_uris,
    });
    if !metadata.require_pkce {
        detail["require_pkce"] = false.into();
    }
    entry.on("client", id).at_client(id).with(detail)
}

fn row_for(
    id: String,
    auth_method: AuthMethod,
    metadata: &ClientMetadata,
    now: UnixTime,
) -> Result<ClientRow, Refused> {
    let metadata = ClientMetadata { token_endpoint_auth_method: Some(auth_method), ..metadata.clone() };
    let document = serde_json::to_string(&metadata)
        .map_err(|_| refused(Reason::Malformed, "the metadata cannot be written down".to_owned()))?;
    Ok(ClientRow {
        name: metadata.client_name.unwrap_or_else(|| id.clone()),
        id,
        auth_method: auth_method.as_str().to_owned(),
        document,
        disabled_at: None,
        created_at: now,
        updated_at: now,
    })
}

async fn check(app: &App, method: AuthMethod, metadata: &ClientMetadata) -> Outcome<()> {
    check_method(method, metadata)?;
    keys::check(method, metadata)?;
    check_subjects(metadata)?;
    check_redirects(metadata)?;
    check_logo(metadata)?;
    check_algorithms(app, metadata)?;
    check_scopes(app, metadata).await
}

fn check_method(method: AuthMethod, metadata: &ClientMetadata) -> Result<(), Refused> {
    if method == AuthMethod::None && !metadata.require_pkce {
        let about = "require_pkce is false, which is for clients with a secret".to_owned();
        return Err(refused(Reason::NotConfidential, about));
    }
    if method == AuthMethod::None && metadata.grant_types.contains(&GrantType::ClientCredentials) {
        return Err(refused(
            Reason::NotConfidential,
            "client_credentials is for clients with a secret (RFC 6749 section 4.4)".to_owned(),
        ));
    }
    Ok(())
}

/// At this server's own API users go by their ids.
fn check_subjects(metadata: &ClientMetadata) -> Result<(), Refused> {
    let tells_ids = metadata.scope.iter().flatten().any(|name| is_own(name.as_str()));
    if metadata.subject_type == SubjectType::Pairwise && tells_ids {
        let about =
            "subject_type pairwise does not go with the scopes account and admin:...: they tell the ids of users";
        return Err(refused(Reason::Malformed, about.to_owned()));
    }
    Ok(())
}

/// RFC 8252 §7.1: a scheme of its own belongs to an app, and any other app on the device may claim it.
fn check_redirects(metadata: &ClientMetadata) -> Result<(), Refused> {
    let is_app = metadata.application_type == ApplicationType::Native;
    let mut all = metadata.redirect_uris.iter().chain(&metadata.post_logout_redirect_uris);
    if is_app || !all.any(RedirectUri::is_private) {
        return Ok(());
    }
    let about = "a redirect URI with a scheme of its own is for clients with application_type native";
    Err(Refused::new(ErrorCode::InvalidRedirectUri, Reason::Malformed, about))
}

/// A page that shows it has to allow this picture, and nothing else.
fn check_logo(metadata: &ClientMetadata) -> Result<(), Refused> {
    match metadata.logo_uri.as_deref().map(uri::policy_source) {
        Some(None) => {
            let about = "logo_uri: a content security policy has no name for its host".to_owned();
            Err(refused(Reason::Malformed, about))
        }
        _ => Ok(()),
    }
}

/// What no key here can sign would be missing at every sign-in.
fn check_algorithms(app: &App, metadata: &ClientMetadata) -> Result<(), Refused> {
    let asked = [
        ("id_token_signed_response_alg", metadata.id_token_signed_response_alg),
        ("userinfo_signed_response_alg", metadata.userinfo_signed_response_alg),
    ];
    let can_sign = |algorithm: &Option<Algorithm>| algorithm.is_none_or(|each| app.keyring.ring().can_sign(each));
    match asked.iter().find(|(_, algorithm)| !can_sign(algorithm)) {
        None => Ok(()),
        Some((name, _)) => {
            let about = format!("{name}: no key here signs so; `countersign key list` shows those that do");
            Err(refused(Reason::Malformed, about))
        }
    }
}

/// A scope that does not exist is more often a slip than a plan.
async fn check_scopes(app: &App, metadata: &ClientMetadata) -> Outcome<()> {
    let Some(asked) = &metadata.scope else { return Ok(()) };
    let known = app.store.scopes().await?;
    let missing: Vec<&str> =
        asked.iter().map(AsRef::as_ref).filter(|name: &&str| known.iter().all(|row| row.name != *name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let about = format!("there is no scope {}: `countersign scope create` makes one", missing.join(", "));
    Err(refused(Reason::UnknownScope, about).into())
}

fn refused(reason: Reason, about: String) -> Refused {
    Refused::new(ErrorCode::InvalidClientMetadata, reason, about)
}
