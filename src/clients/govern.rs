//! Which clients administrators may make and change: none that may have a right over this server that they lack themselves.

use crate::app::App;
use crate::authority::Authority;
use crate::directory::FIRST_PARTY;
use crate::failure::{Broken, Failure, Outcome};
use crate::protocol::client_metadata::ClientMetadata;
use crate::store::clients::ClientRow;
use crate::time::UnixTime;

/// Whether a client may be registered so.
pub async fn check_new(app: &App, metadata: &ClientMetadata, authority: &Authority<'_>, now: UnixTime) -> Outcome<()> {
    authority.covers(app, None, named(metadata), now).await
}

/// Whether a client may be changed, disabled, given a secret or removed, by whoever could then act as it or in its place.
pub async fn check_old(app: &App, row: &ClientRow, authority: &Authority<'_>, now: UnixTime) -> Outcome<()> {
    let metadata = ClientMetadata::parse(row.document.as_bytes()).map_err(|fault| {
        Failure::Broken(Broken { what: "store", passing: false, source: format!("a stored client: {}", fault.about) })
    })?;
    check_changed(app, &row.id, &metadata, authority, now).await
}

/// Whether the client of this id may become so.
pub async fn check_changed(
    app: &App,
    id: &str,
    metadata: &ClientMetadata,
    authority: &Authority<'_>,
    now: UnixTime,
) -> Outcome<()> {
    let client = Some(("client", id));
    authority.covers(app, client, named(metadata), now).await?;
    // This server's own client has every scope, unless it names some.
    if id == FIRST_PARTY && metadata.scope.is_none() && authority.scope.is_some() {
        let scopes = app.store.scopes().await?;
        authority.covers(app, client, scopes.iter().map(|scope| scope.name.as_str()), now).await?;
    }
    Ok(())
}

fn named(metadata: &ClientMetadata) -> impl Iterator<Item = &str> {
    metadata.scope.iter().flatten().map(AsRef::as_ref)
}
