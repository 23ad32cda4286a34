//! The userinfo endpoint — OpenID Connect Core §5.3: what a client may know of who signed in.

use std::sync::Arc;

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use poem::{Request, Response};
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde_json::Value;

use super::answer::{Answer, Described};
use super::bearer::{Bearer, Caller, PerhapsBearer};
use super::body::{LONGEST, malformed};
use super::context::settle;
use super::cors::Asker;
use super::form::{FORM, PerhapsForm};
use super::reply::{self, Manner};
use super::tags::Tag;
use crate::accounts::claims;
use crate::app::App;
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::keyring::TokenType;
use crate::protocol::claims::Audience;
use crate::protocol::error::ErrorCode;
use crate::protocol::params::Params;
use crate::protocol::scope::OPENID;
use crate::tokens;

pub const PATH: &str = "/oauth2/userinfo";

/// How long the key stays published by which an answer is signed, at least.
const SIGNED_FOR_SECONDS: i64 = 300;

/// The form of a userinfo request (RFC 6750 section 2.2), for who cannot send the header.
#[derive(Object)]
struct UserinfoForm {
    access_token: Option<String>,
}

/// OpenID Connect Core section 5.1: what the access token's scopes ask for, and what the client asked for by name.
#[derive(Object)]
#[oai(rename = "UserInfo")]
struct UserinfoBody {
    sub: String,
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    middle_name: Option<String>,
    nickname: Option<String>,
    preferred_username: Option<String>,
    profile: Option<String>,
    picture: Option<String>,
    website: Option<String>,
    gender: Option<String>,
    birthdate: Option<String>,
    zoneinfo: Option<String>,
    locale: Option<String>,
    /// Seconds since 1970.
    updated_at: Option<i64>,
    email: Option<String>,
    email_verified: Option<bool>,
    /// OpenID Connect Core section 5.1.1.
    address: Option<Any<Value>>,
    phone_number: Option<String>,
    phone_number_verified: Option<bool>,
}

struct Userinfo;
impl Described for Userinfo {
    type Body = UserinfoBody;
    const SUCCESS: &'static str =
        "What the client may know of the user; a JWT of it (application/jwt) for clients that registered for that";
    const MANNER: Manner = Manner::OAuth;
    const FAILURES: &'static [(u16, &'static str)] = &[
        (400, "The request is malformed"),
        (401, "There is no good access token"),
        (403, "The access token lacks the scope openid"),
        (408, "The body did not arrive in time"),
        (413, "The body is too large"),
        (429, "Too many calls; wait"),
    ];
    const HEADERS: &'static [(&'static str, &'static str)] = &[("Cache-Control", "no-store")];
}

pub struct UserinfoApi {
    pub app: Arc<App>,
}

#[OpenApi(tag = "Tag::OAuth")]
impl UserinfoApi {
    /// Ask who signed in
    ///
    /// OpenID Connect Core section 5.3, for access tokens with the scope `openid`.
    #[oai(path = "/oauth2/userinfo", method = "get", operation_id = "userinfo")]
    async fn userinfo(&self, request: &Request, bearer: Bearer) -> Answer<Userinfo> {
        settle(self.answer(request, bearer).await, Manner::OAuth, request, &self.app).into()
    }

    /// Ask who signed in, by a form
    ///
    /// The same. The access token is in the header, or in the form; not in both.
    #[oai(path = "/oauth2/userinfo", method = "post", operation_id = "userinfoByForm")]
    async fn userinfo_by_form(
        &self,
        request: &Request,
        bearer: PerhapsBearer,
        form: PerhapsForm<UserinfoForm>,
    ) -> Answer<Userinfo> {
        settle(self.by_form(request, bearer.0, form).await, Manner::OAuth, request, &self.app).into()
    }
}

impl UserinfoApi {
    async fn by_form(&self, request: &Request, bearer: Bearer, form: PerhapsForm<UserinfoForm>) -> Outcome<Response> {
        form.body.check_length(LONGEST)?;
        if !form.body.is(FORM) {
            return self.answer(request, bearer).await;
        }
        let params = Params::parse(&form.body.read(&self.app.config.server, LONGEST).await?)?;
        match params.get("access_token") {
            Some(_) if !bearer.is_absent() => Err(malformed("the access token is in the header, and in the form")),
            Some(token) => self.answer(request, bearer.with(token)).await,
            None => self.answer(request, bearer).await,
        }
    }

    async fn answer(&self, request: &Request, bearer: Bearer) -> Outcome<Response> {
        let app = &self.app;
        let caller = bearer.counted(app).await?;
        let Caller { client_id, scope, claims_asked, .. } = &caller;
        let client = app.directory.client(client_id).await?.ok_or_else(gone)?;
        Asker::note(request, &client);
        caller.must_hold(Some(OPENID))?;
        let user_id = caller.user()?;
        let told = claims::at_userinfo(app, &client, user_id, scope, claims_asked.as_deref()).await?;
        let mut told = told.ok_or_else(gone)?;
        told.insert("sub".to_owned(), tokens::subject(app, &client, user_id).into());
        let Some(algorithm) = client.userinfo_algorithm() else { return reply::json(&told) };
        // §5.3.2: a signed answer says from whom it is, and for whom.
        told.insert("iss".to_owned(), app.config.issuer.as_str().into());
        let audience = Audience::from(client_id.clone());
        told.insert("aud".to_owned(), serde_json::to_value(audience).unwrap_or_default());
        let expires = app.clock.now().plus(SIGNED_FOR_SECONDS);
        let signed = app.keyring.sign(algorithm, TokenType::Userinfo, &told, expires).await?;
        let response = Response::builder();
        Ok(response.header(CONTENT_TYPE, const { HeaderValue::from_static("application/jwt") }).body(signed))
    }
}

/// The user or the client went while the token was looked at.
fn gone() -> Failure {
    Refused::new(ErrorCode::InvalidToken, Reason::InvalidToken, "the access token is not good here").into()
}
