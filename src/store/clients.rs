//! `clients` and `client_secrets`: what a client registered, and the hashes of what it proves itself with.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, read, tx};
use super::generations::{Kind, raise};
use super::schema::{client_secrets, clients, registrations};
use crate::secret::{ClientSecret, Hash};
use crate::time::UnixTime;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = clients)]
pub struct ClientRow {
    pub id: String,
    pub name: String,
    pub auth_method: String,
    /// What it registered, as RFC 7591 metadata.
    pub document: String,
    pub disabled_at: Option<UnixTime>,
    pub created_at: UnixTime,
    pub updated_at: UnixTime,
}

#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = client_secrets)]
pub struct SecretRow {
    pub id: String,
    pub client_id: String,
    pub hash: Hash<ClientSecret>,
    pub created_at: UnixTime,
    pub expires_at: Option<UnixTime>,
    /// The secret itself, sealed, for a client that signs with it.
    pub sealed: Option<String>,
}

/// A secret that its client signs with.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = client_secrets)]
pub struct SealedSecret {
    pub id: String,
    pub sealed: Option<String>,
    pub expires_at: Option<UnixTime>,
}

/// A secret as it may be shown: without its hash.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = client_secrets)]
pub struct SecretSummary {
    pub id: String,
    pub created_at: UnixTime,
    pub expires_at: Option<UnixTime>,
}

/// The client, if it is as somebody saw it.
macro_rules! unchanged {
    ($before:expr) => {
        clients::table
            .filter(clients::id.eq($before.id))
            .filter(clients::name.eq($before.name))
            .filter(clients::document.eq($before.document))
            .filter(clients::disabled_at.is_null().eq($before.disabled_at.is_none()))
    };
}

macro_rules! remove {
    ($c:ident, $client:expr, $audit:expr) => {{
        let rows = diesel::delete($client).execute($c).await?;
        raise!($c, Kind::Clients);
        raise!($c, Kind::Resources);
        if rows == 1 {
            record!($c, $audit);
        }
        Ok(rows == 1)
    }};
}

macro_rules! disable {
    ($c:ident, $client:expr, $disabled_at:expr, $audit:expr) => {{
        let rows = diesel::update($client).set(clients::disabled_at.eq($disabled_at)).execute($c).await?;
        raise!($c, Kind::Clients);
        if rows == 1 {
            record!($c, $audit);
        }
        Ok(rows == 1)
    }};
}

pub(super) use remove;

impl Store {
    pub async fn client(&self, id: &str) -> StoreResult<Option<ClientRow>> {
        read!(self, async |c| { Ok(clients::table.find(id).select(ClientRow::as_select()).first(c).await.optional()?) })
    }

    /// A client, and whether it is a stranger: it registered itself, and nobody had invited it.
    pub async fn client_and_standing(&self, id: &str) -> StoreResult<Option<(ClientRow, bool)>> {
        let found: Option<(ClientRow, Option<bool>)> = read!(self, async |c| {
            Ok(clients::table
                .left_join(registrations::table)
                .filter(clients::id.eq(id))
                .select((ClientRow::as_select(), registrations::invited.nullable()))
                .first(c)
                .await
                .optional()?)
        })?;
        Ok(found.map(|(row, invited)| (row, invited == Some(false))))
    }

    /// A page of clients in the order in which they were made, after the one named.
    pub async fn clients(&self, after: Option<&str>, limit: i64) -> StoreResult<Vec<ClientRow>> {
        let after = after.unwrap_or("");
        read!(self, async |c| {
            Ok(clients::table
                .filter(clients::id.gt(after))
                .select(ClientRow::as_select())
                .order(clients::id)
                .limit(limit)
                .load(c)
                .await?)
        })
    }

    /// A client and its first secret, or neither.
    pub async fn add_client(&self, client: ClientRow, secret: Option<SecretRow>, audit: Record) -> StoreResult<()> {
        tx!(self, async |c| {
            diesel::insert_into(clients::table).values(client).execute(c).await?;
            if let Some(secret) = secret {
                diesel::insert_into(client_secrets::table).values(secret).execute(c).await?;
            }
            raise!(c, Kind::Clients);
            record!(c, audit);
            Ok(())
        })
    }

    /// Replaces what a client registered; `false` when the client is not as it was `before`.
    pub async fn update_client(&self, before: ClientRow, client: ClientRow, audit: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            let rows = diesel::update(unchanged!(before))
                .set((
                    clients::name.eq(client.name),
                    clients::document.eq(client.document),
                    clients::updated_at.eq(client.updated_at),
                ))
                .execute(c)
                .await?;
            raise!(c, Kind::Clients);
            if rows == 1 {
                record!(c, audit);
            }
            Ok(rows == 1)
        })
    }

    /// Disables a client, or enables it again; `false` when there is no such client.
    pub async fn set_client_disabled(
        &self,
        id: String,
        disabled_at: Option<UnixTime>,
        audit: Record,
    ) -> StoreResult<bool> {
        tx!(self, async |c| { disable!(c, clients::table.filter(clients::id.eq(id)), disabled_at, audit) })
    }

    /// The same; `false` also when the client is not as it was `before`.
    pub async fn set_unchanged_client_disabled(
        &self,
        before: ClientRow,
        disabled_at: Option<UnixTime>,
        audit: Record,
    ) -> StoreResult<bool> {
        tx!(self, async |c| { disable!(c, unchanged!(before), disabled_at, audit) })
    }

    /// Whether there was such a client. Its secrets go with it.
    pub async fn delete_client(&self, id: String, audit: Record) -> StoreResult<bool> {
        tx!(self, async |c| { remove!(c, clients::table.filter(clients::id.eq(id)), audit) })
    }

    /// The same; `false` also when the client is not as it was `before`.
    pub async fn delete_unchanged_client(&self, before: ClientRow, audit: Record) -> StoreResult<bool> {
        tx!(self, async |c| { remove!(c, unchanged!(before), audit) })
    }

    pub async fn client_secrets(&self, client_id: &str) -> StoreResult<Vec<SecretSummary>> {
        read!(self, async |c| {
            Ok(client_secrets::table
                .filter(client_secrets::client_id.eq(client_id))
                .select(SecretSummary::as_select())
                .order(client_secrets::id)
                .load(c)
                .await?)
        })
    }

    /// What a client signs with, the newest first. Read at every use: a secret that was deleted is good for nothing.
    pub async fn sealed_client_secrets(&self, client_id: &str) -> StoreResult<Vec<SealedSecret>> {
        read!(self, async |c| {
            Ok(client_secrets::table
                .filter(client_secrets::client_id.eq(client_id))
                .select(SealedSecret::as_select())
                .order(client_secrets::id.desc())
                .load(c)
                .await?)
        })
    }

    /// Adds a secret; the others go on until `others_expire_at`, when that is sooner than they would end anyway.
    pub async fn add_client_secret(
        &self,
        secret: SecretRow,
        others_expire_at: Option<UnixTime>,
        audit: Record,
    ) -> StoreResult<()> {
        tx!(self, async |c| {
            if let Some(end) = others_expire_at {
                diesel::update(
                    client_secrets::table
                        .filter(client_secrets::client_id.eq(secret.client_id.clone()))
                        .filter(client_secrets::expires_at.is_null().or(client_secrets::expires_at.gt(end))),
                )
                .set(client_secrets::expires_at.eq(Some(end)))
                .execute(c)
                .await?;
            }
            diesel::insert_into(client_secrets::table).values(secret).execute(c).await?;
            record!(c, audit);
            Ok(())
        })
    }

    /// Ends a secret at once; `false` when the client has no such secret.
    pub async fn delete_client_secret(&self, client_id: String, secret_id: String, audit: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            let rows = diesel::delete(
                client_secrets::table
                    .filter(client_secrets::id.eq(secret_id))
                    .filter(client_secrets::client_id.eq(client_id)),
            )
            .execute(c)
            .await?;
            if rows == 1 {
                record!(c, audit);
            }
            Ok(rows == 1)
        })
    }
}
