//! What requests and answers about signing in hold.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;

use crate::http::answer::{Empty, answer};
use crate::http::api::me::UserBody;

/// An account to be.
#[derive(Object)]
pub struct NewUser {
    /// Letters from a to z, digits, and `. _ - +`.
    username: String,
    email: String,
    password: String,
    #[oai(flatten)]
    details: DetailsBody,
}

/// What people may say of themselves.
#[derive(Object)]
pub struct DetailsBody {
    given_name: Option<String>,
    family_name: Option<String>,
    /// How the user is called, when that is not both.
    name: Option<String>,
    /// Whatever else is to be kept of the user.
    profile: Option<Any<Value>>,
}

/// Who signs in.
#[derive(Object)]
pub struct Credentials {
    /// The username or the address.
    username: String,
    password: String,
    /// Names with a space between them; without it, all that the user may have.
    scope: Option<String>,
}

/// What keeps somebody signed in.
#[derive(Object)]
pub struct Renewal {
    refresh_token: String,
    /// Fewer scopes than at the sign-in, for this access token.
    scope: Option<String>,
}

/// Which session ends, when it is not that of the access token.
#[derive(Object)]
pub struct SessionEnd {
    refresh_token: Option<String>,
}

/// The token of a link in a letter.
#[derive(Object)]
pub struct LinkToken {
    token: String,
}

/// Where a letter is to go.
#[derive(Object)]
pub struct Addressee {
    email: String,
}

/// A password for whoever has the token of a link.
#[derive(Object)]
pub struct NewPassword {
    token: String,
    password: String,
}

/// A password in the place of another one.
#[derive(Object)]
pub struct PasswordChange {
    current_password: String,
    new_password: String,
}

/// What a session has.
#[derive(Object)]
#[oai(rename = "SessionTokens")]
pub struct TokensBody {
    /// For the Authorization header.
    access_token: String,
    /// `Bearer`
    token_type: String,
    /// Seconds.
    expires_in: i64,
    scope: Option<String>,
    /// Good once, at `/api/v1/auth/refresh`.
    refresh_token: Option<String>,
    /// A JWT about who signed in.
    id_token: Option<String>,
}

/// A new account.
#[derive(Object)]
#[oai(rename = "Registration")]
pub struct RegistrationBody {
    /// `registered`, or `verification_sent`: then all else is absent.
    status: String,
    user: Option<UserBody>,
    access_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<i64>,
    scope: Option<String>,
    refresh_token: Option<String>,
    id_token: Option<String>,
}

const MALFORMED: (u16, &str) = (400, "The request is malformed");
const NOT_PROVEN: (u16, &str) = (401, "The name, the password or the token is not good");
const NOT_HERE: (u16, &str) = (403, "This is switched off, or not for this caller");
const TAKEN: (u16, &str) = (409, "The username, or the address, is taken; or the same request is under way");
const TOO_SLOW: (u16, &str) = (408, "The body did not arrive in time");
const TOO_LARGE: (u16, &str) = (413, "The body is too large");
const WRONG_TYPE: (u16, &str) = (415, "The body's content type is not taken");
const BAD_FIELDS: (u16, &str) = (422, "Members of the body are not acceptable");
const TOO_MANY: (u16, &str) = (429, "Too many calls, wrong passwords, registrations or letters; wait");

/// What may go wrong wherever a body is read, and `$more`.
macro_rules! failures {
    ($($more:ident),*) => { &[MALFORMED, $($more,)* TOO_SLOW, TOO_LARGE, WRONG_TYPE, BAD_FIELDS, TOO_MANY] };
}

answer!(
    SignedUp,
    RegistrationBody,
    201,
    "The account and a session, or that a letter was sent",
    failures!(NOT_HERE, TAKEN)
);
answer!(SignedIn, TokensBody, 200, "The tokens of the session", failures!(NOT_PROVEN, NOT_HERE));
answer!(LoggedOut, Empty, 204, "The session is over", failures!(NOT_PROVEN, NOT_HERE));
answer!(Verified, Empty, 204, "The address is confirmed", failures!(TAKEN));
answer!(Sent, Empty, 202, "If there is such an account, the letter is on its way", failures!());
answer!(PasswordSet, Empty, 204, "The password is set, and all sessions are over", failures!());
answer!(
    PasswordChanged,
    Empty,
    204,
    "The password is changed, and all other sessions are over",
    failures!(NOT_PROVEN, NOT_HERE, TAKEN)
);
