//! What requests and answers about one's own account hold.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;

use crate::http::answer::{Described, Empty, FAILS_TO_CHANGE, FAILS_TO_FIND, FAILS_TO_READ, FAILS_TO_REMOVE};
use crate::http::reply::Manner;

/// Somebody who has an account.
#[derive(Object)]
#[oai(rename = "User")]
pub struct UserBody {
    id: String,
    username: String,
    email: String,
    email_verified: bool,
    given_name: Option<String>,
    family_name: Option<String>,
    name: Option<String>,
    profile: Any<Value>,
    roles: Vec<String>,
    enabled: bool,
    /// Seconds since 1970.
    created_at: i64,
    updated_at: i64,
    last_login_at: Option<i64>,
}

/// What people may say of themselves.
#[derive(Object)]
pub struct OwnDetails {
    username: Option<String>,
    email: Option<String>,
    /// Needed for another address.
    current_password: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    name: Option<String>,
    profile: Option<Any<Value>>,
}

/// Somewhere where the user is signed in.
#[derive(Object)]
#[oai(rename = "Session")]
pub struct SessionBody {
    id: String,
    client_id: String,
    client_name: Option<String>,
    scope: String,
    /// What the device called itself at the sign-in.
    device: Option<String>,
    /// From where the sign-in came.
    address: Option<String>,
    /// Seconds since 1970.
    created_at: i64,
    last_used_at: i64,
    /// When the user has to sign in again, however often the session is used.
    expires_at: i64,
    /// Whether it is the one of this request.
    current: bool,
}

/// Everywhere where the user is signed in, the last used first.
#[derive(Object)]
#[oai(rename = "Sessions")]
pub struct SessionsBody {
    items: Vec<SessionBody>,
}

/// `answer!(Name, Body, status, "success", failures, headers)`
macro_rules! answer {
    ($Name:ident, $Body:ty, $status:literal, $success:literal, $failures:ident, $headers:expr, $others:expr) => {
        pub struct $Name;
        impl Described for $Name {
            type Body = $Body;
            const SUCCESS: &'static str = $success;
            const STATUS: u16 = $status;
            const MANNER: Manner = Manner::Problem;
            const FAILURES: &'static [(u16, &'static str)] = $failures;
            const HEADERS: &'static [(&'static str, &'static str)] = $headers;
            const OTHERS: &'static [(u16, &'static str)] = $others;
        }
    };
}

const TAGGED: &[(&str, &str)] = &[("ETag", "Names this version of it")];
const HELD: &[(u16, &str)] = &[(304, "Not changed since the version in If-None-Match")];

answer!(Found, UserBody, 200, "The account", FAILS_TO_FIND, TAGGED, HELD);
answer!(Changed, UserBody, 200, "The account as it is now", FAILS_TO_CHANGE, TAGGED, &[]);
answer!(Closed, Empty, 204, "The account is closed", FAILS_TO_REMOVE, &[], &[]);
answer!(SessionsListed, SessionsBody, 200, "The sessions", FAILS_TO_READ, &[], &[]);
answer!(SessionEnded, Empty, 204, "The session is over", FAILS_TO_FIND, &[], &[]);
