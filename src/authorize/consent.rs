//! What users let clients have: asked once, and again only for what is new. Nothing is granted that was not shown.

use serde_json::json;

use crate::app::App;
use crate::audit::{Act, By};
use crate::directory::Client;
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::scope::ScopeSet;
use crate::store::consents::ConsentRow;
use crate::time::UnixTime;

/// A scope in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub name: String,
    pub about: String,
}

/// What the scopes are for; one that nobody described is shown by its name.
pub async fn shown(app: &App, asked: &ScopeSet) -> Outcome<Vec<Shown>> {
    let known = app.store.scopes().await?;
    let about = |name: &str| {
        let row = known.iter().find(|row| row.name == name);
        row.map(|row| row.description.trim()).filter(|about| !about.is_empty()).unwrap_or(name).to_owned()
    };
    Ok(asked.iter().map(|name| Shown { name: name.to_string(), about: about(name.as_str()) }).collect())
}

/// Whether the user allowed all of it before. This server's own client asks nobody.
pub async fn is_given(app: &App, client: &Client, user_id: &str, scope: &ScopeSet) -> Outcome<bool> {
    if client.is_first_party() {
        return Ok(true);
    }
    let consent = app.store.consent(user_id, &client.id).await?;
    // Also who is asked for nothing is asked once: the client learns who signed in.
    Ok(consent.is_some_and(|consent| scope.is_subset_of(&given(&consent))))
}

/// Adds to what the user allowed before.
pub async fn remember(
    app: &App,
    client: &Client,
    user_id: &str,
    allowed: &ScopeSet,
    by: &By<'_>,
    now: UnixTime,
) -> Outcome<()> {
    let before = app.store.consent(user_id, &client.id).await?.as_ref().map(given).unwrap_or_default();
    let scope: ScopeSet = before.into_iter().chain(allowed.iter().cloned()).collect();
    let row = ConsentRow {
        user_id: user_id.to_owned(),
        client_id: client.id.clone(),
        scope: scope.to_string(),
        created_at: now,
        updated_at: now,
    };
    let entry = by.does(Act::ConsentGiven).on("client", &client.id).at_client(&client.id);
    Ok(app.store.set_consent(row, entry.with(json!({"scope": allowed})).record(now)).await?)
}

/// Records that the user refused, and says what the client is told.
pub async fn refused_by_user(app: &App, client: &Client, by: &By<'_>, now: UnixTime) -> Outcome<Failure> {
    let entry = by.does(Act::ConsentRefused).on("client", &client.id).at_client(&client.id);
    app.store.record(entry.record(now)).await?;
    Ok(Refused::new(ErrorCode::AccessDenied, Reason::UserRefused, "the user refused").into())
}

fn given(consent: &ConsentRow) -> ScopeSet {
    ScopeSet::parse(&consent.scope).unwrap_or_default()
}
