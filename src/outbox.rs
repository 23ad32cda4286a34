//! The outbox: what an act has to tell others becomes a row of its own transaction, so that nothing is told of what did not
//! happen, and nothing that happened stays untold. `jobs` delivers it.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::app::App;
use crate::failure::{Broken, Failure, Outcome};
use crate::mail::Letter;
use crate::store;
use crate::store::outbox::{Claimed, Delivery, OutboxRow};
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
    let plain = serde_json::to_vec(&Posted { to: to.to_owned(), letter })
        .map(Zeroizing::new)
        .map_err(|error| Failure::Broken(Broken { what: "outbox", source: error.to_string(), passing: false }))?;
    let sealed = app.keyring.seal_for(&purpose(&id), &plain)?;
    Ok(OutboxRow::new(id, Delivery::Mail, sealed, now))
}

/// The letter of a row; `None` when this server did not seal it for this row, or another version did.
pub fn posted(app: &App, row: &Claimed) -> Option<Posted> {
    let plain = app.keyring.open_for(&purpose(&row.id), &row.sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

fn purpose(id: &str) -> String {
    format!("outbox {id}")
}
