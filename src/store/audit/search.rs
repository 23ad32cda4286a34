//! Looking into the log: by what was done, by whom, to what, where and when, in pages.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Act, ActRow, DONE, PersonalRow, REFUSED};
use crate::store::StoreResult;
use crate::store::backend::{Store, read};
use crate::store::schema::{audit_log, audit_persons};
use crate::time::UnixTime;

/// What is looked for; all that is given must be so.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub act: Option<Act>,
    /// The id of who did it.
    pub actor: Option<String>,
    /// The id of what it was done to.
    pub target: Option<String>,
    /// The id of a user who did it, or to whom it was done.
    pub user: Option<String>,
    pub client: Option<String>,
    pub refused: Option<bool>,
    /// Not before.
    pub since: Option<UnixTime>,
    /// Before.
    pub until: Option<UnixTime>,
}

/// The place of an act in a listing, from which the next page goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    at: UnixTime,
    id: String,
}

/// An act as it was found.
#[derive(Clone, Debug)]
pub struct Found {
    pub act: ActRow,
    /// Its place in the chain, once it is sealed.
    pub position: Option<i64>,
    pub hash: Option<String>,
    /// What is personal in it, as long as that is kept.
    pub personal: Option<PersonalRow>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    NewestFirst,
    OldestFirst,
}

impl Found {
    pub fn cursor(&self) -> Cursor {
        Cursor { at: self.act.at, id: self.act.id.clone() }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.id)
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MALFORMED: &str = "a cursor is what the page before ended with";
        let (at, id) = text.split_once('.').ok_or(MALFORMED)?;
        let at = at.parse().map(UnixTime::from_seconds).map_err(|_| MALFORMED)?;
        let is_id = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if is_id { Ok(Self { at, id: id.to_owned() }) } else { Err(MALFORMED) }
    }
}

/// An act with its place in the chain.
type Placed = (ActRow, Option<i64>, Option<String>);

impl Store {
    /// A page of the log, the newest act first, behind the place where the page before ended.
    pub async fn audit(&self, filter: &Filter, after: Option<&Cursor>, limit: i64) -> StoreResult<Vec<Found>> {
        self.audit_in_order(filter, after, limit, Order::NewestFirst).await
    }

    pub async fn audit_in_order(
        &self,
        filter: &Filter,
        after: Option<&Cursor>,
        limit: i64,
        order: Order,
    ) -> StoreResult<Vec<Found>> {
        let rows: Vec<Placed> = read!(self, async |c| {
            let mut query = audit_log::table
                .select((ActRow::as_select(), audit_log::position, audit_log::hash))
                .limit(limit)
                .into_boxed();
            if let Some(act) = filter.act {
                query = query.filter(audit_log::act.eq(act.as_str()));
            }
            if let Some(actor) = &filter.actor {
                query = query.filter(audit_log::actor_id.eq(actor));
            }
            if let Some(target) = &filter.target {
                query = query.filter(audit_log::target_id.eq(target));
            }
            if let Some(user) = &filter.user {
                query = query.filter(audit_log::actor_id.eq(user).or(audit_log::target_id.eq(user)));
            }
            if let Some(client) = &filter.client {
                query = query.filter(audit_log::client_id.eq(client));
            }
            if let Some(refused) = filter.refused {
                query = query.filter(audit_log::outcome.eq(if refused { REFUSED } else { DONE }));
            }
            if let Some(since) = filter.since {
                query = query.filter(audit_log::at.ge(since));
            }
            if let Some(until) = filter.until {
                query = query.filter(audit_log::at.lt(until));
            }
            Ok(match order {
                Order::NewestFirst => {
                    if let Some(Cursor { at, id }) = after {
                        let older = audit_log::at.lt(at).or(audit_log::id.lt(id));
                        query = query.filter(audit_log::at.le(at)).filter(older);
                    }
                    query.order((audit_log::at.desc(), audit_log::id.desc())).load(c).await?
                }
                Order::OldestFirst => {
                    if let Some(Cursor { at, id }) = after {
                        let newer = audit_log::at.gt(at).or(audit_log::id.gt(id));
                        query = query.filter(audit_log::at.ge(at)).filter(newer);
                    }
                    query.order((audit_log::at, audit_log::id)).load(c).await?
                }
            })
        })?;
        self.with_personal(rows).await
    }

    /// Sealed acts in the order of the chain, behind one position, up to another one.
    pub async fn sealed_acts(&self, after: i64, until: i64, limit: i64) -> StoreResult<Vec<Found>> {
        let rows: Vec<Placed> = read!(self, async |c| {
            Ok(audit_log::table
                .filter(audit_log::position.gt(after))
                .filter(audit_log::position.le(until))
                .select((ActRow::as_select(), audit_log::position, audit_log::hash))
                .order(audit_log::position)
                .limit(limit)
                .load(c)
                .await?)
        })?;
        self.with_personal(rows).await
    }

    async fn with_personal(&self, rows: Vec<Placed>) -> StoreResult<Vec<Found>> {
        let digests: Vec<&str> = rows.iter().filter_map(|(act, ..)| act.personal.as_deref()).collect();
        let mut personal: HashMap<String, PersonalRow> = HashMap::new();
        if !digests.is_empty() {
            let found: Vec<PersonalRow> = read!(self, async |c| {
                Ok(audit_persons::table
                    .filter(audit_persons::digest.eq_any(digests.clone()))
                    .select(PersonalRow::as_select())
                    .load(c)
                    .await?)
            })?;
            personal.extend(found.into_iter().map(|row| (row.digest.clone(), row)));
        }
        let found = rows.into_iter().map(|(act, position, hash)| {
            let personal = act.personal.as_ref().and_then(|digest| personal.remove(digest));
            Found { act, position, hash, personal }
        });
        Ok(found.collect())
    }
}
