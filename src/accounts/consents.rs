//! What users let clients have, as they see it, and how they take it back.

use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::time::UnixTime;

#[derive(Clone, Debug, Serialize)]
pub struct Consent {
    pub client_id: String,
    pub client_name: Option<String>,
    pub scope: String,
    pub created_at: UnixTime,
    pub updated_at: UnixTime,
}

/// A page of it, by the clients' ids, after the one named.
pub async fn list(app: &App, user_id: &str, after: Option<&str>, limit: i64) -> Outcome<Vec<Consent>> {
    let mut consents = Vec::new();
    for row in app.store.consents_of(user_id, after, limit).await? {
        let client_name = app.directory.client(&row.client_id).await?.map(|client| client.name.clone());
        let (client_id, scope, created_at, updated_at) = (row.client_id, row.scope, row.created_at, row.updated_at);
        consents.push(Consent { client_id, client_name, scope, created_at, updated_at });
    }
    Ok(consents)
}

/// The client may have nothing any more, and what it has ends; `not_found` when it may not anyway.
pub async fn withdraw(app: &App, user_id: &str, client_id: &str, origin: &Origin, now: UnixTime) -> Outcome<()> {
    let entry = Entry::new(Act::ConsentWithdrawn, Actor::User(user_id)).on("client", client_id).at_client(client_id);
    let record = entry.with(json!({ "user_id": user_id })).from(origin).record(now);
    if app.store.withdraw_consent(user_id.to_owned(), client_id.to_owned(), record, now).await? {
        return Ok(());
    }
    let about = "this client was not allowed anything";
    Err(Refused::new(ErrorCode::NotFound, Reason::NotThere, about).into())
}
