//! Which clients name a resource as an audience.

use crate::app::App;
use crate::failure::Outcome;
use crate::protocol::client_metadata::ClientMetadata;
use crate::protocol::resource::ResourceUri;

const PAGE: i64 = 200;

/// A client that may ask tokens for the resource, if there is one. Looks through all clients: it is asked rarely.
pub async fn client_for(app: &App, uri: &ResourceUri) -> Outcome<Option<String>> {
    let mut after: Option<String> = None;
    loop {
        let page = app.store.clients(after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        after = Some(last.id.clone());
        let names = |document: &str| {
            ClientMetadata::parse(document.as_bytes()).is_ok_and(|metadata| metadata.audience.contains(uri))
        };
        if let Some(client) = page.into_iter().find(|client| names(&client.document)) {
            return Ok(Some(client.id));
        }
    }
}
