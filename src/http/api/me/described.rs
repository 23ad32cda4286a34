//! What requests and answers about one's own account hold.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;

use crate::http::answer::{
    Empty, FAILS_TO_CHANGE, FAILS_TO_FIND, FAILS_TO_READ, FAILS_TO_REMOVE, HELD, PAGED, TAGGED, answer,
};
use crate::http::api::auth::DetailsBody;
use crate::http::api::users::AccountSession;

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
    /// With the one that everybody has.
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
    #[oai(flatten)]
    details: DetailsBody,
}

/// Somewhere where the user is signed in.
#[derive(Object)]
#[oai(rename = "Session")]
pub struct SessionBody {
    #[oai(flatten)]
    session: AccountSession,
    client_name: Option<String>,
    /// Whether it is the one of this request.
    current: bool,
}

/// What a client may have.
#[derive(Object)]
#[oai(rename = "Consent")]
pub struct ConsentBody {
    client_id: String,
    client_name: Option<String>,
    /// Separated by spaces.
    scope: String,
    /// Seconds since 1970.
    created_at: i64,
    updated_at: i64,
}

/// What clients may have, by the clients' ids.
#[derive(Object)]
#[oai(rename = "ConsentPage")]
pub struct ConsentsBody {
    items: Vec<ConsentBody>,
    /// The cursor of the next page.
    next: Option<String>,
}

/// Where the user is signed in, the newest first.
#[derive(Object)]
#[oai(rename = "SessionPage")]
pub struct SessionsBody {
    items: Vec<SessionBody>,
    /// The cursor of the next page.
    next: Option<String>,
}

answer!(Found, UserBody, 200, "The account", FAILS_TO_FIND, TAGGED, HELD);
answer!(Changed, UserBody, 200, "The account as it is now", FAILS_TO_CHANGE, TAGGED);
answer!(Closed, Empty, 204, "The account is closed", FAILS_TO_REMOVE);
answer!(SessionsListed, SessionsBody, 200, "A page of sessions", FAILS_TO_READ, PAGED);
answer!(ConsentsListed, ConsentsBody, 200, "A page of what clients may have", FAILS_TO_READ, PAGED);
answer!(ConsentWithdrawn, Empty, 204, "The client may have nothing any more", FAILS_TO_FIND);
answer!(SessionEnded, Empty, 204, "The session is over", FAILS_TO_FIND);
