//! Grants: one match, one file per grant type. In each the same five lines: load, decide, mint, settle, answer.

mod authorization_code;
mod client_credentials;
mod password;
mod refresh_token;
pub mod sign_in;

use crate::app::App;
use crate::audit::Origin;
use crate::directory::Client;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::token::{GrantType, TokenRequest, TokenResponse};
use crate::time::UnixTime;

/// The grants that are served, for the discovery document.
pub const SERVED: [GrantType; 4] =
    [GrantType::AuthorizationCode, GrantType::ClientCredentials, GrantType::Password, GrantType::RefreshToken];

/// Answers a token request of a client that has proven itself.
pub async fn answer(
    app: &App,
    client: &Client,
    request: TokenRequest,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<TokenResponse> {
    let grant = request.grant_type();
    check_registered(client, grant)?;
    let response = match request {
        TokenRequest::AuthorizationCode(request) => {
            authorization_code::answer(app, client, &request, origin, now).await?
        }
        TokenRequest::ClientCredentials(request) => client_credentials::answer(app, client, request, now).await?,
        TokenRequest::Password(request) => password::answer(app, client, &request, origin, now).await?,
        TokenRequest::RefreshToken(request) => refresh_token::answer(app, client, &request, origin, now).await?,
    };
    app.counters.token_issued(grant.as_str());
    Ok(response)
}

fn check_registered(client: &Client, grant: GrantType) -> Result<(), Refused> {
    if client.may_use(grant) {
        return Ok(());
    }
    let about = "the client is not registered for this grant type";
    Err(Refused::new(ErrorCode::UnauthorizedClient, Reason::GrantNotRegistered, about))
}

pub use client_credentials::{Decision, decide};
pub use refresh_token::{Step, Windows, judge};
