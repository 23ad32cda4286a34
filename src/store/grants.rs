//! `grants`: what a user granted a client by signing in, one row each, with the one refresh token of it that is good.
//! A rotation is one conditional statement on that row; whatever else was ever handed out for it is worth nothing.

mod walk;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::audit::{Record, record};
use super::backend::{Store, read, tx, write};
use super::codes::spend_code;
use super::kept::kept;
use super::schema::{grants, users};
use super::session_clients::{over, over_but_good};
use crate::protocol::id_token::{PASSWORD_ACR, PASSWORD_AMR};
use crate::secret::{AuthorizationCode, Hash, PasswordHash, RefreshToken};
use crate::time::UnixTime;

pub use walk::GrantsWalk;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = grants, treat_none_as_default_value = false)]
pub struct GrantRow {
    pub id: String,
    pub user_id: String,
    pub client_id: String,
    /// The user's epoch at that time: in another one the grant is over.
    pub user_epoch: i64,
    pub scope: String,
    /// Separated by spaces.
    pub resources: String,
    pub device: Option<String>,
    pub address: Option<String>,
    pub created_at: UnixTime,
    pub expires_at: UnixTime,
    pub last_used_at: UnixTime,
    pub ended_at: Option<UnixTime>,
    /// Absent when the client has no refresh tokens.
    pub refresh_hash: Option<Hash<RefreshToken>>,
    /// Of the last rotation. Blank is none, as long as there might be one.
    pub previous_hash: Option<Hash<RefreshToken>>,
    pub rotated_at: Option<UnixTime>,
    pub rotation_request: Option<String>,
    pub successor: Option<String>,
    /// When its user signed in, where that was before it was opened.
    pub auth_time: Option<UnixTime>,
    /// The browser session in which it was granted, if there was one, as clients call it.
    pub session_id: Option<String>,
    /// How its user signed in, where that was not by a password and nothing else.
    pub acr: Option<String>,
    pub amr: Option<String>,
    /// What the client asked to be told of the user, as JSON.
    pub claims: Option<String>,
}

impl GrantRow {
    /// Leaves room for what a rotation writes, where there can be one: a row that keeps its length is written anew in its
    /// place, and one that grows moves others. That is two and a half pages more for each of a million grants.
    #[must_use]
    pub fn with_room(self) -> Self {
        if self.refresh_hash.is_none() {
            return self;
        }
        Self {
            previous_hash: Some(Hash::stored(BLANK[..DIGEST].to_owned())),
            rotated_at: Some(self.created_at),
            rotation_request: Some(BLANK[..DIGEST].to_owned()),
            successor: Some(BLANK.to_owned()),
            ..self
        }
    }

    /// The token in the place of the previous one, sealed under it.
    pub fn kept_successor(&self) -> Option<&str> {
        self.successor.as_deref().filter(|kept| *kept != BLANK)
    }

    pub fn signed_in_at(&self) -> UnixTime {
        self.auth_time.unwrap_or(self.created_at)
    }

    /// How its user signed in: the class of it, and the methods.
    pub fn signed_in_by(&self) -> (String, Vec<String>) {
        let acr = self.acr.as_deref().unwrap_or(PASSWORD_ACR);
        (acr.to_owned(), separated(Some(self.amr.as_deref().unwrap_or(PASSWORD_AMR))))
    }
}

/// A grant, and all that it depends on, as it stands right now.
#[derive(Clone, Debug)]
pub struct Standing {
    pub grant: GrantRow,
    pub user: GrantUser,
    /// Besides the one that everybody has.
    pub roles: Vec<String>,
}

/// What of its user matters to a grant.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct GrantUser {
    pub epoch: i64,
    pub disabled_at: Option<UnixTime>,
    pub locked_at: Option<UnixTime>,
}

impl Standing {
    /// Whether neither the grant nor the user's sign-ins altogether were ended, nor the user shut out.
    pub fn is_good(&self, now: UnixTime) -> bool {
        self.grant.ended_at.is_none()
            && self.grant.user_epoch == self.user.epoch
            && self.user.disabled_at.is_none()
            && self.user.locked_at.is_none()
            && self.grant.expires_at > now
    }
}

/// What signing in changes about the user.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// As it was when the password was checked: a change of the password since then voids the sign-in.
    pub epoch: i64,
    /// Whether all that was granted before ends.
    pub ends_others: bool,
    pub upgraded: Option<Upgraded>,
    /// The code that it is opened by, if it is.
    pub spends: Option<Hash<AuthorizationCode>>,
}

/// The same password, stored in another form from now on.
#[derive(Clone, Debug)]
pub struct Upgraded {
    /// What was checked; whatever stands there by now instead is not overwritten.
    pub from: PasswordHash,
    pub to: PasswordHash,
}

/// One refresh token in the place of another.
#[derive(Clone, Debug)]
pub struct Rotation {
    pub grant_id: String,
    pub old: Hash<RefreshToken>,
    pub new: Hash<RefreshToken>,
    /// The new one, sealed under the old one.
    pub sealed: Option<String>,
    pub request: String,
}

/// The length of a hash, and of what was asked.
pub const DIGEST: usize = 43;
/// As long as a refresh token that is sealed.
pub const BLANK: &str = match std::str::from_utf8(&[b' '; 168]) {
    Ok(blank) => blank,
    Err(_) => "",
};

/// `note_sign_in!(c, user_id, epoch, ends_others, upgraded, now)`: inside a transaction, the user's epoch from now on; `None`
/// when the user was changed or shut out since `epoch`.
macro_rules! note_sign_in {
    ($c:ident, $user_id:expr, $epoch:expr, $ends_others:expr, $upgraded:expr, $now:expr) => {{
        use $crate::store::schema::users;
        let (checked, hash) = $upgraded.map(|$crate::store::grants::Upgraded { from, to }| (from, to)).unzip();
        let kind = hash.as_ref().map($crate::secret::PasswordHash::kind);
        let any_password = diesel::IntoSql::into_sql::<diesel::sql_types::Bool>(checked.is_none());
        let user = users::table
            .filter(users::id.eq($user_id))
            .filter(users::epoch.eq($epoch))
            .filter(users::disabled_at.is_null())
            .filter(users::locked_at.is_null())
            .filter(users::password_hash.eq(checked).or(any_password));
        let epoch = $epoch + i64::from($ends_others);
        $crate::store::users::note_kind!($c, kind);
        let hash = hash.map(|hash| (users::password_kind.eq(kind), users::password_hash.eq(hash)));
        let signed_in = diesel::update(user).set((
            users::last_login_at.eq($now),
            users::epoch.eq(epoch),
            // Whoever may sign in without confirming an address keeps the account.
            users::unconfirmed_until.eq(None::<UnixTime>),
            hash,
        ));
        let rows = $crate::store::kept::kept(signed_in).execute($c).await?;
        (rows == 1).then_some(epoch)
    }};
}
pub(super) use note_sign_in;

impl Store {
    /// Writes a sign-in down; `false` when the user was changed or shut out since the password was checked, or the code that
    /// opens it was spent.
    pub async fn open_grant(
        &self,
        grant: GrantRow,
        sign_in: SignIn,
        record: Record,
        now: UnixTime,
    ) -> StoreResult<bool> {
        tx!(self, async |c| {
            let SignIn { epoch, ends_others, upgraded, spends } = sign_in;
            if let Some(code) = spends
                && !spend_code!(c, code, grant.id.clone(), now)
            {
                return Ok(false);
            }
            let Some(epoch) = note_sign_in!(c, grant.user_id.clone(), epoch, ends_others, upgraded, now) else {
                return Ok(false);
            };
            if ends_others {
                over_but_good!(c, grant.user_id, epoch, now);
            }
            let grant = diesel::insert_into(grants::table).values(GrantRow { user_epoch: epoch, ..grant }.with_room());
            kept(grant).execute(c).await?;
            record!(c, record);
            Ok(true)
        })
    }

    /// A grant as it stands; `None` when there is no such grant.
    pub async fn grant(&self, id: &str) -> StoreResult<Option<Standing>> {
        let found: Option<(GrantRow, GrantUser, Option<String>)> = read!(self, async |c| {
            let standing = grants::table.inner_join(users::table).filter(grants::id.eq(id)).select((
                GrantRow::as_select(),
                GrantUser::as_select(),
                sql::<Nullable<Text>>(ROLES),
            ));
            Ok(kept(standing).get_result(c).await.optional()?)
        })?;
        Ok(found.map(|(grant, user, roles)| Standing { grant, user, roles: separated(roles.as_deref()) }))
    }

    /// Puts the new refresh token in the place of the old one; `true` for exactly one of all who try.
    pub async fn rotate(&self, rotation: Rotation, now: UnixTime) -> StoreResult<bool> {
        let rows = write!(self, async |c| {
            let rotated = diesel::update(
                grants::table
                    .filter(grants::id.eq(rotation.grant_id))
                    .filter(grants::refresh_hash.eq(rotation.old.clone()))
                    .filter(grants::ended_at.is_null()),
            )
            .set((
                grants::refresh_hash.eq(rotation.new),
                grants::previous_hash.eq(rotation.old),
                grants::successor.eq(rotation.sealed.unwrap_or_else(|| BLANK.to_owned())),
                grants::rotation_request.eq(rotation.request),
                grants::rotated_at.eq(now),
                grants::last_used_at.eq(now),
            ));
            Ok(kept(rotated).execute(c).await?)
        })?;
        Ok(rows == 1)
    }

    /// Ends a grant, of this user if one is given; `true` for whoever did it.
    pub async fn end_grant(
        &self,
        id: String,
        user_id: Option<String>,
        record: Record,
        now: UnixTime,
    ) -> StoreResult<bool> {
        tx!(self, async |c| {
            let of_anybody = user_id.is_none();
            let rows = diesel::update(
                grants::table
                    .filter(grants::id.eq(id))
                    .filter(grants::ended_at.is_null())
                    .filter(grants::user_id.eq(user_id.unwrap_or_default()).or(of_anybody.into_sql::<Bool>())),
            )
            .set((grants::ended_at.eq(now), grants::successor.eq(None::<String>)))
            .execute(c)
            .await?;
            if rows == 1 {
                record!(c, record);
            }
            Ok(rows == 1)
        })
    }

    /// Ends everything that a user ever granted, by one statement on one row; `false` when there is no such user.
    pub async fn end_grants_of(&self, user_id: String, record: Record) -> StoreResult<bool> {
        tx!(self, async |c| {
            let rows = diesel::update(users::table.filter(users::id.eq(user_id.clone())))
                .set(users::epoch.eq(users::epoch + 1))
                .execute(c)
                .await?;
            if rows == 1 {
                over!(c, session_clients::user_id.eq(user_id), record.act.at);
                record!(c, record);
            }
            Ok(rows == 1)
        })
    }

    /// A page of the grants of a user that are good, the newest first, after the one named. Their last use changes while
    /// somebody reads on, and is in no index.
    pub async fn grants_of(
        &self,
        user_id: &str,
        after: Option<&str>,
        limit: i64,
        idle_since: UnixTime,
        now: UnixTime,
    ) -> StoreResult<Vec<GrantRow>> {
        read!(self, async |c| {
            // As one value, so that the index is entered with it.
            let epoch = users::table.filter(users::id.eq(user_id)).select(users::epoch).single_value();
            let mut query = grants::table
                .filter(grants::user_id.eq(user_id))
                .filter(grants::user_epoch.nullable().eq(epoch))
                .filter(grants::ended_at.is_null())
                .filter(grants::expires_at.gt(now))
                .filter(grants::refresh_hash.is_null().or(grants::last_used_at.gt(idle_since)))
                .select(GrantRow::as_select())
                .order(grants::id.desc())
                .limit(limit)
                .into_boxed();
            if let Some(after) = after {
                query = query.filter(grants::id.lt(after));
            }
            Ok(query.load(c).await?)
        })
    }
}

/// The same function under the same name on both databases, which Diesel does not know.
pub(super) const ROLES: &str = "(SELECT string_agg(role, ' ') FROM user_roles WHERE user_roles.user_id = users.id)";

pub(super) fn separated(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split(' ').filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect()
}
