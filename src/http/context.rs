//! What a handler knows of its request besides the body, and the client credentials that may be in a header.

use std::net::IpAddr;
use std::sync::Arc;

use http::header::{AUTHORIZATION, USER_AGENT};
use poem::{Request, RequestBody, Response};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::client_address::ClientAddress;
use super::html;
use super::reply::{self, Manner};
use super::token;
use crate::app::App;
use crate::audit::Origin;
use crate::clients::authenticate;
use crate::directory::Client;
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::observe::RequestId;
use crate::protocol::client_authentication;
use crate::protocol::error::ErrorCode;
use crate::protocol::params::Params;
use crate::time::UnixTime;

/// The id that the edge gave the request.
pub fn request_id(request: &Request) -> RequestId {
    request.extensions().get::<RequestId>().cloned().unwrap_or_else(RequestId::fresh)
}

/// The client's address, as the edge found it.
pub fn address(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ClientAddress>().map(|ClientAddress(address)| *address)
}

/// Where the request came from, as the audit log and the lists of sign-ins show it.
pub fn origin(request: &Request) -> Origin {
    let device = request.headers().get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    Origin::new(address(request), device.as_deref(), Some(request_id(request).to_string()))
}

/// An answer, or the failure told in the endpoint's manner.
pub fn settle(answer: Outcome<Response>, manner: Manner, request: &Request, app: &App) -> Response {
    answer.unwrap_or_else(|failure: Failure| match manner {
        Manner::Page => html::failed(app, request, failure),
        manner => reply::failure(failure, manner, &request_id(request), &app.counters),
    })
}

/// The `Authorization` header as it came; it is read together with the form.
pub struct Credentials(Authorization);

enum Authorization {
    None,
    One(Vec<u8>),
    Several,
}

impl Credentials {
    /// The client that proves itself by this header or by the form, at the endpoint of this path.
    pub async fn client(
        &self,
        app: &App,
        params: &Params,
        endpoint: &'static str,
        now: UnixTime,
    ) -> Outcome<Arc<Client>> {
        let header = match &self.0 {
            Authorization::None => None,
            Authorization::One(value) => Some(value.as_slice()),
            Authorization::Several => {
                let about = "there is more than one Authorization header";
                return Err(Refused::new(ErrorCode::InvalidRequest, Reason::Malformed, about).into());
            }
        };
        let presented = client_authentication::presented(header, params)?;
        authenticate(app, &presented, &[token::PATH, endpoint], now).await
    }
}

const SCHEME: &str = "client_basic";

impl<'a> ApiExtractor<'a> for Credentials {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            SCHEME,
            MetaSecurityScheme {
                ty: "http",
                description: Some(
                    "The client's id and secret, each form-encoded (RFC 6749 section 2.3.1). A client that registered \
                     client_secret_post sends them as client_id and client_secret in the form instead, one that registered \
                     private_key_jwt or client_secret_jwt sends client_assertion_type and client_assertion (RFC 7523).",
                ),
                name: None,
                key_in: None,
                scheme: Some("basic"),
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        let mut values = request.headers().get_all(AUTHORIZATION).iter();
        Ok(Self(match (values.next(), values.next()) {
            (None, _) => Authorization::None,
            (Some(value), None) => Authorization::One(value.as_bytes().to_vec()),
            (Some(_), Some(_)) => Authorization::Several,
        }))
    }
}
