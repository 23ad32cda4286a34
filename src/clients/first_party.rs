//! This server's own client, as which people sign in at its API. An operator may disable it, as any other.

use std::sync::Arc;

use crate::app::App;
use crate::directory::{Client, FIRST_PARTY};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;

pub async fn first_party(app: &App) -> Outcome<Arc<Client>> {
    let vitals = app.store.client_vitals(FIRST_PARTY).await?.filter(|vitals| !vitals.disabled);
    match (vitals, app.directory.client(FIRST_PARTY).await?) {
        (Some(_), Some(client)) => Ok(client),
        _ => {
            let about = "nobody signs in here: the client of this server's own API is disabled";
            Err(Refused::new(ErrorCode::Forbidden, Reason::ClientDisabled, about).into())
        }
    }
}
