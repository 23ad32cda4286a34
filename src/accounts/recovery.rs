//! Links in letters: proving an address, and setting a password that was forgotten. Nobody learns from an answer or its time
//! whether there is an account.

use super::details::{self, Faults};
use super::letters::{self, Purpose};
use super::{names, pace};
use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::limits;
use crate::protocol::error::ErrorCode;
use crate::secret::{OneTimeToken, Password, Plain};
use crate::store::one_time_tokens::{OneTimeLetter, OneTimeRow};
use crate::store::users::{Amended, Amendment, Spared, UserChange, UserRow};
use crate::time::UnixTime;

use super::register::taken;

/// Sends the letter that asks to confirm an address once more.
pub async fn resend_verification(app: &App, email: &str, origin: &Origin, now: UnixTime) -> Outcome<()> {
    send(app, email, Act::VerificationSent, origin, now).await
}

/// Sends a letter by which a password can be set.
pub async fn forgot_password(app: &App, email: &str, origin: &Origin, now: UnixTime) -> Outcome<()> {
    send(app, email, Act::ResetRequested, origin, now).await
}

async fn send(app: &App, email: &str, act: Act, origin: &Origin, now: UnixTime) -> Outcome<()> {
    limits::mail(app, act, email, origin.address, now).await?;
    let pace = pace::start();
    let key = names::fold(email);
    let user = if key.contains('@') { app.store.user_named(&key).await? } else { None };
    let confirms = act == Act::VerificationSent;
    let entry = Entry::new(act, Actor::Nobody).named(email).from(origin);
    // What was typed goes when the user is erased, whether a letter was sent or not.
    let entry = match &user {
        Some(user) => entry.on("user", user.id.clone()).about_person(user.id.clone()),
        None => entry,
    };
    match user.as_ref().ok_or(Reason::UnknownUser).and_then(|user| letter(app, user, act, now)) {
        Ok(letter) => app.store.send_one_time_token(letter?, confirms, entry.record(now)).await?,
        Err(reason) => app.store.record(entry.refused(reason).record(now)).await?,
    }
    if confirms {
        let until = now.plus(app.config.accounts.verification_seconds());
        app.store.prolong_holds(letters::digest(app, &key), until, now).await?;
    }
    pace.keep().await;
    Ok(())
}

/// Or why none would help.
fn letter(app: &App, user: &UserRow, act: Act, now: UnixTime) -> Result<Outcome<OneTimeLetter>, Reason> {
    match act {
        _ if user.unconfirmed_until.is_some_and(|until| until <= now) => Err(Reason::UnknownUser),
        _ if user.disabled_at.is_some() => Err(Reason::UserDisabled),
        Act::VerificationSent if user.verified_at.is_some() => Err(Reason::AlreadyVerified),
        Act::VerificationSent => Ok(letters::verification(app, user, &user.email, now)),
        _ => Ok(letters::reset(app, user, now)),
    }
}

/// The address that a link confirms. Looking uses nothing up: programs that scan mail look, too.
pub async fn address_to_confirm(app: &App, token: &Plain<OneTimeToken>, now: UnixTime) -> Outcome<String> {
    let (row, _) = confirmable(app, token, now).await?;
    Ok(row.email)
}

/// The name of the user for whom a link sets a password.
pub async fn name_to_reset(app: &App, token: &Plain<OneTimeToken>, now: UnixTime) -> Outcome<String> {
    let (_, user) = resettable(app, token, now).await?;
    Ok(user.username)
}

async fn confirmable(app: &App, token: &Plain<OneTimeToken>, now: UnixTime) -> Outcome<(OneTimeRow, UserRow)> {
    let (row, user) = load(app, token, &[Purpose::VerifyEmail, Purpose::ChangeEmail], now).await?;
    // Unless it is to become another one, the letter must be about the address that the account has.
    let is_about_it = row.purpose == Purpose::ChangeEmail.as_str() || names::fold(&row.email) == user.email_key;
    if is_about_it { Ok((row, user)) } else { Err(spent_link()) }
}

async fn resettable(app: &App, token: &Plain<OneTimeToken>, now: UnixTime) -> Outcome<(OneTimeRow, UserRow)> {
    let (row, user) = load(app, token, &[Purpose::ResetPassword], now).await?;
    // A letter to an address that the account no longer has is not its owner's any more.
    let is_about_it = names::fold(&row.email) == user.email_key && user.disabled_at.is_none();
    if is_about_it { Ok((row, user)) } else { Err(spent_link()) }
}

async fn load(
    app: &App,
    token: &Plain<OneTimeToken>,
    purposes: &[Purpose],
    now: UnixTime,
) -> Outcome<(OneTimeRow, UserRow)> {
    let row = letters::read(app, token, purposes, now).await?.ok_or_else(spent_link)?;
    let user = app.store.user(&row.user_id).await?.ok_or_else(spent_link)?;
    Ok((row, user))
}

/// Whoever has the token reads the mail of its address.
pub async fn verify_email(app: &App, token: &Plain<OneTimeToken>, origin: &Origin, now: UnixTime) -> Outcome<()> {
    let (row, user) = confirmable(app, token, now).await?;
    let key = names::fold(&row.email);
    let moves = row.email != user.email;
    let change = UserChange {
        verified_at: Some(Some(now)),
        email: moves.then(|| row.email.clone()),
        email_key: moves.then_some(key),
        ..UserChange::default()
    };
    let act = if moves { Act::EmailChanged } else { Act::EmailVerified };
    let record = Entry::new(act, Actor::User(&user.id)).on("user", user.id.clone()).from(origin).record(now);
    let spends = Some(letters::spent(&row));
    let told = if moves { Some(letters::email_changed(app, &user, origin.address, now)?.into()) } else { None };
    let letters = Vec::from_iter(told);
    let amendment = Amendment { spends, letters, ..Amendment::new(user.id.clone(), change, record, now) };
    amended(app.store.amend_user(amendment).await?).map(drop)
}

/// A new password for whoever reads the mail of the account. Everything that was granted before ends; and where nobody had
/// confirmed the address yet, so do links to providers, which somebody else may have made in the name of its owner.
pub async fn reset_password(
    app: &App,
    token: &Plain<OneTimeToken>,
    password: &Plain<Password>,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<()> {
    let (row, user) = resettable(app, token, now).await?;
    let mut faults = Faults::default();
    details::check_password(app, password, &details::own_names(&user), "password", &mut faults);
    faults.finish()?;
    if details::must_be_another(app, &user, password).await? {
        return Err(Refused::field("password", details::MUST_BE_ANOTHER).into());
    }
    let change = details::hashed(app, password).await?;
    // Whoever used the link reads the mail of the account.
    let verified_at = user.verified_at.is_none().then_some(Some(now));
    let record = Entry::new(Act::PasswordReset, Actor::User(&user.id)).on("user", user.id.clone());
    let amendment = Amendment {
        spends: Some(letters::spent(&row)),
        ends_grants: Some(Spared(None)),
        unlinks: verified_at.is_some(),
        forgives: limits::counted_as(app, &[&user.username, &user.email]),
        letters: vec![letters::password_changed(app, &user, origin, now)?.into()],
        ..Amendment::new(user.id.clone(), UserChange { verified_at, ..change }, record.from(origin).record(now), now)
    };
    amended(app.store.amend_user(amendment).await?).map(drop)
}

fn amended(amended: Amended) -> Outcome<UserRow> {
    match amended {
        Amended::Done(user) => Ok(*user),
        Amended::Unknown | Amended::Overtaken => Err(spent_link()),
        Amended::Taken(name) => Err(taken(name)),
    }
}

fn spent_link() -> Failure {
    let about = "the link is not good, or not good any more: ask for another letter";
    Refused::new(ErrorCode::InvalidGrant, Reason::SpentLink, about).into()
}
