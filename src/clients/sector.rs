//! The sector of a client that registers itself (OpenID Connect Core §8.1, OpenID Connect Dynamic Client Registration 1.0 §5): a
//! claim to know users by the names by which others know them, which those others have to confirm.

use super::allowed::refused;
use crate::app::App;
use crate::failure::{Outcome, Reason};
use crate::protocol::client_metadata::ClientMetadata;
use crate::time::UnixTime;

/// Of what anybody's address answers no more is told than that.
const NO_LIST: &str = "no list of URIs can be read there";

/// What stands behind `sector_identifier_uri` must be a list with every redirect URI in it, each as it was registered.
pub(super) async fn check(app: &App, metadata: &ClientMetadata, now: UnixTime) -> Outcome<()> {
    let Some(uri) = &metadata.sector_identifier_uri else { return Ok(()) };
    let wrong = |about: &str| refused(Reason::UnconfirmedSector, format!("sector_identifier_uri: {about}"));
    let found = app.hosts.json(uri, now).await.map_err(|error| {
        tracing::info!(%error, "the sector of a client that registers itself cannot be read");
        wrong(NO_LIST)
    })?;
    let listed: Vec<String> = serde_json::from_value(found.json).map_err(|_| wrong(NO_LIST))?;
    if metadata.redirect_uris.iter().all(|redirect| listed.iter().any(|each| each == redirect.as_str())) {
        Ok(())
    } else {
        Err(wrong("the list that is read there lacks one of the redirect_uris").into())
    }
}
