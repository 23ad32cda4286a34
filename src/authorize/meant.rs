//! Whom a client has in mind, if it says so — OpenID Connect Core §3.1.2.1 (`id_token_hint`), §5.5.1 (`sub` in `claims`).

use crate::app::App;
use crate::directory::Client;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::authorization::AuthorizationRequest;
use crate::protocol::error::ErrorCode;
use crate::tokens;

/// Those whom a request names, by what the client calls them; `None` when it may be anybody.
pub async fn subjects(app: &App, client: &Client, request: &AuthorizationRequest) -> Outcome<Option<Vec<String>>> {
    let named = request.claims.subjects.clone();
    let Some(hint) = &request.id_token_hint else { return Ok(named) };
    let hint = tokens::presented_id_token(app, &client.id, hint).await?.ok_or_else(no_hint)?;
    let is_named = named.is_none_or(|named| named.contains(&hint.sub));
    Ok(Some(is_named.then_some(hint.sub).into_iter().collect()))
}

fn no_hint() -> Refused {
    let about = "id_token_hint is not an ID token that this server made for the client";
    Refused::new(ErrorCode::InvalidRequest, Reason::WrongHint, about)
}
