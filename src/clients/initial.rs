//! Initial access tokens (RFC 7591 §3): what lets somebody register clients where that is not open to everybody.

use serde_json::json;

use crate::app::App;
use crate::audit::{Act, By};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::scope::{ScopeSet, is_own};
use crate::secret::{InitialToken, Plain};
use crate::store::new_id;
use crate::store::registrations::InitialTokenRow;
use crate::time::UnixTime;

/// A token that was just made: the only time that its text is known.
pub struct NewToken {
    pub token: Plain<InitialToken>,
    pub row: InitialTokenRow,
}

/// What a token is good for.
pub struct Terms {
    /// What its clients may have beyond what all may have.
    pub scope: ScopeSet,
    /// How many there may be.
    pub uses: i64,
    pub expires_at: UnixTime,
    /// Whether those with a secret get codes without PKCE.
    pub without_pkce: bool,
}

pub async fn create(app: &App, terms: Terms, by: &By<'_>, now: UnixTime) -> Outcome<NewToken> {
    let Terms { scope, uses, expires_at, without_pkce } = terms;
    let known = app.store.scopes().await?;
    for name in &scope {
        let row = known.iter().find(|row| row.name == name.as_str());
        if row.is_none() {
            let about = format!("there is no scope {name}: `countersign scope create` makes one");
            return Err(Refused::new(ErrorCode::InvalidScope, Reason::UnknownScope, about).into());
        }
        if is_own(name.as_str()) || row.is_some_and(|row| row.built_in && !row.identity) {
            let about = format!("{name} is of this server's own API: no client that registers itself may have it");
            return Err(Refused::new(ErrorCode::InvalidScope, Reason::BuiltIn, about).into());
        }
    }
    let token = Plain::<InitialToken>::generate();
    let row = InitialTokenRow {
        hash: token.hash(app.keyring.secret_hash_key()),
        id: new_id(now),
        scope: scope.to_string(),
        uses_left: uses,
        created_at: now,
        expires_at,
        without_pkce,
    };
    let mut detail = json!({"scope": scope, "uses": uses, "expires_at": expires_at});
    if without_pkce {
        detail["without_pkce"] = true.into();
    }
    let audit = by.does(Act::RegistrationTokenCreated).on("registration_token", &row.id).with(detail).record(now);
    app.store.add_initial_token(row.clone(), audit).await?;
    Ok(NewToken { token, row })
}

/// Ends a token at once; `false` when there is none of this id.
pub async fn delete(app: &App, id: &str, by: &By<'_>, now: UnixTime) -> Outcome<bool> {
    let audit = by.does(Act::RegistrationTokenDeleted).on("registration_token", id).record(now);
    Ok(app.store.delete_initial_token(id.to_owned(), audit).await?)
}

/// What this token allows, or, without one, what is allowed to everybody: `None`.
pub(super) async fn permit(
    app: &App,
    presented: Option<&Plain<InitialToken>>,
    now: UnixTime,
) -> Outcome<Option<InitialTokenRow>> {
    match presented {
        None if app.config.registration.open => Ok(None),
        None => {
            let about = "to register a client takes an initial access token here: Authorization: Bearer ...";
            Err(Refused::new(ErrorCode::InvalidToken, Reason::NoToken, about).into())
        }
        Some(token) => {
            let hash = token.hash(app.keyring.secret_hash_key());
            Ok(Some(app.store.initial_token(&hash, now).await?.ok_or_else(spent)?))
        }
    }
}

pub(super) fn spent() -> Refused {
    let about = "the initial access token is not good here, or not good any more";
    Refused::new(ErrorCode::InvalidToken, Reason::SpentRegistrationToken, about)
}
