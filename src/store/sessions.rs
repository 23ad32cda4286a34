//! `sessions`: who is signed in with which browser. A cookie holds the secret, the row its hash, and what ends everything that
//! a user granted ends the session, too.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, read, tx, write};
use super::grants::{GrantUser, ROLES, SignIn, note_sign_in, separated};
use super::kept::kept;
use super::schema::{codes, grants, sessions, users};
use super::session_clients::{over, over_but_good};
use super::sweep::BATCH;
use crate::secret::{Hash, SessionSecret};
use crate::time::UnixTime;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub struct SessionRow {
    pub hash: Hash<SessionSecret>,
    /// What clients call it; it opens nothing.
    pub id: String,
    pub user_id: String,
    /// The user's epoch at that time: in another one the session is over.
    pub user_epoch: i64,
    pub auth_time: UnixTime,
    /// When they last showed whose account it is, and not only who is at the browser of a provider.
    pub proven_at: Option<UnixTime>,
    /// How its user signed in: the class of it, and the methods with spaces between them.
    pub acr: String,
    pub amr: String,
    pub created_at: UnixTime,
    pub last_used_at: UnixTime,
    pub expires_at: UnixTime,
    pub ended_at: Option<UnixTime>,
    /// What the browser called itself at the sign-in, and from where that came.
    pub device: Option<String>,
    pub address: Option<String>,
}

/// A session, and all that it depends on, as it stands right now.
#[derive(Clone, Debug)]
pub struct SessionStanding {
    pub session: SessionRow,
    pub user: GrantUser,
    pub username: String,
    /// Besides the one that everybody has.
    pub roles: Vec<String>,
}

impl SessionStanding {
    /// Whether it was used since `idle_since`, and neither it nor the user's sign-ins altogether were ended, nor the user
    /// shut out.
    pub fn is_good(&self, idle_since: UnixTime, now: UnixTime) -> bool {
        self.session.ended_at.is_none()
            && self.session.expires_at > now
            && self.session.last_used_at > idle_since
            && self.session.user_epoch == self.user.epoch
            && self.user.disabled_at.is_none()
            && self.user.locked_at.is_none()
    }
}

impl Store {
    /// A session as it stands; `None` when there is no such session.
    pub async fn session(&self, hash: &Hash<SessionSecret>) -> StoreResult<Option<SessionStanding>> {
        let found: Option<(SessionRow, GrantUser, String, Option<String>)> = read!(self, async |c| {
            let standing = sessions::table.inner_join(users::table).filter(sessions::hash.eq(hash)).select((
                SessionRow::as_select(),
                GrantUser::as_select(),
                users::username,
                sql::<Nullable<Text>>(ROLES),
            ));
            Ok(kept(standing).get_result(c).await.optional()?)
        })?;
        Ok(found.map(|(session, user, username, roles)| {
            let roles = separated(roles.as_deref());
            SessionStanding { session, user, username, roles }
        }))
    }

    /// Writes down that somebody signed in, in the place of the browser's session before; `false` when the user was changed
    /// or shut out since the password was checked.
    pub async fn open_session(
        &self,
        session: SessionRow,
        before: Option<Hash<SessionSecret>>,
        sign_in: SignIn,
        record: Record,
        now: UnixTime,
    ) -> StoreResult<bool> {
        tx!(self, async |c| {
            let SignIn { epoch, ends_others, upgraded, .. } = sign_in;
            let Some(epoch) = note_sign_in!(c, session.user_id.clone(), epoch, ends_others, upgraded, now) else {
                return Ok(false);
            };
            if let Some(before) = before {
                diesel::update(sessions::table.find(before).filter(sessions::ended_at.is_null()))
                    .set(sessions::ended_at.eq(now))
                    .execute(c)
                    .await?;
            }
            let user_id = session.user_id.clone();
            let session = diesel::insert_into(sessions::table).values(SessionRow { user_epoch: epoch, ..session });
            kept(session).execute(c).await?;
            if ends_others {
                over_but_good!(c, user_id, epoch, now);
            }
            record!(c, record);
            Ok(true)
        })
    }

    /// A page of the sessions of a user that are good, the newest first, after the one named.
    pub async fn sessions_of(
        &self,
        user_id: &str,
        after: Option<&str>,
        limit: i64,
        idle_since: UnixTime,
        now: UnixTime,
    ) -> StoreResult<Vec<SessionRow>> {
        read!(self, async |c| {
            let epoch = users::table.filter(users::id.eq(user_id)).select(users::epoch).single_value();
            let mut query = sessions::table
                .filter(sessions::user_id.eq(user_id))
                .filter(sessions::user_epoch.nullable().eq(epoch))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(now))
                .filter(sessions::last_used_at.gt(idle_since))
                .select(SessionRow::as_select())
                .order(sessions::id.desc())
                .limit(limit)
                .into_boxed();
            if let Some(after) = after {
                query = query.filter(sessions::id.lt(after));
            }
            Ok(query.load(c).await?)
        })
    }

    /// Ends a session of this user, with the codes that wait in it and what was granted in it; `true` for whoever did it. A
    /// grant with a refresh token goes on: the user let that client come back while nobody is signed in.
    pub async fn end_session(&self, id: String, user_id: String, record: Record, now: UnixTime) -> StoreResult<bool> {
        tx!(self, async |c| {
            let session = sessions::table
                .filter(sessions::id.eq(id.clone()))
                .filter(sessions::user_id.eq(user_id))
                .filter(sessions::ended_at.is_null());
            if kept(diesel::update(session).set(sessions::ended_at.eq(now))).execute(c).await? == 0 {
                return Ok(false);
            }
            // First the codes: whoever exchanges one at this moment has opened a grant that the next statement sees, or comes
            // too late.
            let waiting = codes::table.filter(codes::session_id.eq(id.clone())).filter(codes::spent_at.is_null());
            let waiting = diesel::update(waiting.filter(codes::expires_at.gt(now)));
            kept(waiting.set(codes::expires_at.eq(now))).execute(c).await?;
            let granted =
                grants::table.filter(grants::session_id.eq(id.clone())).filter(grants::refresh_hash.is_null());
            let granted = diesel::update(granted.filter(grants::ended_at.is_null()));
            kept(granted.set(grants::ended_at.eq(now))).execute(c).await?;
            over!(c, session_clients::session_id.eq(id), now);
            record!(c, record);
            Ok(true)
        })
    }

    /// Writes down that a session was used.
    pub async fn note_session_used(&self, hash: Hash<SessionSecret>, now: UnixTime) -> StoreResult<()> {
        write!(self, async |c| {
            let used = diesel::update(sessions::table.find(hash).filter(sessions::ended_at.is_null()));
            kept(used.set(sessions::last_used_at.eq(now))).execute(c).await?;
            Ok(())
        })
    }

    /// One batch of sessions that were over before `before`, however often they were used.
    pub async fn sweep_sessions(&self, before: UnixTime) -> StoreResult<usize> {
        let old = diesel::alias!(sessions as old);
        write!(self, async |c| {
            let batch =
                old.select(old.field(sessions::hash)).filter(old.field(sessions::expires_at).lt(before)).limit(BATCH);
            Ok(diesel::delete(sessions::table.filter(sessions::hash.eq_any(batch))).execute(c).await?)
        })
    }
}
