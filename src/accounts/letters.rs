//! The letters that accounts send, with the links in them. Each link holds a token that works once, for one address.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

use crate::app::App;
use crate::audit::Origin;
use crate::failure::Outcome;
use crate::mail::{Letter, Link};
use crate::outbox;
use crate::secret::{Hash, OneTimeToken, Plain};
use crate::store::one_time_tokens::{OneTimeLetter, OneTimeRow, Spent};
use crate::store::outbox::OutboxRow;
use crate::store::users::UserRow;
use crate::time::UnixTime;

/// The page that lists with whom somebody signs in.
const LINKED: &str = "/account/linked";

/// What the token of a link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Proving that the account's address is its user's.
    VerifyEmail,
    /// Giving the account another address, by proving that this one is its user's.
    ChangeEmail,
    ResetPassword,
}

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ChangeEmail => "change_email",
            Self::ResetPassword => "reset_password",
        }
    }
}

/// Asks whoever reads the mail of `email` whether it is theirs: the account's address, or one that it should get.
pub fn verification(app: &App, user: &UserRow, email: &str, now: UnixTime) -> Outcome<OneTimeLetter> {
    let lives_seconds = app.config.accounts.verification_seconds();
    // By the text itself: another spelling takes effect when it is confirmed, like any other address.
    let purpose = if email == user.email { Purpose::VerifyEmail } else { Purpose::ChangeEmail };
    let (token, row) = make(app, &user.id, purpose, email, now.plus(lives_seconds), now);
    let link = Link::with_token(&app.config.issuer, "/verify-email", &token);
    let letter = Letter::VerifyEmail { name: addressed(user), link, lives_seconds };
    Ok(OneTimeLetter { token: row, letter: outbox::letter(app, letter, email, now)? })
}

pub fn reset(app: &App, user: &UserRow, now: UnixTime) -> Outcome<OneTimeLetter> {
    let lives_seconds = app.config.accounts.reset_seconds();
    let (token, row) = make(app, &user.id, Purpose::ResetPassword, &user.email, now.plus(lives_seconds), now);
    let link = Link::with_token(&app.config.issuer, "/reset-password", &token);
    let letter = Letter::ResetPassword { name: addressed(user), link, lives_seconds };
    Ok(OneTimeLetter { token: row, letter: outbox::letter(app, letter, &user.email, now)? })
}

/// To the owner of an address with which somebody wanted an account.
pub fn email_taken(app: &App, owner: &UserRow, now: UnixTime) -> Outcome<OutboxRow> {
    let letter = Letter::EmailTaken { name: addressed(owner), link: Link::to(&app.config.issuer, "/forgot-password") };
    outbox::letter(app, letter, &owner.email, now)
}

pub fn password_changed(app: &App, user: &UserRow, origin: &Origin, now: UnixTime) -> Outcome<OutboxRow> {
    let link = Link::to(&app.config.issuer, "/forgot-password");
    let letter = Letter::PasswordChanged { name: addressed(user), link, at: now, address: origin.address };
    outbox::letter(app, letter, &user.email, now)
}

/// To the address that the account had until now. `address` is from where it was changed, when its user did it.
pub fn email_changed(app: &App, before: &UserRow, address: Option<IpAddr>, now: UnixTime) -> Outcome<OutboxRow> {
    let link = Link::to(&app.config.issuer, "/forgot-password");
    let letter = Letter::EmailChanged { name: addressed(before), link, at: now, address };
    outbox::letter(app, letter, &before.email, now)
}

/// What somebody is told of a provider that is linked now, or is not any more.
pub enum About {
    Linked,
    Unlinked,
}

pub fn provider(
    app: &App,
    user: &UserRow,
    (about, label): (About, &str),
    origin: &Origin,
    now: UnixTime,
) -> Outcome<OutboxRow> {
    let (name, link, provider) = (addressed(user), Link::to(&app.config.issuer, LINKED), label.to_owned());
    let (at, address) = (now, origin.address);
    let letter = match about {
        About::Linked => Letter::ProviderLinked { name, link, provider, at, address },
        About::Unlinked => Letter::ProviderUnlinked { name, link, provider, at, address },
    };
    outbox::letter(app, letter, &user.email, now)
}

/// The row of a token that is still good for this.
pub async fn read(
    app: &App,
    token: &Plain<OneTimeToken>,
    purposes: &[Purpose],
    now: UnixTime,
) -> Outcome<Option<OneTimeRow>> {
    let found = app.store.one_time_token(&hash(app, token), now).await?;
    Ok(found.filter(|row| purposes.iter().any(|purpose| row.purpose == purpose.as_str())))
}

/// What uses it up.
pub fn spent(row: &OneTimeRow) -> Spent {
    Spent { hash: row.hash.clone(), purpose: row.purpose.clone() }
}

fn make(
    app: &App,
    user_id: &str,
    purpose: Purpose,
    email: &str,
    expires_at: UnixTime,
    now: UnixTime,
) -> (Plain<OneTimeToken>, OneTimeRow) {
    let token = Plain::<OneTimeToken>::generate();
    let row = OneTimeRow {
        hash: hash(app, &token),
        user_id: user_id.to_owned(),
        purpose: purpose.as_str().to_owned(),
        email: email.to_owned(),
        created_at: now,
        expires_at,
    };
    (token, row)
}

fn hash(app: &App, token: &Plain<OneTimeToken>) -> Hash<OneTimeToken> {
    token.hash(app.keyring.secret_hash_key())
}

/// What names an address where it must not be read.
pub fn digest(app: &App, email_key: &str) -> String {
    BASE64URL.encode(app.keyring.secret_hash_key().mac(&[b"address of a held username", email_key.as_bytes()]))
}

/// How a letter calls its reader.
fn addressed(user: &UserRow) -> Option<String> {
    user.name.clone().or_else(|| user.given_name.clone()).or_else(|| Some(user.username.clone()))
}
