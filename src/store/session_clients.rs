//! `session_clients`: which clients hear that a session is over. What ends sessions marks their rows in its own transaction; each
//! becomes a delivery of the outbox then, once.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Store, read, tx, write};
use super::kept::kept;
use super::outbox::{OutboxRow, enqueue};
use super::schema::session_clients;
use super::sweep::BATCH;
use crate::time::UnixTime;

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = session_clients, treat_none_as_default_value = false)]
pub struct SessionClientRow {
    pub id: String,
    pub session_id: String,
    pub client_id: String,
    pub user_id: String,
    pub expires_at: UnixTime,
    pub over_at: Option<UnixTime>,
}

/// `over!(c, rows, now)`: inside the transaction that ends the sessions of these rows.
macro_rules! over {
    ($c:ident, $rows:expr, $now:expr) => {{
        use $crate::store::schema::session_clients;
        let rows = session_clients::table.filter($rows).filter(session_clients::over_at.is_null());
        diesel::update(rows).set(session_clients::over_at.eq($now)).execute($c).await?;
    }};
}

/// `over_but_good!(c, user_id, epoch, now)`: the same of all sessions of a user but those of the epoch.
macro_rules! over_but_good {
    ($c:ident, $user_id:expr, $epoch:expr, $now:expr) => {{
        use $crate::store::schema::{session_clients, sessions};
        let good = sessions::table.filter(sessions::user_id.eq($user_id.clone()));
        let good = good.filter(sessions::user_epoch.eq($epoch)).select(sessions::id);
        let of_user = session_clients::user_id.eq($user_id.clone());
        $crate::store::session_clients::over!($c, of_user.and(session_clients::session_id.ne_all(good)), $now);
    }};
}

pub(super) use {over, over_but_good};

impl Store {
    /// Notes that a client is to hear of the end of a session; once is enough.
    pub async fn add_session_client(&self, row: SessionClientRow) -> StoreResult<()> {
        write!(self, async |c| {
            let noted = diesel::insert_into(session_clients::table).values(row);
            kept(noted.on_conflict((session_clients::session_id, session_clients::client_id)).do_nothing())
                .execute(c)
                .await?;
            Ok(())
        })
    }

    /// Up to `limit` of those who are to be told, the longest waiting first.
    pub async fn sessions_over(&self, limit: i64) -> StoreResult<Vec<SessionClientRow>> {
        read!(self, async |c| {
            Ok(session_clients::table
                .filter(session_clients::over_at.is_not_null())
                .order(session_clients::over_at)
                .limit(limit)
                .select(SessionClientRow::as_select())
                .load(c)
                .await?)
        })
    }

    /// Makes a delivery of each row of the same id. Of two nodes that try, one does.
    pub async fn enqueue_farewells(&self, farewells: Vec<OutboxRow>) -> StoreResult<()> {
        tx!(self, async |c| {
            for farewell in farewells {
                let row = session_clients::table.find(farewell.id.clone());
                if kept(diesel::delete(row)).execute(c).await? == 1 {
                    enqueue!(c, farewell);
                }
            }
            Ok(())
        })
    }

    /// One batch of those whose session came to its end by itself before `before`.
    pub async fn sweep_session_clients(&self, before: UnixTime) -> StoreResult<usize> {
        let old = diesel::alias!(session_clients as old);
        write!(self, async |c| {
            let batch = old
                .select(old.field(session_clients::id))
                .filter(old.field(session_clients::expires_at).lt(before))
                .filter(old.field(session_clients::over_at).is_null())
                .limit(BATCH);
            Ok(diesel::delete(session_clients::table.filter(session_clients::id.eq_any(batch))).execute(c).await?)
        })
    }
}
