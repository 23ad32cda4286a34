//! The resource owner password credentials grant — RFC 6749 §4.3, for clients that are trusted with passwords.
//!
//! 1. load: the user by name, with all that may refuse one (`accounts::sign_in`)
//! 2. decide, mint, settle, answer: as after every sign-in (`sign_in`)

use super::sign_in::{self, Asked};
use crate::accounts;
use crate::app::App;
use crate::audit::Origin;
use crate::directory::Client;
use crate::failure::{Failure, Outcome, Reason};
use crate::protocol::token::{PasswordRequest, TokenResponse};
use crate::time::UnixTime;

/// Who signs in twice at once with a password that is to be hashed anew is overtaken by themselves; and of whoever was
/// overtaken by somebody else the password is looked at once more.
pub async fn answer(
    app: &App,
    client: &Client,
    request: &PasswordRequest,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<TokenResponse> {
    match attempt(app, client, request, origin, now).await {
        Err(Failure::Refused(refused)) if refused.reason == Reason::SignInOvertaken => {
            attempt(app, client, request, origin, now).await
        }
        done => done,
    }
}

async fn attempt(
    app: &App,
    client: &Client,
    request: &PasswordRequest,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<TokenResponse> {
    let user = accounts::sign_in(app, &request.username, &request.password, &client.id, origin, now).await?;
    let asked = Asked { scope: request.scope.as_ref(), resources: &request.resources };
    sign_in::open(app, client, user, &asked, origin, now).await
}
