//! A password that somebody gives, counted and recorded: whoever asks for one, what is wrong with it leaves the same traces.

use crate::app::App;
use crate::audit::{Act, Actor, Entry, Origin};
use crate::failure::{Outcome, Reason};
use crate::limits::{self, Attempt};
use crate::store::users::UserRow;
use crate::time::UnixTime;

/// Whose password is given, where, and from where.
pub struct Guess<'a> {
    /// As it was typed.
    pub name: &'a str,
    pub user: Option<&'a UserRow>,
    pub client_id: &'a str,
    pub origin: &'a Origin,
    pub now: UnixTime,
}

/// Before the password is looked at.
pub async fn before(app: &App, name: &str, origin: &Origin, now: UnixTime) -> Outcome<Attempt> {
    let attempt = limits::before_sign_in(app, name, origin.address, now).await?;
    tokio::time::sleep(attempt.slow_down).await;
    Ok(attempt)
}

impl Guess<'_> {
    /// Records why what the password was for is refused.
    pub async fn refused(&self, app: &App, act: Act, actor: Actor<'_>, reason: Reason) -> Outcome<()> {
        Ok(app.store.record(self.about(Entry::new(act, actor)).refused(reason).record(self.now)).await?)
    }

    /// Counts it as a wrong one, and records the lock if it brings one.
    pub async fn failed(&self, app: &App, attempt: Attempt) -> Outcome<()> {
        let locked = self.about(Entry::new(Act::LoginLocked, Actor::System)).record(self.now);
        attempt.failed(app, Some(locked), self.now).await.map(drop)
    }

    /// What is personal in it goes when the user is erased.
    fn about<'e>(&self, entry: Entry<'e>) -> Entry<'e> {
        let entry = match self.user {
            Some(user) => entry.on("user", user.id.clone()).about_person(user.id.clone()),
            None => entry,
        };
        entry.named(self.name).at_client(self.client_id).from(self.origin)
    }
}
