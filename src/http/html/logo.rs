//! The logo, when it is a file of the operator's.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use poem::{Endpoint, Request, Response};

use crate::app::App;
use crate::pages::Logo;

#[derive(Clone)]
pub struct LogoFile(Arc<App>);

/// `None` when there is no such file.
pub fn logo(app: &Arc<App>) -> Option<LogoFile> {
    matches!(app.pages.look().logo, Some(Logo::Here(..))).then(|| LogoFile(Arc::clone(app)))
}

impl Endpoint for LogoFile {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        let Some(Logo::Here(content_type, bytes)) = &self.0.pages.look().logo else {
            return Ok(http::StatusCode::NOT_FOUND.into());
        };
        // A picture may be a document with scripts in it: none of them runs, also when somebody opens it by itself.
        Ok(Response::builder()
            .header(CONTENT_TYPE, *content_type)
            .header(CACHE_CONTROL, "public, max-age=3600")
            .header(CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox")
            .body(bytes.clone()))
    }
}
