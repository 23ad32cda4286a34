//! Somebody whom nobody knows here yet gets an account of what the provider says of them.

use serde_json::json;

use super::arrive::{Arrival, Arrived, await_proof, known_user, row};
use super::stale;
use crate::accounts::details::{Details, NewAccount};
use crate::accounts::sign_in::SignedIn;
use crate::accounts::{letters, names, pace, register};
use crate::app::App;
use crate::audit::{Act, Actor, Entry};
use crate::failure::{Outcome, Reason, Refused};
use crate::limits;
use crate::protocol::error::ErrorCode;
use crate::protocol::members::Patch;
use crate::protocol::provider::Identity;
use crate::secret;
use crate::store::users::{Name, NewUser, UserRow};
use crate::time::UnixTime;

/// Names that are tried, the first ones without anything added.
const TRIES: usize = 8;
/// As much of a name as leaves room for what is added.
const LONGEST: usize = 40;

/// What became of an attempt to make the account.
enum Made {
    Done {
        id: String,
        epoch: i64,
    },
    /// There is an account with the address.
    EmailTaken,
    /// Somebody made the same one at this moment.
    Known,
}

pub(super) async fn make(app: &App, arrival: &Arrival<'_>, identity: &Identity, now: UnixTime) -> Outcome<Arrived> {
    let email = identity.email.as_deref().filter(|email| names::check_email(email).is_ok());
    let Some(email) = email else { return Err(refused_for_want_of_email(arrival).into()) };
    if !identity.email_verified && app.config.accounts.require_verified_email {
        if !arrival.upstream.description.create_users {
            return Err(no_account().into());
        }
        let pace = pace::start();
        let made = in_silence(app, arrival, identity, email, now).await;
        pace.keep().await;
        return made;
    }
    if app.store.user_named(&names::fold(email)).await?.is_some() {
        return await_proof(app, arrival, identity, now).await;
    }
    if !arrival.upstream.description.create_users {
        return Err(no_account().into());
    }
    limits::registration(app, arrival.origin.address, now).await?;
    match add(app, arrival, identity, email, None, now).await? {
        Made::Done { id, epoch } => {
            let means = arrival.vouched(identity);
            Ok(Arrived::SignedIn(SignedIn { id, epoch, roles: Vec::new(), upgraded: None, means }))
        }
        Made::EmailTaken => await_proof(app, arrival, identity, now).await,
        Made::Known => {
            let known = app.store.identity(&arrival.upstream.id, &identity.subject).await?.ok_or_else(stale)?;
            Ok(Arrived::SignedIn(known_user(app, arrival, identity, known, now).await?))
        }
    }
}

/// Where addresses must be confirmed, and the provider does not say whose this is, nobody learns whether it is known here.
async fn in_silence(
    app: &App,
    arrival: &Arrival<'_>,
    identity: &Identity,
    email: &str,
    now: UnixTime,
) -> Outcome<Arrived> {
    limits::registration(app, arrival.origin.address, now).await?;
    let until = now.plus(app.config.accounts.verification_seconds());
    let made = add(app, arrival, identity, email, Some(until), now).await?;
    let may_write = limits::mail_in_silence(app, Act::Registered, email, arrival.origin.address, now).await?;
    if let (Made::EmailTaken, true) = (made, may_write)
        && let Some(owner) = app.store.user_named(&names::fold(email)).await?
    {
        app.store.enqueue(letters::email_taken(app, &owner, now)?).await?;
    }
    Ok(Arrived::AsksByLetter(email.to_owned()))
}

/// A new account that is linked from its first moment on.
async fn add(
    app: &App,
    arrival: &Arrival<'_>,
    identity: &Identity,
    email: &str,
    unconfirmed_until: Option<UnixTime>,
    now: UnixTime,
) -> Outcome<Made> {
    let base = username(identity, email);
    for attempt in 0..TRIES {
        let username = if attempt == 0 { base.clone() } else { format!("{base}-{}", added()) };
        let account = NewAccount { username, email: email.to_owned(), details: details(identity) };
        let verified_at = identity.email_verified.then_some(now);
        let user = UserRow { verified_at, unconfirmed_until, ..register::row(account, None, now) };
        let letter = match verified_at {
            Some(_) => None,
            None => Some(letters::verification(app, &user, email, now)?),
        };
        let entry = Entry::new(Act::Registered, Actor::User(&user.id)).on("user", user.id.clone());
        let entry = entry.named(&user.username).with(json!({ "upstream": arrival.upstream.name }));
        let record = entry.from(arrival.origin).record(now);
        let identity_row = row(arrival.upstream, &user.id, identity, now);
        let new = NewUser { user: user.clone(), roles: Vec::new(), letter };
        match app.store.add_linked_user(new, Some(identity_row), record).await? {
            Ok(()) => return Ok(Made::Done { id: user.id, epoch: user.epoch }),
            Err(Name::Email) => return Ok(Made::EmailTaken),
            Err(Name::Username) => {
                if app.store.identity(&arrival.upstream.id, &identity.subject).await?.is_some() {
                    return Ok(Made::Known);
                }
                if app.store.user_named(&user.email_key).await?.is_some() {
                    return Ok(Made::EmailTaken);
                }
            }
        }
    }
    let about = "no free username was found; try again";
    Err(Refused::new(ErrorCode::Conflict, Reason::TakenName, about).into())
}

/// What the provider calls them, as far as it can be a username here.
fn username(identity: &Identity, email: &str) -> String {
    let of_email = email.split('@').next().unwrap_or_default();
    let wanted = [identity.username.as_deref(), Some(of_email), identity.given_name.as_deref()];
    let cleaned = wanted.into_iter().flatten().map(|name| {
        // What looks like an address is only called by what stands before its host.
        let name = name.split('@').next().unwrap_or_default();
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        name.chars().filter(allowed).take(LONGEST).collect::<String>()
    });
    let mut good = cleaned.filter(|name| names::check_username(name).is_ok());
    good.next().unwrap_or_else(|| "user".to_owned())
}

fn added() -> String {
    secret::random_id().chars().filter(char::is_ascii_alphanumeric).take(6).collect::<String>().to_lowercase()
}

fn details(identity: &Identity) -> Details {
    let said = |name: &Option<String>| match name.as_deref().filter(|name| names::check_name(name).is_ok()) {
        Some(name) => Patch::Set(name.to_owned()),
        None => Patch::Keep,
    };
    Details {
        given_name: said(&identity.given_name),
        family_name: said(&identity.family_name),
        name: said(&identity.name),
        profile: Patch::Keep,
    }
}

fn refused_for_want_of_email(arrival: &Arrival<'_>) -> Refused {
    if !arrival.upstream.description.create_users {
        return no_account();
    }
    let about = "the provider names no email address, and an account here needs one";
    Refused::new(ErrorCode::AccessDenied, Reason::NoUpstreamEmail, about)
}

fn no_account() -> Refused {
    let about = "there is no account here for who signed in, and none is made";
    Refused::new(ErrorCode::AccessDenied, Reason::NoUpstreamAccount, about)
}
