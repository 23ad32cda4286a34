//! The outbox: what an act has to tell others becomes a row of its own transaction, so that nothing is told of what did not
//! happen, and nothing that happened stays untold. `jobs` delivers it.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::app::App;
use crate::failure::{Broken, Failure, Outcome};
use crate::mail::Letter;
use crate::store;
use crate::store::outbox::{Claimed, Delivery, OutboxRow};
use crate::store::session_clients::SessionClientRow;
use crate::time::UnixTime;

/// A letter and its address, as they are sealed.
#[derive(Serialize, Deserialize)]
pub struct Posted {
    pub to: String,
    pub letter: Letter,
}

/// The row of a letter, for `enqueue!`. Whether anything can be sent to the address is seen when it is delivered: the act
/// must not tell by failing.
pub fn letter(app: &App, letter: Letter, to: &str, now: UnixTime) -> Outcome<OutboxRow> {
    let id = store::new_id(now);
    let sealed = seal(app, &id, &Posted { to: to.to_owned(), letter })?;
    Ok(OutboxRow::new(id, Delivery::Mail, sealed, now))
}

/// The letter of a row; `None` when this server did not seal it for this row, or another version did.
pub fn posted(app: &App, row: &Claimed) -> Option<Posted> {
    let plain = app.keyring.open_for(&purpose(&row.id), &row.sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

/// What a client is told, as it is sealed.
#[derive(Serialize, Deserialize)]
pub struct Farewell {
    pub client_id: String,
    pub user_id: String,
    pub session_id: String,
}

/// The row of a farewell, under the id of the row that it takes the place of.
pub fn farewell(app: &App, row: SessionClientRow, now: UnixTime) -> Outcome<OutboxRow> {
    let SessionClientRow { id, client_id, user_id, session_id, .. } = row;
    let sealed = seal(app, &id, &Farewell { client_id, user_id, session_id })?;
    Ok(OutboxRow::new(id, Delivery::Farewell, sealed, now))
}

/// The farewell of a row; `None` as for `posted`.
pub fn bidden(app: &App, row: &Claimed) -> Option<Farewell> {
    let plain = app.keyring.open_for(&purpose(&row.id), &row.sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

fn seal(app: &App, id: &str, content: &impl Serialize) -> Outcome<String> {
    let plain = serde_json::to_vec(content)
        .map(Zeroizing::new)
        .map_err(|error| Failure::Broken(Broken { what: "outbox", source: error.to_string(), passing: false }))?;
    Ok(app.keyring.seal_for(&purpose(id), &plain)?)
}

fn purpose(id: &str) -> String {
    format!("outbox {id}")
}
