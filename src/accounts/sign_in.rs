//! Proving who somebody is by a password. Whatever is wrong, the answer and its time are the same; the log and the audit
//! know more. Only who knew the password hears that a new one is due.

use crate::app::App;
use crate::audit::{Act, Actor, Origin};
use crate::failure::{Outcome, Reason, Refused};
use crate::passwords::Verdict;
use crate::protocol::error::ErrorCode;
use crate::protocol::id_token::{PASSWORD_ACR, PASSWORD_AMR, UPSTREAM_ACR, UPSTREAM_AMR};
use crate::secret::{Password, PasswordHash, Plain};
use crate::store::grants::Upgraded;
use crate::store::users::UserRow;
use crate::time::UnixTime;

use super::guess::{self, Guess};
use super::names;

/// A user who has proven to be one.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub id: String,
    /// As it was when the password was checked.
    pub epoch: i64,
    /// Besides the one that everybody has.
    pub roles: Vec<String>,
    pub upgraded: Option<Upgraded>,
    pub means: Means,
}

/// By what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    Password,
    Upstream(Vouched),
}

/// What a provider says of whoever signs in with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// What the provider is called here.
    pub name: String,
    /// When it last asked them who they are, if it says.
    pub auth_time: Option<UnixTime>,
    /// Whether it was asked to ask them now.
    pub asked: bool,
}

impl Means {
    /// What clients hear of it: the class, and the method.
    pub fn told(&self) -> (&'static str, &'static str) {
        match self {
            Self::Password => (PASSWORD_ACR, PASSWORD_AMR),
            Self::Upstream(_) => (UPSTREAM_ACR, UPSTREAM_AMR),
        }
    }

    /// When they showed who they are, as clients hear it. A provider that says nothing of it is taken to have asked.
    pub fn auth_time(&self, now: UnixTime) -> UnixTime {
        match self {
            Self::Password => now,
            Self::Upstream(vouched) => vouched.auth_time.map_or(now, |at| at.min(now)),
        }
    }

    /// The same, where it is to show whose account it is: a provider that asked nobody shows nothing.
    pub fn proven_at(&self, now: UnixTime) -> Option<UnixTime> {
        match self {
            Self::Upstream(vouched) if !vouched.asked => vouched.auth_time.map(|at| at.min(now)),
            _ => Some(now),
        }
    }
}

pub async fn sign_in(
    app: &App,
    name: &str,
    password: &Plain<Password>,
    client_id: &str,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<SignedIn> {
    let attempt = guess::before(app, name, origin, now).await?;
    let user = app.store.user_named(&names::fold(name)).await?;
    let guess = Guess { name, user: user.as_ref(), client_id, origin, now };
    let admitted = admit(user.as_ref(), attempt.locked, app.config.accounts.require_verified_email);
    // Who is not let in whatever the password is waits for one to be computed all the same.
    let (verdict, rest) = app.passwords.verify(password, admitted.ok().map(|(_, stored)| stored)).await?;
    let (user, stored, outdated) = match (admitted, verdict) {
        (Ok((user, stored)), Verdict::Right { outdated }) => (user, stored, outdated),
        (admitted, _) => {
            let refused = refuse(app, &guess, admitted.err().unwrap_or(Reason::WrongPassword)).await?;
            guess.failed(app, attempt).await?;
            rest.wait().await;
            return Err(refused.into());
        }
    };
    if !attempt.succeeded(app, now).await? {
        let refused = refuse(app, &guess, Reason::LoginLocked).await?;
        rest.wait().await;
        return Err(refused.into());
    }
    if user.must_reset_password {
        return Err(refuse(app, &guess, Reason::PasswordResetDue).await?.into());
    }
    let upgraded = if outdated { app.passwords.hash(password).await.ok() } else { None };
    let upgraded = upgraded.map(|to| Upgraded { from: stored.clone(), to });
    let roles = app.store.roles_of(&user.id).await?;
    Ok(SignedIn { id: user.id.clone(), epoch: user.epoch, roles, upgraded, means: Means::Password })
}

/// The user and the stored password, if a right one is all that is missing.
fn admit(user: Option<&UserRow>, locked: bool, must_be_verified: bool) -> Result<(&UserRow, &PasswordHash), Reason> {
    if locked {
        return Err(Reason::LoginLocked);
    }
    let user = user.ok_or(Reason::UnknownUser)?;
    let stored = user.password_hash.as_ref().ok_or(Reason::NoPassword)?;
    if user.disabled_at.is_some() {
        return Err(Reason::UserDisabled);
    }
    if user.locked_at.is_some() {
        return Err(Reason::UserLocked);
    }
    // Whoever registers with the address of somebody else would see by another answer that it was known.
    if user.verified_at.is_none() && must_be_verified {
        return Err(Reason::UserUnverified);
    }
    Ok((user, stored))
}

/// Records why not, and returns what may be said of it.
async fn refuse(app: &App, guess: &Guess<'_>, reason: Reason) -> Outcome<Refused> {
    guess.refused(app, Act::SignInRefused, Actor::Nobody, reason).await?;
    let about = match reason {
        Reason::PasswordResetDue => "this account needs a new password: ask for a link by \"forgot password\"",
        _ if app.config.accounts.require_verified_email => {
            "the name or the password is wrong, or the address of the account is not confirmed yet"
        }
        _ => "the name or the password is wrong",
    };
    Ok(Refused::new(ErrorCode::InvalidGrant, reason, about))
}
