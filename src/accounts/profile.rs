//! What people do to their own accounts.

use super::details::{self, Details, Faults};
use super::guess::{self, Guess};
use super::{browser, letters, names, pace};
use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::limits;
use crate::passwords::Verdict;
use crate::protocol::error::ErrorCode;
use crate::secret::{Password, Plain};
use crate::store::one_time_tokens::Post;
use crate::store::sessions::SessionRow;
use crate::store::users::{Amended, Amendment, Spared, UserChange, UserRow};
use crate::time::UnixTime;

use super::register::taken;

/// Who acts, from where, in which of their sign-ins.
#[derive(Clone, Copy)]
pub struct Oneself<'a> {
    pub user_id: &'a str,
    pub client_id: &'a str,
    pub grant_id: Option<&'a str>,
    /// The browser's session, where it is done on a page.
    pub session: Option<&'a SessionRow>,
    pub origin: &'a Origin,
}

/// What somebody changes about themselves.
#[derive(Clone, Debug, Default)]
pub struct OwnChange {
    pub username: Option<String>,
    /// Takes effect when it is confirmed, where addresses must be.
    pub email: Option<String>,
    /// Needed for another address, where there is one: whoever has the address can have the password.
    pub current_password: Option<Plain<Password>>,
    pub details: Details,
}

pub async fn change(
    app: &App,
    oneself: Oneself<'_>,
    change: OwnChange,
    from_version: Option<i64>,
    now: UnixTime,
) -> Outcome<UserRow> {
    let user = load(app, oneself.user_id).await?;
    let OwnChange { username, email, current_password, details } = change;
    let mut faults = Faults::default();
    details.check(app, &mut faults);
    let username = username.filter(|username| *username != user.username);
    let email = email.filter(|email| *email != user.email);
    if let Some(username) = &username {
        faults.note("username", names::check_username(username));
    }
    if let Some(email) = &email {
        faults.note("email", names::check_email(email));
        let given = current_password.is_some() || user.password_hash.is_none();
        faults.note("current_password", given.then_some(()).ok_or("is needed to change the email address"));
    }
    faults.finish()?;
    // Whether another name is taken is told, as it is to whoever registers.
    if username.as_deref().is_some_and(|username| names::fold(username) != user.username_key) {
        limits::registration(app, oneself.origin.address, now).await?;
    }
    let mut from_epoch = None;
    if let Some(email) = &email {
        from_epoch = Some(prove(app, &user, current_password.as_ref(), Act::EmailChanged, oneself, now).await?);
        // A letter goes to an address that is perhaps somebody else's.
        limits::mail(app, Act::EmailChanged, email, oneself.origin.address, now).await?;
    }
    // How many letters are written, and to whom, is not to be seen from the time.
    let pace = (email.is_some() && app.config.accounts.require_verified_email).then(pace::start);
    let (change, letters) = with_email(app, &user, email, details.into_change(), oneself.origin, now).await?;
    let change = UserChange { username_key: username.as_deref().map(names::fold), username, ..change };
    let act = if change.email.is_some() { Act::EmailChanged } else { Act::ProfileChanged };
    let record = entry(act, oneself).record(now);
    let amendment = Amendment { from_version, from_epoch, letters, ..Amendment::new(user.id, change, record, now) };
    let after = app.store.amend_user(amendment).await?;
    if let Some(pace) = pace {
        pace.keep().await;
    }
    amended(after)
}

/// Where addresses must be confirmed, another one counts only then, and nobody learns here whether it is taken.
async fn with_email(
    app: &App,
    user: &UserRow,
    email: Option<String>,
    change: UserChange,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<(UserChange, Vec<Post>)> {
    let Some(email) = email else { return Ok((change, Vec::new())) };
    let key = names::fold(&email);
    let owner = app.store.user_named(&key).await?.filter(|owner| owner.id != user.id);
    if !app.config.accounts.require_verified_email {
        let told = letters::email_changed(app, user, origin.address, now)?;
        let moved = UserRow { email: email.clone(), ..user.clone() };
        let asked = letters::verification(app, &moved, &email, now)?;
        let change = UserChange { email: Some(email), email_key: Some(key), verified_at: Some(None), ..change };
        return Ok((change, vec![told.into(), asked.into()]));
    }
    let letter = match owner {
        Some(owner) => letters::email_taken(app, &owner, now)?.into(),
        None => letters::verification(app, user, &email, now)?.into(),
    };
    Ok((change, vec![letter]))
}

/// Another password, for whoever knows the one that holds. All other sign-ins end.
pub async fn change_password(
    app: &App,
    oneself: Oneself<'_>,
    current: &Plain<Password>,
    new: &Plain<Password>,
    now: UnixTime,
) -> Outcome<()> {
    let user = load(app, oneself.user_id).await?;
    let mut faults = Faults::default();
    details::check_password(app, new, &details::own_names(&user), "new_password", &mut faults);
    faults.finish()?;
    by_password(app, &user, current, Act::PasswordChanged, oneself, now).await?;
    if details::must_be_another(app, &user, new).await? {
        return Err(Refused::field("new_password", details::MUST_BE_ANOTHER).into());
    }
    let change = details::hashed(app, new).await?;
    let letter = letters::password_changed(app, &user, oneself.origin, now)?;
    let amendment = Amendment {
        ends_grants: Some(Spared(oneself.grant_id.map(str::to_owned))),
        spares_session: oneself.session.map(|session| session.hash.clone()),
        // Not the version: what else was changed meanwhile has nothing to do with the password.
        from_epoch: Some(user.epoch),
        letters: vec![letter.into()],
        ..Amendment::new(user.id, change, entry(Act::PasswordChanged, oneself).record(now), now)
    };
    match app.store.amend_user(amendment).await? {
        // The password was changed, or the user shut out, since it was looked at.
        Amended::Overtaken => Err(wrong()),
        done => amended(done).map(drop),
    }
}

/// Closes the account; an administrator can open it again.
pub async fn close(app: &App, oneself: Oneself<'_>, from_version: Option<i64>, now: UnixTime) -> Outcome<()> {
    shut(app, oneself, from_version, None, now).await
}

/// The same for whoever shows that the account is theirs: a page may be left open for others to find.
pub async fn close_proven(
    app: &App,
    oneself: Oneself<'_>,
    current: Option<&Plain<Password>>,
    now: UnixTime,
) -> Outcome<()> {
    let user = load(app, oneself.user_id).await?;
    let epoch = prove(app, &user, current, Act::AccountDeleted, oneself, now).await?;
    shut(app, oneself, None, Some(epoch), now).await
}

async fn shut(
    app: &App,
    oneself: Oneself<'_>,
    from_version: Option<i64>,
    from_epoch: Option<i64>,
    now: UnixTime,
) -> Outcome<()> {
    let change = UserChange { disabled_at: Some(Some(now)), ..UserChange::default() };
    let record = entry(Act::AccountDeleted, oneself).record(now);
    let user_id = oneself.user_id.to_owned();
    let ends_grants = Some(Spared(None));
    let amendment = Amendment { ends_grants, from_version, from_epoch, ..Amendment::new(user_id, change, record, now) };
    amended(app.store.amend_user(amendment).await?).map(drop)
}

/// Whose account it is shows the password; where there is none, that somebody signed in with this browser a moment ago does. The
/// epoch of the user in which that holds.
async fn prove(
    app: &App,
    user: &UserRow,
    password: Option<&Plain<Password>>,
    act: Act,
    oneself: Oneself<'_>,
    now: UnixTime,
) -> Outcome<i64> {
    if user.password_hash.is_some() {
        let password = password.ok_or_else(|| Refused::field("current_password", "is missing"))?;
        by_password(app, user, password, act, oneself, now).await?;
        return Ok(user.epoch);
    }
    let Some(session) = oneself.session else { return Err(without_password(app, act, oneself, now).await?) };
    if browser::is_recent(session, now) {
        return Ok(session.user_epoch);
    }
    let record = entry(act, oneself).at_client(oneself.client_id).refused(Reason::SignInTooOld).record(now);
    app.store.record(record).await?;
    Err(Refused { reason: Reason::SignInTooOld, ..Refused::field("sign_in", SIGN_IN_AGAIN) }.into())
}

/// What the page says of a sign-in that shows nothing any more.
pub const SIGN_IN_AGAIN: &str = "was too long ago: sign in again";
const HAS_NONE: &str = "cannot be given: the account has none; a letter by \"forgot password\" sets one";

/// No password is right where there is none; nothing is guessed by it.
async fn without_password(app: &App, act: Act, oneself: Oneself<'_>, now: UnixTime) -> Outcome<Failure> {
    let record = entry(act, oneself).at_client(oneself.client_id).refused(Reason::NoPassword).record(now);
    app.store.record(record).await?;
    Ok(Refused { reason: Reason::NoPassword, ..Refused::field("current_password", HAS_NONE) }.into())
}

/// A token may be stolen; whoever has it may guess the password no more often than anybody else.
async fn by_password(
    app: &App,
    user: &UserRow,
    password: &Plain<Password>,
    act: Act,
    oneself: Oneself<'_>,
    now: UnixTime,
) -> Outcome<()> {
    let Oneself { user_id, client_id, origin, .. } = oneself;
    let Some(stored) = &user.password_hash else { return Err(without_password(app, act, oneself, now).await?) };
    let guess = Guess { name: &user.username, user: Some(user), client_id, origin, now };
    let attempt = guess::before(app, guess.name, origin, now).await?;
    let (verdict, rest) = app.passwords.verify(password, Some(stored).filter(|_| !attempt.locked)).await?;
    if let Verdict::Right { .. } = verdict {
        if attempt.succeeded(app, now).await? {
            return Ok(());
        }
        guess.refused(app, act, Actor::User(user_id), Reason::LoginLocked).await?;
    } else {
        let reason = if attempt.locked { Reason::LoginLocked } else { Reason::WrongPassword };
        guess.refused(app, act, Actor::User(user_id), reason).await?;
        guess.failed(app, attempt).await?;
    }
    rest.wait().await;
    Err(wrong())
}

fn wrong() -> Failure {
    Refused::field("current_password", "is wrong").into()
}

async fn load(app: &App, user_id: &str) -> Outcome<UserRow> {
    app.store.user(user_id).await?.ok_or_else(gone)
}

fn entry<'a>(act: Act, oneself: Oneself<'a>) -> Entry<'a> {
    Entry::new(act, Actor::User(oneself.user_id)).on("user", oneself.user_id).from(oneself.origin)
}

pub(super) fn amended(amended: Amended) -> Outcome<UserRow> {
    match amended {
        Amended::Done(user) => Ok(*user),
        Amended::Unknown => Err(gone()),
        Amended::Overtaken => {
            let about = "the account was changed since it was read: read it again";
            Err(Refused::new(ErrorCode::PreconditionFailed, Reason::Changed, about).into())
        }
        Amended::Taken(name) => Err(taken(name)),
    }
}

fn gone() -> Failure {
    Refused::new(ErrorCode::NotFound, Reason::NotThere, "there is no such user").into()
}
