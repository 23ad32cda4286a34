//! Which clients administrators may make and change: none that may have a right over this server that they lack themselves.

use crate::app::App;
use crate::authority::Authority;
use crate::directory::FIRST_PARTY;
use crate::failure::{Broken, Failure, Outcome};
use crate::protocol::client_metadata::ClientMetadata;
use crate::store::clients::ClientRow;

/// Whether a client may be registered so.
pub fn check_new(metadata: &ClientMetadata, authority: &Authority<'_>) -> Outcome<()> {
    authority.covers(metadata.scope.iter().flatten().map(AsRef::as_ref))
}

/// Whether a client may be changed, disabled, given a secret or removed, by whoever could then act as it or in its place.
pub async fn check_old(app: &App, row: &ClientRow, authority: &Authority<'_>) -> Outcome<()> {
    let metadata = ClientMetadata::parse(row.document.as_bytes()).map_err(|fault| {
        Failure::Broken(Broken { what: "store", passing: false, source: format!("a stored client: {}", fault.about) })
    })?;
    check_changed(app, &row.id, &metadata, authority).await
}

/// Whether the client of this id may become so.
pub async fn check_changed(app: &App, id: &str, metadata: &ClientMetadata, authority: &Authority<'_>) -> Outcome<()> {
    check_new(metadata, authority)?;
    // This server's own client has every scope, unless it names some.
    if id == FIRST_PARTY && metadata.scope.is_none() && authority.scope.is_some() {
        let scopes = app.store.scopes().await?;
        authority.covers(scopes.iter().map(|scope| scope.name.as_str()))?;
    }
    Ok(())
}
