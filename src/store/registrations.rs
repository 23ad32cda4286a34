//! `initial_tokens` and `registrations`: what lets clients register themselves, and which ones did.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, read, tx, write};
use super::clients::{ClientRow, SecretRow, remove};
use super::generations::{Kind, raise};
use super::schema::{client_secrets, clients, codes, consents, grants, initial_tokens, registrations};
use super::sweep::BATCH;
use crate::secret::{Hash, InitialToken, RegistrationToken};
use crate::time::UnixTime;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = initial_tokens)]
pub struct InitialTokenRow {
    pub hash: Hash<InitialToken>,
    pub id: String,
    /// Space-separated, or empty.
    pub scope: String,
    pub uses_left: i64,
    pub created_at: UnixTime,
    pub expires_at: UnixTime,
    /// Whether its clients with a secret get codes without PKCE.
    pub without_pkce: bool,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = registrations)]
pub struct RegistrationRow {
    pub client_id: String,
    pub hash: Hash<RegistrationToken>,
    /// Space-separated, or empty.
    pub scope: String,
    pub created_at: UnixTime,
    /// Whether it had an initial access token.
    pub invited: bool,
}

/// A client that registers itself.
#[derive(Clone, Debug)]
pub struct SelfRegistered {
    pub client: ClientRow,
    pub secret: Option<SecretRow>,
    pub registration: RegistrationRow,
    /// The token that it takes.
    pub spends: Option<Hash<InitialToken>>,
}

/// Registrations of clients at which nobody ever signed in: that leaves a code, a grant, or a consent.
macro_rules! unused {
    () => {
        registrations::table
            .filter(not(exists(consents::table.filter(consents::client_id.eq(registrations::client_id)))))
            .filter(not(exists(grants::table.filter(grants::client_id.eq(registrations::client_id)))))
            .filter(not(exists(codes::table.filter(codes::client_id.eq(registrations::client_id)))))
    };
}

impl Store {
    pub async fn add_initial_token(&self, token: InitialTokenRow, audit: Record) -> StoreResult<()> {
        tx!(self, async |c| {
            diesel::insert_into(initial_tokens::table).values(token).execute(c).await?;
            record!(c, audit);
            Ok(())
        })
    }

    /// A token that is still good; using it is part of what it is used for.
    pub async fn initial_token(
        &self,
        hash: &Hash<InitialToken>,
        now: UnixTime,
    ) -> StoreResult<Option<InitialTokenRow>> {
        read!(self, async |c| {
            Ok(initial_tokens::table
                .find(hash)
                .filter(initial_tokens::uses_left.gt(0))
                .filter(initial_tokens::expires_at.gt(now))
                .select(InitialTokenRow::as_select())
                .first(c)
                .await
                .optional()?)
        })
    }

    /// The tokens that are still good, in the order in which they were made.
    pub async fn initial_tokens(&self, now: UnixTime) -> StoreResult<Vec<InitialTokenRow>> {
        read!(self, async |c| {
            Ok(initial_tokens::table
                .filter(initial_tokens::uses_left.gt(0))
                .filter(initial_tokens::expires_at.gt(now))
                .select(InitialTokenRow::as_select())
                .order(initial_tokens::id)
                .load(c)
                .await?)
        })
    }

    /// Whether there was such a token.
    pub async fn delete_initial_token(&self, id: String, audit: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            let rows = diesel::delete(initial_tokens::table.filter(initial_tokens::id.eq(id))).execute(c).await?;
            if rows == 1 {
                record!(c, audit);
            }
            Ok(rows == 1)
        })
    }

    /// Writes a client down that registered itself; `false` when the token that it takes is not good any more.
    pub async fn register_client(&self, new: SelfRegistered, now: UnixTime, audit: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            if let Some(hash) = new.spends {
                let good = initial_tokens::table
                    .filter(initial_tokens::hash.eq(hash))
                    .filter(initial_tokens::uses_left.gt(0))
                    .filter(initial_tokens::expires_at.gt(now));
                let spent = diesel::update(good).set(initial_tokens::uses_left.eq(initial_tokens::uses_left - 1));
                if spent.execute(c).await? == 0 {
                    return Ok(false);
                }
            }
            diesel::insert_into(clients::table).values(new.client).execute(c).await?;
            if let Some(secret) = new.secret {
                diesel::insert_into(client_secrets::table).values(secret).execute(c).await?;
            }
            diesel::insert_into(registrations::table).values(new.registration).execute(c).await?;
            raise!(c, Kind::Clients);
            record!(c, audit);
            Ok(true)
        })
    }

    pub async fn registration(&self, client_id: &str) -> StoreResult<Option<RegistrationRow>> {
        read!(self, async |c| {
            Ok(registrations::table.find(client_id).select(RegistrationRow::as_select()).first(c).await.optional()?)
        })
    }

    /// Clients that registered themselves before `before`, and at which nobody ever signed in.
    pub async fn unused_clients(&self, before: UnixTime, most: i64) -> StoreResult<Vec<String>> {
        read!(self, async |c| {
            Ok(unused!()
                .filter(registrations::created_at.lt(before))
                .select(registrations::client_id)
                .order(registrations::created_at)
                .limit(most)
                .load(c)
                .await?)
        })
    }

    /// Removes such a client; `false` when somebody signed in at it meanwhile.
    pub async fn delete_unused_client(&self, id: String, audit: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            let unused = unused!().filter(registrations::client_id.eq(id.clone()));
            if diesel::delete(unused).execute(c).await? == 0 {
                return Ok(false);
            }
            remove!(c, clients::table.filter(clients::id.eq(id)), audit)
        })
    }

    /// One batch of initial access tokens that were good until `before`.
    pub async fn sweep_initial_tokens(&self, before: UnixTime) -> StoreResult<usize> {
        let old = diesel::alias!(initial_tokens as old);
        write!(self, async |c| {
            let batch = old
                .select(old.field(initial_tokens::hash))
                .filter(old.field(initial_tokens::expires_at).lt(before))
                .limit(BATCH);
            Ok(diesel::delete(initial_tokens::table.filter(initial_tokens::hash.eq_any(batch))).execute(c).await?)
        })
    }
}
