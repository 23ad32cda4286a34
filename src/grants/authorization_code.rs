//! The authorization code grant — RFC 6749 §4.1.3, with PKCE (RFC 7636 §4.6).
//!
//! 1. load: the code, and the roles of its user
//! 2. decide: `judge` says whether the code is good in these hands; what its user may not have any more it does not give
//! 3. mint: an access token, a refresh token for offline access, an ID token if the client asked who signed in
//! 4. settle: the code is spent and the grant opened, or neither; whoever comes second ends that grant
//! 5. answer

use super::sign_in::{self, Decision, Opening};
use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::directory::Client;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::pkce::CodeChallenge;
use crate::protocol::scope::{OFFLINE_ACCESS, ScopeSet};
use crate::protocol::token::{CodeRequest, GrantType, TokenResponse};
use crate::secret::{AuthorizationCode, CodeVerifier, Hash, Plain};
use crate::store::codes::CodeRow;
use crate::store::grants::SignIn;
use crate::time::UnixTime;
use crate::tokens::reach::{self, Holder};

/// What a code is in the hands of who presents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    First,
    /// It was used before, and whoever has it should not.
    Again,
}

pub async fn answer(
    app: &App,
    client: &Client,
    request: &CodeRequest,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<TokenResponse> {
    let hash = request.code.hash(app.keyring.secret_hash_key());
    let code = load(app, &hash).await?;
    if judge(&code, &client.id, request, now)? == Use::Again {
        return end(app, client, &code, origin, now).await;
    }
    let roles = app.store.roles_of(&code.user_id).await?;
    let decision = decide(app, client, &code, &roles, request).await?;

    let opening = Opening {
        user_id: code.user_id.clone(),
        user_epoch: code.user_epoch,
        decision: &decision,
        refreshes: client.may_use(GrantType::RefreshToken) && decision.scope.contains(OFFLINE_ACCESS),
        code: Some(&code),
        origin,
    };
    let (row, refresh_token) = sign_in::new_grant(app, client, opening, now);
    let issued = sign_in::issue(app, client, &row, &roles, decision, code.nonce.as_deref(), now).await?;

    let entry = Entry::new(Act::GrantOpened, Actor::Client(&client.id)).on("grant", row.id.clone());
    let record = entry.at_client(&client.id).about_person(row.user_id.clone()).from(origin).record(now);
    // The sign-in was the session's: what a setting says of other sign-ins was done then.
    let settled = SignIn { epoch: code.user_epoch, ends_others: false, upgraded: None, spends: Some(hash.clone()) };
    let grant_id = row.id.clone();
    if !app.store.open_grant(row, settled, record, now).await? {
        let code = load(app, &hash).await?;
        if code.grant_id.is_some_and(|opened| opened != grant_id) {
            return end(app, client, &load(app, &hash).await?, origin, now).await;
        }
        return Err(refused(Reason::SignInOvertaken).into());
    }
    Ok(TokenResponse { refresh_token: refresh_token.map(|token| token.reveal().to_owned()), ..issued })
}

async fn load(app: &App, hash: &Hash<AuthorizationCode>) -> Outcome<CodeRow> {
    Ok(app.store.code(hash).await?.ok_or_else(|| refused(Reason::UnknownCode))?)
}

/// The rule, as a function of what is stored. A refusal here costs nobody anything; `Again` ends what the code opened.
pub fn judge(code: &CodeRow, client_id: &str, request: &CodeRequest, now: UnixTime) -> Result<Use, Refused> {
    if code.client_id != client_id {
        return Err(refused(Reason::ForeignCode));
    }
    // Also when all the rest is wrong: whoever has it, two have it.
    if code.spent_at.is_some() {
        return Ok(Use::Again);
    }
    if code.expires_at <= now {
        return Err(refused(Reason::CodeExpired));
    }
    if code.redirect_uri != request.redirect_uri {
        return Err(refused(Reason::CodeMismatch));
    }
    check_verifier(&code.challenge, request.code_verifier.as_ref())?;
    Ok(Use::First)
}

/// RFC 7636 §4.6. RFC 9700 §4.8.2: a verifier for a code that was asked for without a challenge shows that somebody took the
/// challenge away.
fn check_verifier(challenge: &str, verifier: Option<&Plain<CodeVerifier>>) -> Result<(), Refused> {
    let is_met = match verifier {
        None if challenge.is_empty() => true,
        None => {
            let about = "code_verifier is missing";
            return Err(Refused::new(ErrorCode::InvalidRequest, Reason::WrongVerifier, about));
        }
        Some(verifier) => challenge.parse().is_ok_and(|challenge: CodeChallenge| challenge.is_met_by(verifier)),
    };
    if is_met { Ok(()) } else { Err(refused(Reason::WrongVerifier)) }
}

/// What the user consented to, as far as the user and the client still have it.
async fn decide(
    app: &App,
    client: &Client,
    code: &CodeRow,
    roles: &[String],
    request: &CodeRequest,
) -> Outcome<Decision> {
    let (scopes, all_roles) = (app.directory.scopes().await?, app.directory.roles().await?);
    let held = reach::held(client, Holder::User { roles: &all_roles, of: roles }, &scopes);
    let issuer = app.config.issuer.as_str();
    let audience = reach::granted_audience(client, &code.resources, &request.resources, issuer)?;
    let meant = reach::meant_by(&audience, &app.directory.resources().await?);
    let granted = ScopeSet::parse(&code.scope).unwrap_or_default();
    let scope = reach::narrowed(&granted, &held, &scopes, meant.as_ref())?;
    Ok(Decision { scope, audience })
}

/// RFC 6749 §4.1.2: a code that is used twice is refused, and what it had opened is ended.
async fn end(app: &App, client: &Client, code: &CodeRow, origin: &Origin, now: UnixTime) -> Outcome<TokenResponse> {
    if let Some(grant_id) = &code.grant_id {
        let entry = Entry::new(Act::CodeReused, Actor::Client(&client.id)).on("grant", grant_id.clone());
        let record = entry.at_client(&client.id).about_person(code.user_id.clone()).from(origin).record(now);
        app.store.end_grant(grant_id.clone(), None, record, now).await?;
    }
    Err(refused(Reason::CodeReused).into())
}

/// Whatever is wrong with a code, its bearer hears the same.
fn refused(reason: Reason) -> Refused {
    Refused::new(ErrorCode::InvalidGrant, reason, "the authorization code is not good, or not good any more")
}
