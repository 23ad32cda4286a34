//! Grants as they are looked through, step by step, for what may be forgotten.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::BLANK;
use crate::store::StoreResult;
use crate::store::backend::{Store, read, write};
use crate::store::schema::grants;
use crate::time::UnixTime;

/// How far the grants were looked through, and what is looked for.
#[derive(Clone, Debug, Default)]
pub struct GrantsWalk {
    after: String,
    at_the_end: bool,
    /// A refresh token that was last used before this is no longer good.
    pub unused_since: UnixTime,
    /// Nobody may ask again for the answer to a rotation before this.
    pub rotated_before: UnixTime,
    /// What was over by then is forgotten.
    pub before: UnixTime,
}

impl GrantsWalk {
    /// Whether the next step begins anew.
    pub fn is_at_the_end(&self) -> bool {
        self.at_the_end
    }
}

/// Grants that are looked at in one step.
const STEP: i64 = 5_000;
/// How long a grant that was ended stays, so that the log can say why its token is refused.
const ENDED_SECONDS: i64 = 86_400;

/// The rows of one step of the walk.
macro_rules! step {
    ($from:expr, $to:expr) => {
        grants::table.filter(grants::id.gt($from.clone())).filter(grants::id.le($to.clone()))
    };
}

/// A grant of which no token can be good any more.
macro_rules! is_over {
    ($unused_since:expr, $before:expr, $ended_before:expr) => {
        grants::expires_at
            .lt($before)
            .or(grants::refresh_hash.is_not_null().and(grants::last_used_at.lt($unused_since)))
            .or(grants::ended_at.is_not_null().and(grants::ended_at.assume_not_null().lt($ended_before)))
    };
}

/// An answer that is kept for nobody any more.
macro_rules! is_kept {
    ($rotated_before:expr) => {
        grants::successor
            .is_not_null()
            .and(grants::successor.assume_not_null().ne(BLANK))
            .and(grants::rotated_at.assume_not_null().le($rotated_before))
    };
}

impl Store {
    /// One step of the walk: removes what is over, and erases what was kept for retries that may no longer come. How many
    /// rows went.
    pub async fn sweep_grants(&self, walk: &mut GrantsWalk) -> StoreResult<usize> {
        let from = std::mem::take(&mut walk.after);
        // The last one of all is asked for, too: no text is behind every id in every collation.
        let (last, very_last): (Option<String>, Option<String>) = read!(self, async |c| {
            let ids = grants::table.filter(grants::id.gt(&from)).select(grants::id).order(grants::id);
            let last = ids.offset(STEP - 1).limit(1).first(c).await.optional()?;
            let very_last = grants::table.select(grants::id).order(grants::id.desc()).first(c).await.optional()?;
            Ok((last, very_last))
        })?;
        walk.at_the_end = last.is_none();
        let Some(to) = last.clone().or(very_last) else { return Ok(0) };
        let (unused_since, before, ended_before) = (walk.unused_since, walk.before, walk.before.minus(ENDED_SECONDS));
        let rotated_before = walk.rotated_before;
        // Mostly there is nothing to write, and a look disturbs nobody.
        let (old, kept): (i64, i64) = read!(self, async |c| {
            let old =
                step!(from, to).filter(is_over!(unused_since, before, ended_before)).count().get_result(c).await?;
            let kept = step!(from, to).filter(is_kept!(rotated_before)).count().get_result(c).await?;
            Ok((old, kept))
        })?;
        walk.after = last.unwrap_or_default();
        if kept > 0 {
            let (from, to) = (from.clone(), to.clone());
            write!(self, async |c| {
                diesel::update(step!(from, to).filter(is_kept!(rotated_before)))
                    .set(grants::successor.eq(BLANK))
                    .execute(c)
                    .await?;
                Ok(())
            })?;
        }
        if old == 0 {
            return Ok(0);
        }
        write!(self, async |c| {
            Ok(diesel::delete(step!(from, to).filter(is_over!(unused_since, before, ended_before))).execute(c).await?)
        })
    }
}
