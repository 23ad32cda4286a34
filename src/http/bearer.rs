//! Who calls `/api/v1`: the holder of a live access token that is for this server and holds the scope of the operation.

use http::header::AUTHORIZATION;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaOAuthFlow, MetaOAuthFlows, MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, OAuthScopes};

use super::context;
use crate::app::App;
use crate::audit::Origin;
use crate::failure::{Outcome, Reason, Refused};
use crate::limits;
use crate::protocol::bearer;
use crate::protocol::error::ErrorCode;
use crate::protocol::scope::ScopeSet;
use crate::tokens::{self, Inspected};

/// The scopes by which `/api/v1` is governed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OAuthScopes)]
pub enum ApiScope {
    /// Manage your own account
    #[oai(rename = "account")]
    Account,
    /// Manage users
    #[oai(rename = "admin:users")]
    Users,
    /// Manage roles
    #[oai(rename = "admin:roles")]
    Roles,
    /// Manage scopes
    #[oai(rename = "admin:scopes")]
    Scopes,
    /// Manage clients
    #[oai(rename = "admin:clients")]
    Clients,
    /// Manage signing keys
    #[oai(rename = "admin:keys")]
    Keys,
    /// Read the audit log
    #[oai(rename = "admin:audit")]
    Audit,
    /// Manage providers that people sign in with
    #[oai(rename = "admin:upstreams")]
    Upstreams,
}

impl ApiScope {
    pub fn as_str(self) -> &'static str {
        self.name()
    }
}

/// The holder of a good token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// `None` for a service that calls in its own name.
    pub user_id: Option<String>,
    pub client_id: String,
    /// The sign-in that the token comes from.
    pub grant_id: Option<String>,
    pub scope: ScopeSet,
    pub roles: Vec<String>,
    /// What the client asked to be told of the user, as it is stored.
    pub claims_asked: Option<String>,
}

impl Caller {
    fn of(Inspected { claims, user_id, claims_asked }: Inspected) -> Self {
        Self {
            user_id,
            client_id: claims.client_id,
            grant_id: claims.grant_id,
            scope: claims.scope.unwrap_or_default(),
            roles: claims.roles,
            claims_asked,
        }
    }

    /// The caller in one text, for what is counted or kept by caller.
    pub fn name(&self) -> String {
        match &self.user_id {
            Some(user) => format!("user {user} at client {}", self.client_id),
            None => format!("client {}", self.client_id),
        }
    }

    /// The user in whose name the call is made.
    pub fn user(&self) -> Result<&str, Refused> {
        let about = "this is about the person who signed in, and the access token is a service's own";
        self.user_id.as_deref().ok_or_else(|| Refused::new(ErrorCode::Forbidden, Reason::NoPerson, about))
    }

    pub fn must_hold(&self, scope: Option<&str>) -> Result<(), Refused> {
        if scope.is_some_and(|scope| self.scope.contains(scope)) {
            return Ok(());
        }
        let about = "the access token lacks the scope that is asked for here";
        let refused = Refused::new(ErrorCode::InsufficientScope, Reason::InsufficientScope, about);
        Err(refused.for_want_of(scope))
    }
}

/// Who says to be a caller, and from where.
pub struct Bearer {
    header: Header,
    origin: Origin,
}

/// The `Authorization` header as it came.
enum Header {
    Absent,
    One(Vec<u8>),
    Several,
}

impl Bearer {
    pub fn of(request: &Request) -> Self {
        let mut values = request.headers().get_all(AUTHORIZATION).iter();
        let header = match (values.next(), values.next()) {
            (None, _) => Header::Absent,
            (Some(value), None) => Header::One(value.as_bytes().to_vec()),
            (Some(_), Some(_)) => Header::Several,
        };
        Self { header, origin: context::origin(request) }
    }

    /// The same, with a token that came in another place (RFC 6750 §2.2).
    pub fn with(self, token: &str) -> Self {
        Self { header: Header::One(format!("Bearer {token}").into_bytes()), ..self }
    }

    pub fn is_absent(&self) -> bool {
        matches!(self.header, Header::Absent)
    }

    /// Who calls, if the token holds the scope. Whatever is wrong with a token, the answer is the same.
    pub async fn caller(&self, app: &App, scope: ApiScope) -> Outcome<Caller> {
        let caller = self.counted(app).await?;
        if let Err(refused) = caller.must_hold(Some(scope.name())) {
            let authority = caller.authority(self.origin.clone());
            authority.note_refusal(app, refused.reason, None, &[scope.name()], app.clock.now()).await?;
            return Err(refused.into());
        }
        Ok(caller)
    }

    /// Who calls, whatever the token's scope is. The call counts for the user at the client, or for the service, behind the
    /// token: people behind one address do not count together, and signing in often gains nobody more calls. It counts for
    /// the address when the token is not good.
    pub async fn counted(&self, app: &App) -> Outcome<Caller> {
        let now = app.clock.now();
        match self.holder(app).await {
            Ok(caller) => {
                limits::api_call(app, &caller.name(), now).await?;
                Ok(caller)
            }
            Err(failure) => {
                limits::api_call_from(app, self.origin.address, now).await?;
                Err(failure)
            }
        }
    }

    /// Who calls, without counting the call.
    pub async fn holder(&self, app: &App) -> Outcome<Caller> {
        let invalid =
            || Refused::new(ErrorCode::InvalidToken, Reason::InvalidToken, "the access token is not good here");
        let header = match &self.header {
            Header::Absent => {
                let about = "this needs an access token: Authorization: Bearer ...";
                return Err(Refused::new(ErrorCode::InvalidToken, Reason::NoToken, about).into());
            }
            Header::One(header) => header,
            Header::Several => return Err(invalid().into()),
        };
        let token = bearer::token(header).map_err(|_| invalid())?;
        let token = tokens::inspect(app, token, app.clock.now()).await?.ok_or_else(invalid)?;
        if !token.claims.aud.contains(app.config.issuer.as_str()) {
            return Err(invalid().into());
        }
        Ok(Caller::of(token))
    }
}

const SCHEME: &str = "access_token";
/// Stands in the document for the address of the token endpoint, which only a running server knows.
pub const TOKEN_URL: &str = "issuer:/oauth2/token";

impl<'a> ApiExtractor<'a> for Bearer {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let flow = || MetaOAuthFlow {
            authorization_url: None,
            token_url: Some(TOKEN_URL),
            refresh_url: None,
            scopes: ApiScope::meta(),
        };
        registry.create_security_scheme(
            SCHEME,
            MetaSecurityScheme {
                ty: "oauth2",
                description: Some(
                    "An access token of this server whose audience is this server (RFC 6750 section 2.1). It must hold \
                     the scope that the operation names.",
                ),
                name: None,
                key_in: None,
                scheme: None,
                bearer_format: None,
                flows: Some(MetaOAuthFlows {
                    implicit: None,
                    password: None,
                    client_credentials: Some(flow()),
                    authorization_code: None,
                }),
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        Ok(Self::of(request))
    }
}

/// A bearer whose place something in the body may take.
pub struct PerhapsBearer(pub Bearer);

impl<'a> ApiExtractor<'a> for PerhapsBearer {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Bearer::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        Bearer::security_schemes()
    }

    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        Ok(Self(Bearer::of(request)))
    }
}
