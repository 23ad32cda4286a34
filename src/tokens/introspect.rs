//! Introspection — RFC 7662. A caller sees its own tokens, and those for a resource that it introspects; of any other it
//! learns as much as of one that never existed.

use super::inspect::Inspected;
use crate::app::App;
use crate::directory::{Client, Resource};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::access_token::AccessToken;
use crate::protocol::error::ErrorCode;
use crate::protocol::introspection::Introspection;

/// What `caller` is told of a token that was inspected.
pub async fn introspect(app: &App, caller: &Client, token: Option<Inspected>) -> Outcome<Introspection> {
    // §2.1: the endpoint must not be open to token scanning; a public client's name is no protection.
    if !caller.is_confidential() {
        let about = "only a client with a secret may introspect";
        return Err(Refused::new(ErrorCode::UnauthorizedClient, Reason::NotConfidential, about).into());
    }
    let Some(token) = token else { return Ok(Introspection::Inactive) };
    let claims = token.claims();
    if may_see(caller, claims, &app.directory.resources().await?) {
        Ok(Introspection::Active(Box::new(claims.clone())))
    } else {
        Ok(Introspection::Inactive)
    }
}

fn may_see(caller: &Client, claims: &AccessToken, resources: &[Resource]) -> bool {
    claims.client_id == caller.id
        || resources
            .iter()
            .any(|resource| claims.aud.contains(resource.uri.as_ref()) && resource.is_introspected_by(&caller.id))
}
