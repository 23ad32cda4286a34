//! What ends something is read here, at every use, and never cached: is this client enabled, which of its secrets live, is
//! this token revoked, does its key still count. Where a query is a round trip, requests of one moment share it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Store, read};
use super::gather::{Answers, Gather};
use super::kept::kept;
use super::schema::{client_secrets, clients, revoked_tokens, signing_keys};
use crate::secret::{ClientSecret, Hash};
use crate::time::UnixTime;

/// What a client can be proven by right now.
#[derive(Clone, Debug, Default)]
pub struct ClientVitals {
    pub disabled: bool,
    pub secrets: Vec<(Hash<ClientSecret>, Option<UnixTime>)>,
}

/// What an access token depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenLifeline {
    pub jti: String,
    pub client_id: String,
    pub kid: String,
}

/// The questions that wait for a shared query.
#[derive(Default)]
pub struct Asked {
    clients: Arc<Gather<String, Option<ClientVitals>>>,
    tokens: Arc<Gather<TokenLifeline, bool>>,
}

type SecretRow = (Option<UnixTime>, Option<Hash<ClientSecret>>, Option<UnixTime>);
type OwnedSecretRow = (String, Option<UnixTime>, Option<Hash<ClientSecret>>, Option<UnixTime>);

impl Store {
    /// `None` when there is no such client.
    pub async fn client_vitals(&self, client_id: &str) -> StoreResult<Option<ClientVitals>> {
        match &self.asked {
            Some(asked) => asked.clients.ask(client_id.to_owned(), self).await,
            None => self.vitals_of_client(client_id).await,
        }
    }

    /// Whether nothing that the token depends on has ended: it is not revoked, its client is enabled, and the key that
    /// signed it was not withdrawn.
    pub async fn token_lives(&self, token: TokenLifeline) -> StoreResult<bool> {
        match &self.asked {
            Some(asked) => asked.tokens.ask(token, self).await,
            None => self.lives(&token).await,
        }
    }

    async fn vitals_of_client(&self, client_id: &str) -> StoreResult<Option<ClientVitals>> {
        let rows: Vec<SecretRow> = read!(self, async |c| {
            Ok(clients::table
                .left_join(client_secrets::table)
                .filter(clients::id.eq(client_id))
                .select((clients::disabled_at, client_secrets::hash.nullable(), client_secrets::expires_at.nullable()))
                .load(c)
                .await?)
        })?;
        let mut found = None;
        for (disabled_at, hash, expires_at) in rows {
            let vitals: &mut ClientVitals = found.get_or_insert_default();
            vitals.add(disabled_at, hash, expires_at);
        }
        Ok(found)
    }

    async fn lives(&self, token: &TokenLifeline) -> StoreResult<bool> {
        let marks: Vec<String> = read!(self, async |c| {
            let mark = diesel::dsl::sql::<Text>;
            let revoked = revoked_tokens::table.filter(revoked_tokens::jti.eq(&token.jti)).select(mark(REVOKED));
            let client = clients::table
                .filter(clients::id.eq(&token.client_id))
                .filter(clients::disabled_at.is_null())
                .select(mark(CLIENT));
            let key = signing_keys::table
                .filter(signing_keys::kid.eq(&token.kid))
                .filter(signing_keys::phase.ne("withdrawn"))
                .select(mark(KEY));
            Ok(kept(revoked.union_all(client).union_all(key)).load(c).await?)
        })?;
        let has = |mark: &str| marks.iter().any(|found| found == unquoted(mark));
        Ok(has(CLIENT) && has(KEY) && !has(REVOKED))
    }
}

impl ClientVitals {
    fn add(&mut self, disabled_at: Option<UnixTime>, hash: Option<Hash<ClientSecret>>, expires_at: Option<UnixTime>) {
        self.disabled = disabled_at.is_some();
        self.secrets.extend(hash.map(|hash| (hash, expires_at)));
    }
}

impl Answers<String, Option<ClientVitals>> for Store {
    async fn answer(&self, ids: Vec<String>) -> StoreResult<HashMap<String, Option<ClientVitals>>> {
        let mut found: HashMap<String, Option<ClientVitals>> = ids.iter().map(|id| (id.clone(), None)).collect();
        let asked: Vec<&String> = found.keys().collect();
        let rows: Vec<OwnedSecretRow> = read!(self, async |c| {
            Ok(clients::table
                .left_join(client_secrets::table)
                .filter(clients::id.eq_any(asked))
                .select((
                    clients::id,
                    clients::disabled_at,
                    client_secrets::hash.nullable(),
                    client_secrets::expires_at.nullable(),
                ))
                .load(c)
                .await?)
        })?;
        for (id, disabled_at, hash, expires_at) in rows {
            let vitals = found.entry(id).or_default().get_or_insert_default();
            vitals.add(disabled_at, hash, expires_at);
        }
        Ok(found)
    }
}

impl Answers<TokenLifeline, bool> for Store {
    async fn answer(&self, tokens: Vec<TokenLifeline>) -> StoreResult<HashMap<TokenLifeline, bool>> {
        let distinct = |of: fn(&TokenLifeline) -> &str| tokens.iter().map(of).collect::<HashSet<_>>();
        let jtis = distinct(|token| &token.jti);
        let client_ids = distinct(|token| &token.client_id);
        let kids = distinct(|token| &token.kid);
        let marks: Vec<(String, String)> = read!(self, async |c| {
            let mark = diesel::dsl::sql::<Text>;
            let revoked = revoked_tokens::table
                .filter(revoked_tokens::jti.eq_any(jtis))
                .select((mark(REVOKED), revoked_tokens::jti));
            let client = clients::table
                .filter(clients::id.eq_any(client_ids))
                .filter(clients::disabled_at.is_null())
                .select((mark(CLIENT), clients::id));
            let key = signing_keys::table
                .filter(signing_keys::kid.eq_any(kids))
                .filter(signing_keys::phase.ne("withdrawn"))
                .select((mark(KEY), signing_keys::kid));
            Ok(kept(revoked.union_all(client).union_all(key)).load(c).await?)
        })?;
        let marks: HashSet<(&str, &str)> = marks.iter().map(|(mark, id)| (mark.as_str(), id.as_str())).collect();
        let has = |mark: &'static str, id: &str| marks.contains(&(unquoted(mark), id));
        let lives =
            |token: &TokenLifeline| has(CLIENT, &token.client_id) && has(KEY, &token.kid) && !has(REVOKED, &token.jti);
        Ok(tokens.iter().map(|token| (token.clone(), lives(token))).collect())
    }
}

/// Marks as SQL literals: which table a row of the union came from.
const REVOKED: &str = "'revoked'";
const CLIENT: &str = "'client'";
const KEY: &str = "'key'";

fn unquoted(mark: &str) -> &str {
    mark.trim_matches('\'')
}
