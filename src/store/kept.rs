//! Statements that each connection prepares once. Diesel keeps no prepared form of what might come in ever new texts: every
//! update and insert, and whatever has a piece of SQL in it. Parsing those anew costs SQLite more than running them, and
//! Postgres a round trip.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

/// A statement of one text, whatever it is asked about.
pub(super) struct Kept<Q>(Q);

/// For a statement whose text depends on nothing that is known only when it runs: no list of rows, no optional changes.
pub(super) fn kept<Q>(statement: Q) -> Kept<Q> {
    Kept(statement)
}

impl<Q, DB> QueryFragment<DB> for Kept<Q>
where
    DB: Backend,
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

/// It is known by its text.
impl<Q> QueryId for Kept<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Kept<Q> {
    type SqlType = Q::SqlType;
}
