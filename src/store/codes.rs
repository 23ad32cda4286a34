//! `codes`: what a client exchanges for tokens. Each is good once, for a minute; using it is one conditional statement. A spent
//! one stays for a day, so that whoever comes with it again is known for that.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Store, read, tx, write};
use super::kept::kept;
use super::schema::{codes, sessions, users};
use super::sweep::BATCH;
use crate::secret::{AuthorizationCode, Hash, SessionSecret};
use crate::time::UnixTime;

/// How long a code is known after its end.
const KNOWN_SECONDS: i64 = 86_400;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = codes, treat_none_as_default_value = false)]
pub struct CodeRow {
    pub hash: Hash<AuthorizationCode>,
    pub client_id: String,
    pub user_id: String,
    /// The user's epoch at that time: in another one the code is worth nothing.
    pub user_epoch: i64,
    /// The session that it was made in.
    pub session_hash: Hash<SessionSecret>,
    pub redirect_uri: String,
    /// RFC 7636 §4.2, by S256.
    pub challenge: String,
    pub nonce: Option<String>,
    pub scope: String,
    /// Separated by spaces; empty when the tokens are for this server itself.
    pub resources: String,
    pub auth_time: UnixTime,
    pub created_at: UnixTime,
    pub expires_at: UnixTime,
    pub spent_at: Option<UnixTime>,
    /// What was opened by it.
    pub grant_id: Option<String>,
    /// What clients call the session.
    pub session_id: Option<String>,
    /// How its user had signed in.
    pub acr: Option<String>,
    pub amr: Option<String>,
    /// What the client asked to be told of the user, as JSON.
    pub claims: Option<String>,
}

impl Store {
    /// Writes a code down and that its session was used; `false` when the session or its user is not good any more.
    pub async fn add_code(&self, code: CodeRow, now: UnixTime) -> StoreResult<bool> {
        tx!(self, async |c| {
            let user = users::table
                .filter(users::id.eq(code.user_id.clone()))
                .filter(users::epoch.eq(code.user_epoch))
                .filter(users::disabled_at.is_null())
                .filter(users::locked_at.is_null())
                .select(users::id);
            let used = diesel::update(
                sessions::table
                    .filter(sessions::hash.eq(code.session_hash.clone()))
                    .filter(sessions::user_epoch.eq(code.user_epoch))
                    .filter(sessions::ended_at.is_null())
                    .filter(sessions::expires_at.gt(now))
                    .filter(sessions::user_id.eq_any(user)),
            )
            .set(sessions::last_used_at.eq(now));
            if used.execute(c).await? == 0 {
                return Ok(false);
            }
            kept(diesel::insert_into(codes::table).values(code)).execute(c).await?;
            Ok(true)
        })
    }

    pub async fn code(&self, hash: &Hash<AuthorizationCode>) -> StoreResult<Option<CodeRow>> {
        read!(self, async |c| { Ok(codes::table.find(hash).select(CodeRow::as_select()).first(c).await.optional()?) })
    }

    /// One batch of codes that ended a day before `before`.
    pub async fn sweep_codes(&self, before: UnixTime) -> StoreResult<usize> {
        let (old, before) = (diesel::alias!(codes as old), before.minus(KNOWN_SECONDS));
        write!(self, async |c| {
            let batch = old.select(old.field(codes::hash)).filter(old.field(codes::expires_at).lt(before)).limit(BATCH);
            Ok(diesel::delete(codes::table.filter(codes::hash.eq_any(batch))).execute(c).await?)
        })
    }
}

/// `spend_code!(c, hash, grant_id, now)`: inside a transaction, `true` for whoever uses the code first.
macro_rules! spend_code {
    ($c:ident, $hash:expr, $grant_id:expr, $now:expr) => {{
        use $crate::store::schema::codes;
        let unspent = codes::table
            .filter(codes::hash.eq($hash))
            .filter(codes::spent_at.is_null())
            .filter(codes::expires_at.gt($now));
        let spent = diesel::update(unspent).set((codes::spent_at.eq($now), codes::grant_id.eq($grant_id)));
        $crate::store::kept::kept(spent).execute($c).await? == 1
    }};
}

pub(super) use spend_code;
