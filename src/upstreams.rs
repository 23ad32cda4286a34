//! Providers that people sign in with: made known, described and forgotten, on an operator's word.

use serde_json::{Value, json};

use crate::accounts::elsewhere;
use crate::app::App;
use crate::audit::{Act, By};
use crate::failure::{Broken, Failure, Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::members::{Members, Patch};
use crate::protocol::provider::{Described, Description, Endpoints, check_name};
use crate::provider;
use crate::secret::{Plain, UpstreamSecret};
use crate::store::upstreams::{UpstreamChange, UpstreamRow};
use crate::store::{StoreError, new_id};
use crate::time::UnixTime;

/// One more, out of what an operator says of it, with its name.
pub async fn create(app: &App, mut members: Members, by: &By<'_>, now: UnixTime) -> Outcome<UpstreamRow> {
    let name = members.text("name");
    if let (false, Err(about)) = (name.is_empty(), check_name(&name)) {
        members.wrong("name", about);
    }
    let Described { description, secret } = Description::read(&mut members);
    members.finish()?;
    let id = new_id(now);
    let sealed_secret = match secret {
        Patch::Set(secret) => Some(sealed(app, &id, &secret)?),
        Patch::Keep | Patch::Clear => None,
    };
    let document = document(&description)?;
    let row = UpstreamRow { id, name, document, sealed_secret, created_at: now, updated_at: now, version: 1 };
    let audit = by.does(Act::UpstreamCreated).on("upstream", &row.name).with(said(&description)).record(now);
    match app.store.add_upstream(row.clone(), audit).await {
        Ok(()) => Ok(row),
        Err(StoreError::Conflict(_)) => {
            let about = "there is a provider of this name already";
            Err(Refused::new(ErrorCode::Conflict, Reason::TakenName, about).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Says all of it anew; only the secret stays, unless another one is said. `None` when somebody else has changed it since it
/// was `before`.
pub async fn replace(
    app: &App,
    before: &UpstreamRow,
    mut members: Members,
    by: &By<'_>,
    now: UnixTime,
) -> Outcome<Option<UpstreamRow>> {
    // Its name is in addresses that the provider knows.
    if members.optional_text("name").is_some_and(|name| name != before.name) {
        members.wrong("name", "cannot be changed");
    }
    let Described { description, secret } = Description::read(&mut members);
    for name in description.moved(&described(before)?) {
        members.wrong(name, "is somebody else's, who would know all who are linked: make another provider");
    }
    members.finish()?;
    let sealed_secret = match secret {
        Patch::Keep => None,
        Patch::Clear => Some(None),
        Patch::Set(secret) => Some(Some(sealed(app, &before.id, &secret)?)),
    };
    let (id, document) = (before.id.clone(), document(&description)?);
    let audit = by.does(Act::UpstreamUpdated).on("upstream", &before.name).with(said(&description)).record(now);
    let change = UpstreamChange { id, from_version: before.version, document, sealed_secret };
    if !app.store.change_upstream(change, audit, now).await? {
        return Ok(None);
    }
    Ok(app.store.upstream_named(&before.name).await?)
}

/// With all links to it; `false` when it was changed since it was `before`.
pub async fn delete(app: &App, before: &UpstreamRow, by: &By<'_>, now: UnixTime) -> Outcome<bool> {
    let audit = by.does(Act::UpstreamDeleted).on("upstream", &before.name).record(now);
    Ok(app.store.delete_upstream(before.id.clone(), before.version, audit).await?)
}

/// All but the secret.
pub fn shown(app: &App, row: &UpstreamRow) -> Outcome<Value> {
    let Description { preset, label, client_id, issuer, endpoints, scopes, claims, create_users, enabled } =
        described(row)?;
    let mut shown = json!({
        "name": row.name,
        "preset": preset,
        "label": label,
        "client_id": client_id,
        "has_secret": row.sealed_secret.is_some(),
        "scopes": scopes,
        "claims": claims,
        "create_users": create_users,
        "enabled": enabled,
        "redirect_uri": elsewhere::redirect_uri(app, &row.name),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "version": row.version,
    });
    if let Some(issuer) = issuer {
        shown["issuer"] = issuer.into();
    }
    if let Some(Endpoints { authorization, token, userinfo, emails }) = endpoints {
        shown["authorization_endpoint"] = authorization.into();
        shown["token_endpoint"] = token.into();
        shown["userinfo_endpoint"] = userinfo.into();
        if let Some(emails) = emails {
            shown["emails_endpoint"] = emails.into();
        }
    }
    Ok(shown)
}

fn sealed(app: &App, id: &str, secret: &Plain<UpstreamSecret>) -> Outcome<String> {
    Ok(app.keyring.seal_for(&provider::sealing(id), secret.reveal().as_bytes())?)
}

fn described(row: &UpstreamRow) -> Outcome<Description> {
    serde_json::from_str(&row.document).map_err(|error| broken(&error))
}

fn document(description: &Description) -> Outcome<String> {
    serde_json::to_string(description).map_err(|error| broken(&error))
}

fn broken(error: &serde_json::Error) -> Failure {
    Failure::Broken(Broken { what: "store", passing: false, source: format!("a stored provider: {error}") })
}

/// What the log keeps of it: whom is trusted from now on, and how far.
fn said(description: &Description) -> Value {
    let Description { preset, issuer, client_id, create_users, enabled, .. } = description;
    json!({
        "preset": preset, "issuer": issuer, "client_id": client_id, "create_users": create_users, "enabled": enabled,
    })
}
