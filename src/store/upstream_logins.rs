//! `upstream_logins`: who was sent to a provider and is awaited back, and who came back and is awaited to prove whose account is
//! theirs. Each is good once, for one browser and a few minutes.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::StoreResult;
use super::backend::{Store, read, write};
use super::kept::kept;
use super::schema::upstream_logins;
use super::sweep::BATCH;
use crate::secret::{FormSecret, Hash, UpstreamState};
use crate::time::UnixTime;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = upstream_logins, treat_none_as_default_value = false)]
pub struct UpstreamLogin {
    pub hash: Hash<UpstreamState>,
    pub upstream_id: String,
    /// The browser that was sent.
    pub browser: Hash<FormSecret>,
    /// The request that waits, as a query; or of who is signed in already, the page for which they do so once more.
    pub way: String,
    /// Who links or signs in once more, and was signed in here before.
    pub user_id: Option<String>,
    /// What the provider said, while a proof is awaited; sealed.
    pub identity: Option<String>,
    pub created_at: UnixTime,
    pub expires_at: UnixTime,
}

impl UpstreamLogin {
    /// The page for which somebody who is signed in signs in once more.
    pub fn again(&self) -> Option<&str> {
        Some(self.way.as_str()).filter(|way| self.user_id.is_some() && !way.is_empty())
    }
}

/// `of_browser!(hash, browser, now)`: one that is still good, for this browser alone.
macro_rules! of_browser {
    ($hash:expr, $browser:expr, $now:expr) => {
        upstream_logins::table
            .filter(upstream_logins::hash.eq($hash))
            .filter(upstream_logins::browser.eq($browser))
            .filter(upstream_logins::expires_at.gt($now))
    };
}

impl Store {
    pub async fn add_upstream_login(&self, login: UpstreamLogin) -> StoreResult<()> {
        write!(self, async |c| {
            kept(diesel::insert_into(upstream_logins::table).values(login)).execute(c).await?;
            Ok(())
        })
    }

    /// The one that was sent to this provider with this browser, which is spent by that.
    pub async fn take_upstream_login(
        &self,
        hash: Hash<UpstreamState>,
        browser: Hash<FormSecret>,
        upstream_id: String,
        now: UnixTime,
    ) -> StoreResult<Option<UpstreamLogin>> {
        write!(self, async |c| {
            let sent = of_browser!(hash, browser, now)
                .filter(upstream_logins::upstream_id.eq(upstream_id))
                .filter(upstream_logins::identity.is_null());
            Ok(diesel::delete(sent).returning(UpstreamLogin::as_returning()).get_result(c).await.optional()?)
        })
    }

    /// The one that awaits a proof in this browser.
    pub async fn awaited_proof(
        &self,
        hash: &Hash<UpstreamState>,
        browser: &Hash<FormSecret>,
        now: UnixTime,
    ) -> StoreResult<Option<UpstreamLogin>> {
        read!(self, async |c| {
            Ok(of_browser!(hash, browser, now)
                .filter(upstream_logins::identity.is_not_null())
                .select(UpstreamLogin::as_select())
                .first(c)
                .await
                .optional()?)
        })
    }

    /// Spends it; `true` for whoever does so first.
    pub async fn spend_proof(&self, hash: Hash<UpstreamState>, now: UnixTime) -> StoreResult<bool> {
        let rows = write!(self, async |c| {
            let awaited = upstream_logins::table
                .filter(upstream_logins::hash.eq(hash))
                .filter(upstream_logins::expires_at.gt(now));
            Ok(diesel::delete(awaited).execute(c).await?)
        })?;
        Ok(rows == 1)
    }

    /// One batch of those whose time was over before `before`.
    pub async fn sweep_upstream_logins(&self, before: UnixTime) -> StoreResult<usize> {
        let old = diesel::alias!(upstream_logins as old);
        write!(self, async |c| {
            let batch = old
                .select(old.field(upstream_logins::hash))
                .filter(old.field(upstream_logins::expires_at).lt(before))
                .limit(BATCH);
            Ok(diesel::delete(upstream_logins::table.filter(upstream_logins::hash.eq_any(batch))).execute(c).await?)
        })
    }
}
