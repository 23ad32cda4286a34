//! What belongs to something that goes, taken out beforehand where there is very much of it: a cascade is one statement,
//! and a statement has only so much time, and keeps others waiting meanwhile.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Store, read, write};
use super::schema::{audit_persons, codes, consents, grants, sessions, user_roles};

/// As many rows go in one statement.
pub const TOGETHER: i64 = 5_000;

/// What goes, by its id.
#[derive(Clone, Copy, Debug)]
pub enum Going<'a> {
    /// With its grants, its codes, and what people consented to.
    Client(&'a str),
    /// With the grants, the sessions, the codes, what the person consented to, and what the audit log holds of the person.
    User(&'a str),
    /// From all who have it.
    Role(&'a str),
}

/// `more!(store, table, key, of)`: whether there are more rows than go in one statement.
macro_rules! more {
    ($store:expr, $table:ident, $key:ident, $of:expr) => {{
        let one: Option<Option<String>> = read!($store, async |c| {
            let rows = $table::table.filter($table::$key.eq($of)).select($table::$key.nullable());
            Ok(rows.offset(TOGETHER).limit(1).first(c).await.optional()?)
        })?;
        one.is_some()
    }};
}

/// `thin!(store, table, id, key, of[, key])`: takes rows out, batch by batch, until those that are left go in one statement.
/// The key comes twice where the id alone does not name a row; otherwise it would have all rows read for each batch.
macro_rules! thin {
    ($store:expr, $table:ident, $id:ident, $key:ident, $of:expr $(, $also:ident)?) => {
        loop {
            let of = $of.to_owned();
            let batch = diesel::alias!($table as batch);
            let rows = write!($store, async |c| {
                let some = batch
                    .select(batch.field($table::$id))
                    .filter(batch.field($table::$key).eq(of.clone()))
                    .limit(TOGETHER);
                let rows = $table::table.filter($table::$id.eq_any(some))$(.filter($table::$also.eq(of)))?;
                Ok(diesel::delete(rows).execute(c).await?)
            })?;
            if i64::try_from(rows).unwrap_or(i64::MAX) < TOGETHER {
                break;
            }
        }
    };
}

impl Store {
    /// Whether so much belongs to it that it cannot go in one statement.
    pub async fn holds_many(&self, going: Going<'_>) -> StoreResult<bool> {
        Ok(match going {
            Going::Client(id) => {
                more!(self, grants, client_id, id)
                    || more!(self, codes, client_id, id)
                    || more!(self, consents, client_id, id)
            }
            Going::User(id) => {
                more!(self, grants, user_id, id)
                    || more!(self, sessions, user_id, id)
                    || more!(self, codes, user_id, id)
                    || more!(self, consents, user_id, id)
                    || more!(self, audit_persons, user_id, id)
            }
            Going::Role(name) => more!(self, user_roles, role, name),
        })
    }

    /// Takes most of it out. Whoever asks for that has seen to it that no more comes to be, and that what goes is worth
    /// nothing any more.
    pub async fn thin_out(&self, going: Going<'_>) -> StoreResult<()> {
        match going {
            Going::Client(id) => {
                thin!(self, grants, id, client_id, id);
                thin!(self, codes, hash, client_id, id);
                thin!(self, consents, user_id, client_id, id, client_id);
            }
            Going::User(id) => {
                thin!(self, grants, id, user_id, id);
                thin!(self, sessions, hash, user_id, id);
                thin!(self, codes, hash, user_id, id);
                thin!(self, consents, client_id, user_id, id, user_id);
                thin!(self, audit_persons, digest, user_id, id);
            }
            Going::Role(name) => thin!(self, user_roles, user_id, role, name, role),
        }
        Ok(())
    }
}
