//! What ends something is read here, at every use, and never cached: is this client enabled, are these secrets live, is
//! this token revoked, does its key still count.

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Store, read};
use super::schema::{client_secrets, clients, revoked_tokens, signing_keys};
use crate::secret::{ClientSecret, Hash};
use crate::time::UnixTime;

/// What a client can be proven by right now.
#[derive(Debug)]
pub struct ClientVitals {
    pub disabled: bool,
    pub secrets: Vec<(Hash<ClientSecret>, Option<UnixTime>)>,
}

/// What an access token depends on.
#[derive(Clone, Debug)]
pub struct TokenLifeline {
    pub jti: String,
    pub client_id: String,
    pub kid: String,
}

type SecretRow = (Option<UnixTime>, Option<Hash<ClientSecret>>, Option<UnixTime>);

impl Store {
    /// `None` when there is no such client.
    pub async fn client_vitals(&self, client_id: &str) -> StoreResult<Option<ClientVitals>> {
        let rows: Vec<SecretRow> = read!(self, async |c| {
            Ok(clients::table
                .left_join(client_secrets::table)
                .filter(clients::id.eq(client_id))
                .select((clients::disabled_at, client_secrets::hash.nullable(), client_secrets::expires_at.nullable()))
                .load(c)
                .await?)
        })?;
        let Some((disabled_at, ..)) = rows.as_slice().first() else { return Ok(None) };
        let disabled = disabled_at.is_some();
        let secrets = rows.into_iter().filter_map(|(_, hash, expires)| Some((hash?, expires))).collect();
        Ok(Some(ClientVitals { disabled, secrets }))
    }

    /// Whether nothing that the token depends on has ended: it is not revoked, its client is enabled, and the key that
    /// signed it was not withdrawn.
    pub async fn token_lives(&self, token: TokenLifeline) -> StoreResult<bool> {
        let marks: Vec<String> = read!(self, async |c| {
            let mark = diesel::dsl::sql::<Text>;
            let revoked = revoked_tokens::table.filter(revoked_tokens::jti.eq(&token.jti)).select(mark("'revoked'"));
            let client = clients::table
                .filter(clients::id.eq(&token.client_id))
                .filter(clients::disabled_at.is_null())
                .select(mark("'client'"));
            let key = signing_keys::table
                .filter(signing_keys::kid.eq(&token.kid))
                .filter(signing_keys::phase.ne("withdrawn"))
                .select(mark("'key'"));
            Ok(revoked.union_all(client).union_all(key).load(c).await?)
        })?;
        let has = |mark: &str| marks.iter().any(|found| found == mark);
        Ok(has("client") && has("key") && !has("revoked"))
    }
}
