//! Registering: people make accounts for themselves. Where addresses must be confirmed, a known address gets the same
//! answer in the same time as a new one, and its owner a letter.

use super::details::{self, Details, Faults, NewAccount};
use super::{Means, SignedIn, letters, names, pace};
use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::failure::{Failure, Outcome, Reason, Refused};
use crate::limits;
use crate::protocol::error::ErrorCode;
use crate::protocol::members::{FieldFault, Patch};
use crate::secret::{Password, PasswordHash, Plain};
use crate::store::held_usernames::HeldUsername;
use crate::store::new_id;
use crate::store::users::{Name, NewUser, UserRow};
use crate::time::UnixTime;

/// How a registration ended.
#[derive(Clone, Debug)]
pub enum Registered {
    /// There is an account, and its owner may use it at once.
    Ready(Box<UserRow>, SignedIn),
    /// Whoever reads the mail of the address knows how it goes on.
    AsksByLetter,
}

pub async fn register(
    app: &App,
    account: NewAccount,
    password: Plain<Password>,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<Registered> {
    must_be_open(app)?;
    let mut faults = Faults::default();
    account.check(app, &mut faults);
    details::check_password(app, &password, &account.own_names(), "password", &mut faults);
    faults.finish()?;
    limits::registration(app, origin.address, now).await?;
    let hash = app.passwords.hash(&password).await?;

    if app.config.accounts.require_verified_email {
        let pace = pace::start();
        let registered = in_silence(app, account, hash, origin, now).await;
        pace.keep().await;
        return registered;
    }
    let user = row(account, Some(hash), now);
    match add(app, user.clone(), origin, now).await? {
        Ok(()) => {
            let (id, epoch, roles, means) = (user.id.clone(), user.epoch, Vec::new(), Means::Password);
            let signed_in = SignedIn { id, epoch, roles, upgraded: None, means };
            Ok(Registered::Ready(Box::new(user), signed_in))
        }
        Err(name) => Err(taken(name)),
    }
}

/// Whether people may make accounts for themselves at all.
pub fn must_be_open(app: &App) -> Outcome<()> {
    if app.config.accounts.registration {
        return Ok(());
    }
    let about = "people cannot register themselves here";
    Err(Refused::new(ErrorCode::Forbidden, Reason::RegistrationClosed, about).into())
}

/// Where addresses must be confirmed. Whether the address is known must not be seen later either: in both cases the username
/// is taken from now on, one letter more counts, and both end together unless somebody confirms the address.
async fn in_silence(
    app: &App,
    account: NewAccount,
    hash: PasswordHash,
    origin: &Origin,
    now: UnixTime,
) -> Outcome<Registered> {
    let until = now.plus(app.config.accounts.verification_seconds());
    let user = UserRow { unconfirmed_until: Some(until), ..row(account, Some(hash), now) };
    let owner = match add(app, user.clone(), origin, now).await? {
        Ok(()) => None,
        Err(Name::Username) => return Err(taken(Name::Username)),
        Err(Name::Email) => app.store.user_named(&user.email_key).await?,
    };
    let may_write = limits::mail_in_silence(app, Act::Registered, &user.email, origin.address, now).await?;
    if let Some(owner) = owner {
        let letter = if may_write { Some(letters::email_taken(app, &owner, now)?) } else { None };
        let address = letters::digest(app, &user.email_key);
        let held = HeldUsername { username_key: user.username_key, address, expires_at: until };
        let entry = Entry::new(Act::Registered, Actor::Nobody).named(&user.username).from(origin);
        let entry = entry.on("user", owner.id.clone()).about_person(owner.id).refused(Reason::TakenName);
        if !app.store.hold_username(held, letter, entry.record(now), now).await? {
            return Err(taken(Name::Username));
        }
    }
    Ok(Registered::AsksByLetter)
}

/// A new account, and the letter that asks about its address; or which of its names is taken.
async fn add(app: &App, user: UserRow, origin: &Origin, now: UnixTime) -> Outcome<Result<(), Name>> {
    let letter = letters::verification(app, &user, &user.email, now)?;
    let entry = Entry::new(Act::Registered, Actor::User(&user.id)).on("user", user.id.clone());
    let record = entry.named(&user.username).from(origin).record(now);
    let username_key = user.username_key.clone();
    let new = NewUser { user, roles: Vec::new(), letter: Some(letter) };
    match app.store.add_user(new, record).await? {
        // Both may be taken, and the databases do not say the same one first: a username is told in any case.
        Err(_) if app.store.user_named(&username_key).await?.is_some() => Ok(Err(Name::Username)),
        added => Ok(added),
    }
}

/// A row for an account that nobody has used yet.
pub(super) fn row(account: NewAccount, hash: Option<PasswordHash>, now: UnixTime) -> UserRow {
    let NewAccount { username, email, details } = account;
    let Details { given_name, family_name, name, profile } = details;
    let name = name.over(None);
    UserRow {
        id: new_id(now),
        username_key: names::fold(&username),
        username,
        email_key: names::fold(&email),
        email,
        given_name: given_name.over(None),
        family_name: family_name.over(None),
        name_key: name.as_ref().map(|name| names::fold(name)),
        name,
        profile: match profile {
            Patch::Set(profile) => profile.to_string(),
            Patch::Keep | Patch::Clear => "{}".to_owned(),
        },
        password_kind: hash.as_ref().map(PasswordHash::kind),
        password_hash: hash,
        must_reset_password: false,
        verified_at: None,
        unconfirmed_until: None,
        disabled_at: None,
        locked_at: None,
        last_login_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
        epoch: 0,
    }
}

const TAKEN_USERNAME: &str = "this username is taken";
const TAKEN_EMAIL: &str = "there is an account with this address already";

pub(super) fn taken(name: Name) -> Failure {
    let (field, about) = match name {
        Name::Username => ("username", TAKEN_USERNAME),
        Name::Email => ("email", TAKEN_EMAIL),
    };
    let fields = vec![FieldFault { field: field.to_owned(), detail: about.into() }];
    Refused { fields, ..Refused::new(ErrorCode::Conflict, Reason::TakenName, about) }.into()
}
