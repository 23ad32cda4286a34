//! Scopes: made, described and removed, on an operator's word.

use serde_json::json;

use crate::app::App;
use crate::audit::{Act, By};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::scope::{ScopeName, is_own};
use crate::store::StoreError;
use crate::store::scopes::ScopeRow;
use crate::time::UnixTime;

/// What is said of a scope.
pub struct Said {
    /// In words for people.
    pub description: String,
    /// Clients that register themselves may have it.
    pub registrable: bool,
}

pub async fn create(app: &App, name: ScopeName, said: Said, by: &By<'_>, now: UnixTime) -> Outcome<ScopeRow> {
    let Said { description, registrable } = said;
    let name = name.to_string();
    let row = ScopeRow { name, description, built_in: false, created_at: now, identity: false, registrable };
    check_registrable(&row)?;
    let audit = by.does(Act::ScopeCreated).on("scope", &row.name).with(json!({"registrable": registrable})).record(now);
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
    said: Said,
    by: &By<'_>,
    now: UnixTime,
) -> Outcome<Option<ScopeRow>> {
    let after = ScopeRow { description: said.description, registrable: said.registrable, ..before.clone() };
    check_registrable(&after)?;
    let detail = json!({"registrable": after.registrable});
    let audit = by.does(Act::ScopeUpdated).on("scope", &before.name).with(detail).record(now);
    let done = app.store.describe_scope(before, after.clone(), audit).await?;
    Ok(done.then_some(after))
}

/// Strangers get nothing of this server's own API, and the scopes about who somebody is they may have anyway.
fn check_registrable(scope: &ScopeRow) -> Result<(), Refused> {
    if !scope.registrable || !(scope.built_in || is_own(&scope.name)) {
        return Ok(());
    }
    let about =
        "a scope of this server's own is not for clients that register themselves, or is for all of them already";
    Err(Refused::new(ErrorCode::Conflict, Reason::BuiltIn, about))
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
