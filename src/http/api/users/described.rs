//! What requests and answers about accounts hold.

use poem_openapi::Object;

use crate::http::answer::{
    Empty, FAILS_TO_CHANGE, FAILS_TO_FIND, FAILS_TO_MAKE, FAILS_TO_READ, FAILS_TO_REMOVE, HELD, PAGED, PLACED, TAGGED,
    answer,
};
use crate::http::api::auth::DetailsBody;
use crate::http::api::me::UserBody;

/// An account as administrators see it.
#[derive(Object)]
#[oai(rename = "Account")]
pub struct AccountBody {
    #[oai(flatten)]
    user: UserBody,
    /// By an administrator.
    locked: bool,
    has_password: bool,
    /// Whether its user must set a new password before signing in.
    must_reset_password: bool,
}

/// Accounts in the order in which they were made.
#[derive(Object)]
#[oai(rename = "AccountPage")]
pub struct PageBody {
    items: Vec<AccountBody>,
    /// The cursor of the next page.
    next: Option<String>,
}

/// An account to be.
#[derive(Object)]
#[oai(rename = "NewAccount")]
pub struct NewBody {
    username: String,
    email: String,
    /// Without one nobody signs in before a new one is set.
    password: Option<String>,
    /// A hash that another system made (Argon2, bcrypt, PBKDF2, scrypt), instead of a password.
    password_hash: Option<String>,
    #[oai(flatten)]
    details: DetailsBody,
    roles: Option<Vec<String>>,
    /// True unless it says otherwise: whoever makes the account vouches for the address.
    email_verified: Option<bool>,
}

/// What an account should be from now on.
#[derive(Object)]
#[oai(rename = "AccountDetails")]
pub struct WholeBody {
    username: String,
    email: String,
    #[oai(flatten)]
    details: DetailsBody,
    /// When it is left out: as before, and false for another address.
    email_verified: Option<bool>,
}

/// What changes about an account.
#[derive(Object)]
#[oai(rename = "AccountChange")]
pub struct ChangeBody {
    username: Option<String>,
    email: Option<String>,
    #[oai(flatten)]
    details: DetailsBody,
    /// When it is left out: as before, and false for another address.
    email_verified: Option<bool>,
}

/// The roles that a user has from now on.
#[derive(Object)]
#[oai(rename = "AccountRoles")]
pub struct RolesBody {
    roles: Vec<String>,
}

/// A new password.
#[derive(Object)]
#[oai(rename = "AccountPassword")]
pub struct PasswordBody {
    password: String,
}

/// Somewhere where a user is signed in.
#[derive(Object)]
#[oai(rename = "AccountSession")]
pub struct SessionBody {
    id: String,
    /// `client`, or `browser`: at this server itself.
    kind: String,
    /// Of a browser there is neither client nor scope.
    client_id: Option<String>,
    scope: Option<String>,
    /// What the device called itself at the sign-in.
    device: Option<String>,
    /// From where the sign-in came.
    address: Option<String>,
    /// Seconds since 1970.
    created_at: i64,
    last_used_at: i64,
    /// When the user has to sign in again, however often the session is used.
    expires_at: i64,
}

/// Where a user is signed in, the newest first.
#[derive(Object)]
#[oai(rename = "AccountSessionPage")]
pub struct SessionsBody {
    items: Vec<SessionBody>,
    /// The cursor of the next page.
    next: Option<String>,
}

/// What became of a file.
#[derive(Object)]
#[oai(rename = "ImportReport")]
pub struct ReportBody {
    imported: u64,
    /// The first thousand of the lines that were refused.
    refused: Vec<RefusedLineBody>,
    /// How many lines were refused in all.
    refused_lines: u64,
}

/// A line that made no account.
#[derive(Object)]
#[oai(rename = "RefusedLine")]
pub struct RefusedLineBody {
    /// Its number, beginning with 1.
    line: u64,
    /// Why not.
    detail: String,
}

answer!(Listed, PageBody, 200, "A page of accounts", FAILS_TO_READ, PAGED);
answer!(Created, AccountBody, 201, "The new account", FAILS_TO_MAKE, PLACED);
answer!(Found, AccountBody, 200, "The account", FAILS_TO_FIND, TAGGED, HELD);
answer!(Changed, AccountBody, 200, "The account as it is now", FAILS_TO_CHANGE, TAGGED);
answer!(Removed, Empty, 204, "It is disabled, or gone", FAILS_TO_REMOVE);
answer!(SessionsListed, SessionsBody, 200, "A page of sessions", FAILS_TO_FIND, PAGED);
answer!(SessionsEnded, Empty, 204, "It is over", FAILS_TO_FIND);
answer!(Imported, ReportBody, 200, "What became of each line", FAILS_TO_MAKE);
