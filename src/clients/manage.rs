//! What operators do to a client once it is registered, and how a client is shown to them.

use serde::Serialize;
use serde_json::{Value, json};

use super::{NewSecret, Registered};
use crate::app::App;
use crate::audit::{Act, By, Entry};
use crate::directory::FIRST_PARTY;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::client_metadata::ClientMetadata;
use crate::protocol::error::ErrorCode;
use crate::store::clients::ClientRow;
use crate::store::removal::Going;
use crate::time::UnixTime;

/// Disables a client, or enables it again; `false` when there is no such client, as it was `before` if that is said.
pub async fn set_disabled(
    app: &App,
    id: &str,
    disabled: bool,
    before: Option<ClientRow>,
    by: &By<'_>,
    now: UnixTime,
) -> Outcome<bool> {
    let act = if disabled { Act::ClientDisabled } else { Act::ClientEnabled };
    let (disabled_at, audit) = (disabled.then_some(now), about(by, act, id).record(now));
    Ok(match before {
        Some(before) => app.store.set_unchanged_client_disabled(before, disabled_at, audit).await?,
        None => app.store.set_client_disabled(id.to_owned(), disabled_at, audit).await?,
    })
}

/// Whether there was such a client, as it was `before` if that is said. Its secrets go with it, and what people granted it. This
/// server's own one stays: nothing could bring it back.
pub async fn delete(app: &App, id: &str, mut before: Option<ClientRow>, by: &By<'_>, now: UnixTime) -> Outcome<bool> {
    if id == FIRST_PARTY {
        let about = "this server's own client cannot be removed; it can be disabled";
        return Err(Refused::new(ErrorCode::Conflict, Reason::BuiltIn, about).into());
    }
    if app.store.holds_many(Going::Client(id)).await? {
        // Nobody signs in at it any more. Where this is cut off, a disabled client is left, to be deleted again.
        set_disabled(app, id, true, None, by, now).await?;
        before = before.map(|before| ClientRow { disabled_at: Some(now), ..before });
        app.store.thin_out(Going::Client(id)).await?;
    }
    let audit = about(by, Act::ClientDeleted, id).record(now);
    Ok(match before {
        Some(before) => app.store.delete_unchanged_client(before, audit).await?,
        None => app.store.delete_client(id.to_owned(), audit).await?,
    })
}

/// Ends a secret at once; `false` when the client has no such secret.
pub async fn delete_secret(app: &App, id: &str, secret_id: &str, by: &By<'_>, now: UnixTime) -> Outcome<bool> {
    let audit = about(by, Act::ClientSecretDeleted, id).with(json!({"secret_id": secret_id})).record(now);
    Ok(app.store.delete_client_secret(id.to_owned(), secret_id.to_owned(), audit).await?)
}

fn about<'a>(by: &By<'a>, act: Act, id: &str) -> Entry<'a> {
    by.does(act).on("client", id).at_client(id)
}

/// A client as operators see it: what it registered, and what became of it.
pub fn shown(row: &ClientRow) -> Value {
    // Read as it is understood, so that what it does not say is shown as what that means.
    let metadata = ClientMetadata::parse(row.document.as_bytes()).ok();
    let mut document = serde_json::to_value(metadata).unwrap_or_default();
    if let Some(members) = document.as_object_mut() {
        members.insert("client_id".to_owned(), row.id.clone().into());
        members.insert("client_name".to_owned(), row.name.clone().into());
        members.insert("created_at".to_owned(), row.created_at.seconds().into());
        members.insert("updated_at".to_owned(), row.updated_at.seconds().into());
        members.insert("disabled_at".to_owned(), row.disabled_at.map(UnixTime::seconds).into());
    }
    document
}

/// A client that was just made, with its secret in the clear (RFC 7591 §3.2.1).
#[derive(Serialize)]
pub struct Document<'a> {
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    /// 0 is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<i64>,
    #[serde(flatten)]
    metadata: &'a ClientMetadata,
}

impl Registered {
    pub fn document(&self) -> Document<'_> {
        let secret = self.secret.as_ref();
        Document {
            client_id: &self.id,
            client_secret: secret.map(|secret| secret.secret.reveal()),
            client_secret_expires_at: secret.map(NewSecret::ends),
            metadata: &self.metadata,
        }
    }
}

/// A secret that was just made, in the clear.
#[derive(Serialize)]
pub struct SecretDocument<'a> {
    client_id: &'a str,
    secret_id: &'a str,
    client_secret: &'a str,
    /// 0 is never.
    client_secret_expires_at: i64,
}

impl NewSecret {
    pub fn document<'a>(&'a self, client_id: &'a str) -> SecretDocument<'a> {
        let (secret_id, client_secret) = (self.id.as_str(), self.secret.reveal());
        SecretDocument { client_id, secret_id, client_secret, client_secret_expires_at: self.ends() }
    }

    fn ends(&self) -> i64 {
        self.expires_at.map_or(0, UnixTime::seconds)
    }
}
