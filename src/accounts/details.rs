//! What an account says about its owner, checked: names, addresses, the profile document, a new password.

use serde_json::Value;

use super::{names, policy};
use crate::app::App;
use crate::failure::{Broken, Failure, Outcome};
use crate::passwords::Verdict;
use crate::protocol::members::{FieldFault, FieldFaults, Patch};
use crate::secret::{Password, PasswordHash, Plain};
use crate::store::users::{UserChange, UserRow};

/// What a new account is made of.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub username: String,
    pub email: String,
    pub details: Details,
}

/// What people may say of themselves, and change.
#[derive(Clone, Debug)]
pub struct Details {
    pub given_name: Patch<String>,
    pub family_name: Patch<String>,
    pub name: Patch<String>,
    pub profile: Patch<Value>,
}

impl Default for Details {
    fn default() -> Self {
        Self { given_name: Patch::Keep, family_name: Patch::Keep, name: Patch::Keep, profile: Patch::Keep }
    }
}

/// Collects what is wrong, so that all of it is said at once.
#[derive(Default)]
pub struct Faults(Vec<FieldFault>);

impl Faults {
    pub fn note(&mut self, field: &str, checked: Result<(), impl Into<std::borrow::Cow<'static, str>>>) {
        if let Err(detail) = checked {
            self.0.push(FieldFault { field: field.to_owned(), detail: detail.into() });
        }
    }

    pub fn finish(self) -> Result<(), FieldFaults> {
        if self.0.is_empty() { Ok(()) } else { Err(FieldFaults(self.0)) }
    }
}

impl NewAccount {
    pub fn check(&self, app: &App, faults: &mut Faults) {
        faults.note("username", names::check_username(&self.username));
        faults.note("email", names::check_email(&self.email));
        self.details.check(app, faults);
    }

    /// What the owner is called, for the rule that a password holds none of it.
    pub fn own_names(&self) -> Vec<&str> {
        let Details { given_name, family_name, name, .. } = &self.details;
        let set = [given_name, family_name, name].into_iter().filter_map(|patch| match patch {
            Patch::Set(name) => Some(name.as_str()),
            Patch::Keep | Patch::Clear => None,
        });
        [self.username.as_str(), self.email.as_str()].into_iter().chain(set).collect()
    }
}

/// The same of an account that exists.
pub fn own_names(user: &UserRow) -> Vec<&str> {
    let names = [&user.given_name, &user.family_name, &user.name].into_iter().filter_map(Option::as_deref);
    [user.username.as_str(), user.email.as_str()].into_iter().chain(names).collect()
}

impl Details {
    pub fn check(&self, app: &App, faults: &mut Faults) {
        for (field, patch) in
            [("given_name", &self.given_name), ("family_name", &self.family_name), ("name", &self.name)]
        {
            if let Patch::Set(name) = patch {
                faults.note(field, names::check_name(name));
            }
        }
        if let Patch::Set(profile) = &self.profile {
            let most = app.config.accounts.profile_bytes;
            let fits = u64::try_from(profile.to_string().len()).is_ok_and(|length| length <= u64::from(most));
            faults.note("profile", profile.is_object().then_some(()).ok_or("must be an object"));
            faults.note("profile", fits.then_some(()).ok_or_else(|| format!("must have at most {most} bytes")));
        }
    }

    pub fn into_change(self) -> UserChange {
        let name = changed(self.name);
        UserChange {
            given_name: changed(self.given_name),
            family_name: changed(self.family_name),
            name_key: name.as_ref().map(|name| name.as_deref().map(names::fold)),
            name,
            profile: match self.profile {
                Patch::Keep => None,
                Patch::Clear => Some("{}".to_owned()),
                Patch::Set(profile) => Some(profile.to_string()),
            },
            ..UserChange::default()
        }
    }

    /// As a description of the whole: what it does not mention has no value any more.
    #[must_use]
    pub fn whole(self) -> Self {
        fn told<T>(patch: Patch<T>) -> Patch<T> {
            if let Patch::Keep = patch { Patch::Clear } else { patch }
        }
        let Self { given_name, family_name, name, profile } = self;
        Self { given_name: told(given_name), family_name: told(family_name), name: told(name), profile: told(profile) }
    }

    /// Whether it says anything.
    pub fn is_empty(&self) -> bool {
        let Self { given_name, family_name, name, profile } = self;
        [given_name, family_name, name].into_iter().all(|patch| *patch == Patch::Keep) && *profile == Patch::Keep
    }
}

/// `None` leaves the column as it is.
fn changed(patch: Patch<String>) -> Option<Option<String>> {
    match patch {
        Patch::Keep => None,
        Patch::Clear => Some(None),
        Patch::Set(name) => Some(Some(name)),
    }
}

/// Every fault of a new password, under the name of its member.
pub fn check_password(app: &App, password: &Plain<Password>, own_names: &[&str], field: &str, faults: &mut Faults) {
    for fault in policy::check(&app.config.passwords, password, own_names).err().into_iter().flatten() {
        faults.note(field, Err(fault));
    }
}

/// Where an administrator asked for another password, whether this is the one that they asked to replace.
pub async fn must_be_another(app: &App, user: &UserRow, new: &Plain<Password>) -> Outcome<bool> {
    if !user.must_reset_password {
        return Ok(false);
    }
    let (verdict, _) = app.passwords.verify(new, user.password_hash.as_ref()).await?;
    Ok(matches!(verdict, Verdict::Right { .. }))
}

pub const MUST_BE_ANOTHER: &str = "is the password that must be replaced";

/// The hash of a new password, as the columns have it.
pub async fn hashed(app: &App, password: &Plain<Password>) -> Outcome<UserChange> {
    let hash = app.passwords.hash(password).await?;
    Ok(with_hash(hash))
}

pub fn with_hash(hash: PasswordHash) -> UserChange {
    UserChange {
        password_kind: Some(Some(hash.kind())),
        password_hash: Some(Some(hash)),
        must_reset_password: Some(false),
        ..UserChange::default()
    }
}

/// The profile of a row as the document that it is.
pub fn profile(user: &UserRow) -> Outcome<Value> {
    serde_json::from_str(&user.profile).map_err(|error| {
        Failure::Broken(Broken { what: "store", passing: false, source: format!("a stored profile: {error}") })
    })
}
