//! Reading what is said of accounts.

use crate::accounts::administer::{Created, PasswordChoice, Update};
use crate::accounts::details::NewAccount;
use crate::app::App;
use crate::http::api::auth::details;
use crate::protocol::members::Members;

/// An account to be; `finish` has to find it well before it is used.
pub fn created(app: &App, body: &mut Members) -> Created {
    let account = NewAccount { username: body.text("username"), email: body.text("email"), details: details(body) };
    let password = body.optional_secret("password").map(PasswordChoice::Chosen);
    let hash = body.optional_text("password_hash").and_then(|hash| match app.passwords.import(&hash) {
        Ok(hash) => Some(PasswordChoice::Imported(hash)),
        Err(why) => {
            body.wrong("password_hash", why);
            None
        }
    });
    if password.is_some() && hash.is_some() {
        body.wrong("password_hash", "is there beside a password");
    }
    Created {
        account,
        password: password.or(hash),
        roles: body.optional_texts("roles").unwrap_or_default(),
        verified: body.optional_flag("email_verified").unwrap_or(true),
        in_bulk: false,
    }
}

/// What changes, where only what is said changes.
pub fn change(body: &mut Members) -> Update {
    Update {
        username: body.optional_text("username"),
        email: body.optional_text("email"),
        verified: body.optional_flag("email_verified"),
        details: details(body),
    }
}

/// What changes, where what is left out of the whole is gone.
pub fn whole(body: &mut Members) -> Update {
    Update {
        username: Some(body.text("username")),
        email: Some(body.text("email")),
        verified: body.optional_flag("email_verified"),
        details: details(body).whole(),
    }
}
