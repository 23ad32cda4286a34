//! What a user grants a client by signing in. However the sign-in went, the same five steps follow it:
//!
//! 1. load: the scopes, resources and roles that exist
//! 2. decide: what of what was asked for both the client and the user may have
//! 3. mint: an access token, a refresh token if the client has them, an ID token if it asked who signed in
//! 4. settle: one grant, unless the user was changed or shut out since the password was checked
//! 5. answer

use crate::accounts::{SignedIn, claims};
use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::directory::{Client, Resource, Roles, Scopes};
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::resource::ResourceUri;
use crate::protocol::scope::{OPENID, ScopeSet};
use crate::protocol::token::{GrantType, TokenResponse};
use crate::secret::{Plain, RefreshToken};
use crate::store::codes::CodeRow;
use crate::store::grants::{GrantRow, SignIn};
use crate::store::new_id;
use crate::time::UnixTime;
use crate::tokens::reach::{self, Holder};
use crate::tokens::{self, AccessGrant, IdGrant};

/// What the client asked for.
pub struct Asked<'a> {
    pub scope: Option<&'a ScopeSet>,
    pub resources: &'a [ResourceUri],
}

/// What it gets.
#[derive(Debug, PartialEq, Eq)]
pub struct Decision {
    pub scope: ScopeSet,
    /// Empty when the tokens are for this server itself.
    pub audience: Vec<ResourceUri>,
}

/// Whoever is refused here has shown who they are, so that it leaves a trace also where they get nothing; but for whoever was
/// overtaken, by what left its own.
pub async fn open(
    app: &App,
    client: &Client,
    user: SignedIn,
    asked: &Asked<'_>,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<TokenResponse> {
    let user_id = user.id.clone();
    let opened = attempt(app, client, user, asked, origin, now).await;
    if let Err(Failure::Refused(refused)) = &opened
        && refused.reason != Reason::SignInOvertaken
    {
        let entry = Entry::new(Act::SignInRefused, Actor::User(&user_id)).on("user", user_id.clone());
        let entry = entry.at_client(&client.id).refused(refused.reason).from(origin);
        app.store.record(entry.record(now)).await?;
    }
    opened
}

async fn attempt(
    app: &App,
    client: &Client,
    user: SignedIn,
    asked: &Asked<'_>,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<TokenResponse> {
    let (scopes, roles) = (app.directory.scopes().await?, app.directory.roles().await?);
    let resources = app.directory.resources().await?;
    let holder = Holder::User { roles: &roles, of: &user.roles };
    let decision = decide(client, asked, holder, &scopes, &resources, app.config.issuer.as_str())?;
    let opening = Opening {
        user_id: user.id,
        user_epoch: user.epoch,
        decision: &decision,
        refreshes: client.may_use(GrantType::RefreshToken),
        code: None,
        origin,
    };
    let (row, refresh_token) = new_grant(app, client, opening, now);
    let issued = issue(app, client, &row, &user.roles, decision, None, now).await?;

    let record = Entry::new(Act::SignedIn, Actor::User(&row.user_id)).on("grant", row.id.clone());
    let record = record.at_client(&client.id).from(origin).record(now);
    let ends_others = app.config.tokens.single_session;
    let sign_in = SignIn { epoch: user.epoch, ends_others, upgraded: user.upgraded, spends: None };
    if !app.store.open_grant(row, sign_in, record, now).await? {
        let about = "the account was changed while the sign-in was under way: try again";
        return Err(Refused::new(ErrorCode::InvalidGrant, Reason::SignInOvertaken, about).into());
    }
    Ok(TokenResponse { refresh_token: refresh_token.map(|token| token.reveal().to_owned()), ..issued })
}

/// A grant that is about to be opened.
pub(super) struct Opening<'a> {
    pub user_id: String,
    pub user_epoch: i64,
    pub decision: &'a Decision,
    /// Whether it gets a refresh token.
    pub refreshes: bool,
    /// What it is opened by, unless that is a password.
    pub code: Option<&'a CodeRow>,
    pub origin: &'a Origin,
}

pub(super) fn new_grant(
    app: &App,
    client: &Client,
    opening: Opening<'_>,
    now: UnixTime,
) -> (GrantRow, Option<Plain<RefreshToken>>) {
    let Opening { user_id, user_epoch, decision, refreshes, code, origin } = opening;
    let id = new_id(now);
    let settings = &app.config.tokens;
    let lifetime = client.access_token_lifetime().unwrap_or(settings.access_seconds());
    let (refresh_token, refresh_hash) = refreshes.then(|| tokens::refresh::make(app, &id)).unzip();
    let row = GrantRow {
        id,
        user_id,
        client_id: client.id.clone(),
        user_epoch,
        scope: decision.scope.to_string(),
        resources: reach::joined(&decision.audience),
        device: origin.device.clone(),
        address: origin.address.map(|address| address.to_string()),
        created_at: now,
        expires_at: now.plus(if refresh_hash.is_some() { settings.refresh_absolute_seconds() } else { lifetime }),
        last_used_at: now,
        ended_at: None,
        refresh_hash,
        previous_hash: None,
        rotated_at: None,
        rotation_request: None,
        successor: None,
        auth_time: code.map(|code| code.auth_time),
        session_id: code.and_then(|code| code.session_id.clone()),
        acr: code.and_then(|code| code.acr.clone()),
        amr: code.and_then(|code| code.amr.clone()),
        claims: code.and_then(|code| code.claims.clone()),
    };
    (row, refresh_token)
}

/// RFC 6749 §3.3, RFC 8707 §2: what was asked ∩ (what the user's roles give ∪ who the user is) ∩ what the client may have.
pub fn decide(
    client: &Client,
    asked: &Asked<'_>,
    holder: Holder<'_>,
    scopes: &Scopes,
    resources: &[Resource],
    issuer: &str,
) -> Result<Decision, Refused> {
    let audience = reach::audience(client, asked.resources, issuer)?;
    let meant = reach::meant_by(&audience, resources);
    let held = reach::held(client, holder, scopes);
    let scope = reach::scope(asked.scope, &held, scopes, meant.as_ref())?;
    Ok(Decision { scope, audience })
}

/// The tokens of a grant, as it is about to be or as it stands: all but the refresh token.
pub(super) async fn issue(
    app: &App,
    client: &Client,
    grant: &GrantRow,
    roles: &[String],
    decision: Decision,
    nonce: Option<&str>,
    now: UnixTime,
) -> Outcome<TokenResponse> {
    let lifetime = client.access_token_lifetime().unwrap_or(app.config.tokens.access_seconds());
    // No token outlives what it was issued on.
    let lifetime = lifetime.min(grant.expires_at.since(now));
    let wants_id = decision.scope.contains(OPENID);
    let subject = tokens::subject(app, client, &grant.user_id);
    let access = AccessGrant {
        subject: &subject,
        client_id: &client.id,
        audience: decision.audience,
        scope: decision.scope,
        grant_id: Some(&grant.id),
        roles: Roles::all_of(roles),
        lifetime,
    };
    let (token, claims) = tokens::mint_access_token(app, access, now).await?;
    let id_token = if wants_id {
        let id = IdGrant {
            client,
            grant,
            nonce,
            access_token: &token,
            user: claims::in_id_token(app, client, grant).await?,
        };
        Some(tokens::mint_id_token(app, id, now).await?)
    } else {
        None
    };
    Ok(TokenResponse { id_token, ..TokenResponse::bearer(token, lifetime, claims.scope) })
}
