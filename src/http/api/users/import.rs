//! `/api/v1/admin/users/import`: accounts in bulk, done line by line while they arrive.

use std::sync::Arc;

use poem::{Request, Response};
use poem_openapi::OpenApi;

use super::described::{Imported, NewBody};
use crate::accounts::import::Import;
use crate::app::App;
use crate::failure::Outcome;
use crate::http::answer::Answer;
use crate::http::bearer::{ApiScope, Bearer};
use crate::http::context::{origin, settle};
use crate::http::lines::Lines;
use crate::http::reply::{self, Manner};
use crate::http::tags::Tag;

/// Longer files are sent in parts.
const LONGEST: u64 = 64 * 1024 * 1024;

pub struct ImportApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::Administration")]
impl ImportApi {
    /// Import accounts
    ///
    /// Each line is an account in JSON, as one is made by POST; 64 MiB at most. A line is done or refused by itself: a file
    /// that was cut off is sent again, and what was done before is refused as taken.
    #[oai(path = "/api/v1/admin/users/import", method = "post", operation_id = "import_accounts")]
    async fn import(
        &self,
        request: &Request,
        #[oai(scope = "ApiScope::Users")] bearer: Bearer,
        body: Lines<NewBody>,
    ) -> Answer<Imported> {
        settle(self.lines(request, bearer, body).await, Manner::Problem, request, &self.app).into()
    }
}

impl ImportApi {
    async fn lines(&self, request: &Request, bearer: Bearer, body: Lines<NewBody>) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.caller(app, ApiScope::Users).await?;
        let authority = caller.authority(origin(request));
        let mut pieces = body.pieces(&app.config.server, LONGEST)?;
        let mut import = Import::new(app, &authority);
        while let Some(piece) = pieces.next().await? {
            import.feed(&piece, app.clock.now()).await?;
        }
        reply::json(&import.finish(app.clock.now()).await?)
    }
}
