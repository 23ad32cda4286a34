//! Scopes: made, described and removed, on an operator's word.

use crate::app::App;
use crate::audit::{Act, By};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::scope::ScopeName;
use crate::store::StoreError;
use crate::store::scopes::ScopeRow;
use crate::time::UnixTime;

pub async fn create(app: &App, name: ScopeName, description: String, by: &By<'_>, now: UnixTime) -> Outcome<ScopeRow> {
    let row = ScopeRow { name: name.to_string(), description, built_in: false, created_at: now, identity: false };
    let audit = by.does(Act::ScopeCreated).on("scope", &row.name).record(now);
    match app.store.add_scope(row.clone(), audit).await {
        Ok(()) => Ok(row),
        Err(StoreError::Conflict(_)) => {
            Err(Refused::new(ErrorCode::Conflict, Reason::TakenName, "there is a scope of this name already").into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Says something else of a scope; `None` when somebody else has changed it since it was `before`.
pub async fn describe(
    app: &App,
    before: ScopeRow,
    description: String,
    by: &By<'_>,
    now: UnixTime,
) -> Outcome<Option<ScopeRow>> {
    let after = ScopeRow { description, ..before.clone() };
    let audit = by.does(Act::ScopeUpdated).on("scope", &before.name).record(now);
    let done = app.store.describe_scope(before, after.description.clone(), audit).await?;
    Ok(done.then_some(after))
}

/// Whether there was such a scope. The built-in ones stay.
pub async fn delete(app: &App, name: &str, by: &By<'_>, now: UnixTime) -> Outcome<bool> {
    let Some(scope) = app.store.scope(name).await? else { return Ok(false) };
    if scope.built_in {
        return Err(Refused::new(ErrorCode::Conflict, Reason::BuiltIn, "a built-in scope cannot be removed").into());
    }
    let audit = by.does(Act::ScopeDeleted).on("scope", name).record(now);
    Ok(app.store.delete_scope(name.to_owned(), audit).await?)
}
