//! `audit_log` and `audit_persons`: what happened, and apart from it, so that it can be erased, to whom and from where.

mod acts;
pub mod seals;
pub mod search;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::backend::{Store, tx, write};
use super::schema::{audit_log, audit_persons};
use super::{StoreResult, new_id};
use crate::time::UnixTime;

pub use acts::Act;

pub const SYSTEM: &str = "system";
pub const DONE: &str = "done";
pub const REFUSED: &str = "refused";

/// One act, ready to be written.
#[derive(Clone, Debug)]
pub struct Record {
    pub act: ActRow,
    pub personal: Option<PersonalRow>,
}

/// What the chain of hashes is about.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log, treat_none_as_default_value = false)]
pub struct ActRow {
    pub id: String,
    pub at: UnixTime,
    pub act: String,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub target_kind: Option<String>,
    pub target_id: Option<String>,
    pub client_id: Option<String>,
    pub outcome: String,
    pub reason: Option<String>,
    pub request_id: Option<String>,
    /// JSON without personal data.
    pub detail: Option<String>,
    /// The digest of the personal data, by which it is found while it is there.
    pub personal: Option<String>,
}

/// What can be erased without a trace in the chain.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_persons, treat_none_as_default_value = false)]
pub struct PersonalRow {
    pub digest: String,
    pub salt: String,
    pub at: UnixTime,
    /// Whose data it is, where that is known.
    pub user_id: Option<String>,
    pub address: Option<String>,
    pub device: Option<String>,
    /// The name that was typed.
    pub name: Option<String>,
}

/// `record!(c, record)`: inside the transaction of the act.
macro_rules! record {
    ($c:ident, $record:expr) => {{
        use $crate::store::kept::kept;
        use $crate::store::schema::{audit_log, audit_persons};
        let $crate::store::audit::Record { act, personal } = $record;
        kept(diesel::insert_into(audit_log::table).values(act)).execute($c).await?;
        if let Some(personal) = personal {
            kept(diesel::insert_into(audit_persons::table).values(personal)).execute($c).await?;
        }
    }};
}

/// `erase_person!(c, user_id)`: inside the transaction that erases an account; how many rows went.
macro_rules! erase_person {
    ($c:ident, $user_id:expr) => {{
        use $crate::store::schema::audit_persons;
        diesel::delete(audit_persons::table.filter(audit_persons::user_id.eq($user_id))).execute($c).await?
    }};
}

pub(super) use {erase_person, record};

impl Record {
    /// What the server does by itself.
    pub fn of_system(act: Act, (target_kind, target_id): (&str, &str), detail: Option<String>, now: UnixTime) -> Self {
        let act = ActRow {
            id: new_id(now),
            at: now,
            act: act.as_str().to_owned(),
            actor_kind: SYSTEM.to_owned(),
            actor_id: None,
            target_kind: Some(target_kind.to_owned()),
            target_id: Some(target_id.to_owned()),
            client_id: None,
            outcome: DONE.to_owned(),
            reason: None,
            request_id: None,
            detail,
            personal: None,
        };
        Self { act, personal: None }
    }
}

impl Store {
    /// Writes an act that has no transaction of its own, such as a refusal.
    pub async fn record(&self, record: Record) -> StoreResult<()> {
        tx!(self, async |c| {
            record!(c, record);
            Ok(())
        })
    }

    /// Erases what the log holds of a person. What was done stays, under an id that leads to nobody any more.
    pub async fn erase_person(&self, user_id: String) -> StoreResult<usize> {
        write!(self, async |c| { Ok(erase_person!(c, user_id)) })
    }
}
