//! `/api/v1/admin/audit`: what was done by whom.

mod described;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use poem::{Request, Response};
use poem_openapi::OpenApi;

use super::is_id;
use crate::app::App;
use crate::audit::{Act, Shown};
use crate::failure::{Failure, Outcome};
use crate::http::answer::Answer;
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::body::malformed;
use crate::http::context::settle;
use crate::http::lines;
use crate::http::pages::{After, Asked, Limit};
use crate::http::query::Query;
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;
use crate::store::audit::search::{Cursor, Filter, Order};
use crate::store::audit::{DONE, REFUSED};
use described::{Exported, Listed};

/// Acts that an export reads at once.
const TOGETHER: i64 = 500;

pub struct AuditApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::Administration")]
impl AuditApi {
    /// Search the audit log
    ///
    /// The newest acts first.
    #[oai(path = "/api/v1/admin/audit", method = "get", operation_id = "list_audit")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
    async fn list(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Audit")] bearer: Bearer,
        /// Not before this time: 2026-01-31T12:00:00Z, or seconds since 1970
        since: Query<String>,
        /// Before this time
        until: Query<String>,
        /// What was done, such as `signed_in`
        act: Query<String>,
        /// The id of a user who did it, or to whom it was done
        user: Query<String>,
        /// The id of whoever did it
        actor: Query<String>,
        /// The id of what it was done to
        target: Query<String>,
        /// The id of the client at which it was done
        client: Query<String>,
        /// `done` or `refused`
        outcome: Query<String>,
        limit: Limit,
        after: After,
    ) -> Answer<Listed> {
        let asked = AskedFor { since, until, act, user, actor, target, client, outcome };
        settle(self.page(request, bearer, asked, limit, after).await, Manner::Problem, request, &self.app).into()
    }

    /// Export the audit log
    ///
    /// The oldest acts first, one in each line. An export that ends in the middle of a line, or without the end of the
    /// transfer, is not whole.
    #[oai(path = "/api/v1/admin/audit/export", method = "get", operation_id = "export_audit")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
    async fn export(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Audit")] bearer: Bearer,
        /// Not before this time: 2026-01-31T12:00:00Z, or seconds since 1970
        since: Query<String>,
        /// Before this time
        until: Query<String>,
        /// What was done, such as `signed_in`
        act: Query<String>,
        /// The id of a user who did it, or to whom it was done
        user: Query<String>,
        /// The id of whoever did it
        actor: Query<String>,
        /// The id of what it was done to
        target: Query<String>,
        /// The id of the client at which it was done
        client: Query<String>,
        /// `done` or `refused`
        outcome: Query<String>,
    ) -> Answer<Exported> {
        let asked = AskedFor { since, until, act, user, actor, target, client, outcome };
        settle(self.all(bearer, asked).await, Manner::Problem, request, &self.app).into()
    }
}

/// What somebody looks for, as it came.
struct AskedFor {
    since: Query<String>,
    until: Query<String>,
    act: Query<String>,
    user: Query<String>,
    actor: Query<String>,
    target: Query<String>,
    client: Query<String>,
    outcome: Query<String>,
}

impl AskedFor {
    fn filter(self) -> Outcome<Filter> {
        let id = |query: Query<String>| query.read(|text| (!text.is_empty() && is_id(text)).then(|| text.to_owned()));
        Ok(Filter {
            act: self.act.read(Act::named)?,
            actor: id(self.actor)?,
            target: id(self.target)?,
            user: id(self.user)?,
            client: id(self.client)?,
            refused: self.outcome.read(|text| [DONE, REFUSED].contains(&text).then_some(text == REFUSED))?,
            since: self.since.read(|text| text.parse().ok())?,
            until: self.until.read(|text| text.parse().ok())?,
        })
    }
}

impl AuditApi {
    async fn page(
        &self,
        request: &Request,
        bearer: Bearer,
        asked_for: AskedFor,
        limit: Limit,
        after: After,
    ) -> Outcome<Response> {
        let app = &self.app;
        bearer.caller(app, ApiScope::Audit).await?;
        let (filter, asked) = (asked_for.filter()?, Asked::of(limit, after)?);
        let after = asked.after.as_deref().map(str::parse::<Cursor>).transpose();
        let after = after.map_err(|_| malformed("after is not a cursor of this list"))?;
        let found = app.store.audit(&filter, after.as_ref(), asked.rows()).await?;
        let rows = found.into_iter().map(|found| (found.cursor().to_string(), Shown::from(found))).collect();
        asked.answer(app, request, rows, |(cursor, _)| cursor, |(_, shown)| shown.clone())
    }

    /// Page by page, each read when the one before was sent.
    async fn all(&self, bearer: Bearer, asked_for: AskedFor) -> Outcome<Response> {
        let app = Arc::clone(&self.app);
        bearer.caller(&app, ApiScope::Audit).await?;
        let mut filter = asked_for.filter()?;
        // What is done from now on is of another export, so that this one has an end.
        let end = app.clock.now().plus(1);
        filter.until = Some(filter.until.map_or(end, |until| until.min(end)));
        let Some((first, last)) = page(&app, &filter, None).await? else { return Ok(lines::answer(stream::empty())) };
        let others = stream::try_unfold((app, filter, last), |(app, filter, last)| async move {
            let next = page(&app, &filter, Some(&last)).await.map_err(|failure| cut_off(&failure))?;
            Ok(next.map(|(lines, last)| (lines, (app, filter, last))))
        });
        Ok(lines::answer(stream::once(async { Ok(first) }).chain(others)))
    }
}

fn cut_off(failure: &Failure) -> io::Error {
    tracing::error!(?failure, "an export of the audit log was cut off");
    io::Error::other("the export was cut off")
}

/// The lines of a page, and where it ends; `None` when there are no more.
async fn page(app: &App, filter: &Filter, after: Option<&Cursor>) -> Outcome<Option<(Bytes, Cursor)>> {
    let found = app.store.audit_in_order(filter, after, TOGETHER, Order::OldestFirst).await?;
    let Some(last) = found.last().map(|last| last.cursor()) else { return Ok(None) };
    let mut lines = Vec::new();
    for found in found {
        lines.extend(reply::bytes(&Shown::from(found))?);
        lines.push(b'\n');
    }
    Ok(Some((lines.into(), last)))
}
