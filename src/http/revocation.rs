//! The revocation endpoint — RFC 7009 §2.

use std::sync::Arc;

use poem::{Request, Response};
use poem_openapi::{Object, OpenApi};

use super::answer::{Answer, Described, Empty};
use super::context::{self, Credentials, settle};
use super::cors::Asker;
use super::form::Form;
use super::reply::Manner;
use super::tags::Tag;
use crate::app::App;
use crate::failure::Outcome;
use crate::protocol::revocation::RevocationRequest;
use crate::tokens;

pub const PATH: &str = "/oauth2/revoke";

/// The form of a revocation request.
#[derive(Object)]
struct RevocationForm {
    /// The token that shall end.
    token: String,
    /// Accepted and not needed.
    token_type_hint: Option<String>,
    /// The client's id, when it is not in the Authorization header.
    client_id: Option<String>,
    /// The client's secret, for clients that registered client_secret_post.
    client_secret: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, for clients that prove themselves by signing (RFC 7523).
    client_assertion_type: Option<String>,
    /// What such a client has signed; good once.
    client_assertion: Option<String>,
}

struct Revocation;
impl Described for Revocation {
    type Body = Empty;
    const SUCCESS: &'static str = "The token is not good any more, or never was";
    const MANNER: Manner = Manner::OAuth;
    const FAILURES: &'static [(u16, &'static str)] =
        &[(400, "The request was refused"), (401, "The client did not prove itself"), (413, "The body is too large")];
}

pub struct RevocationApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::OAuth")]
impl RevocationApi {
    /// End a token
    ///
    /// RFC 7009. A client ends tokens that were issued to it.
    #[oai(path = "/oauth2/revoke", method = "post", operation_id = "revoke")]
    async fn revoke(
        &self,
        request: &Request,
        credentials: Credentials,
        form: Form<RevocationForm>,
    ) -> Answer<Revocation> {
        settle(self.answer(request, &credentials, form).await, Manner::OAuth, request, &self.app).into()
    }
}

impl RevocationApi {
    async fn answer(
        &self,
        request: &Request,
        credentials: &Credentials,
        form: Form<RevocationForm>,
    ) -> Outcome<Response> {
        let origin = context::origin(request);
        let app = &self.app;
        let params = form.read(&app.config.server).await?;
        let now = app.clock.now();
        let client = credentials.client(app, &params, PATH, now).await?;
        Asker::note(request, &client);
        let request = RevocationRequest::parse(&params)?;
        tokens::revoke(app, &client, &request, &origin, now).await?;
        Ok(Response::default())
    }
}
