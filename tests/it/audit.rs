//! The audit log: sealed by one, verified by anybody, trimmed and erased without a doubt about the rest.

mod retention;
mod sealing;
mod tampering;

use countersign::audit::{self, Act, Actor, Entry, Head, Origin, Report};
use countersign::store::leases::Leadership;

use crate::contract::database::Raw;
use crate::harness::World;

/// When acts are sealed at the latest, by default.
const SEALED_AFTER: i64 = 60;

impl World {
    /// The story leads from here on: nothing is sealed but by its word.
    async fn leadership(&self) -> Leadership {
        self.stop_jobs().await;
        self.app.store.lead("the story", None).await.expect("the store answers").expect("nobody else leads")
    }

    /// A user signs in, from an address.
    async fn signs_in(&self, user: &str) {
        let origin = Origin::new("192.0.2.1".parse().ok(), Some("a browser"), None);
        let entry = Entry::new(Act::SignedIn, Actor::User(user)).on("user", user).from(&origin);
        self.app.store.record(entry.record(self.clock.now())).await.expect("it is recorded");
    }

    /// Waits until all acts are due, and seals them. Returns the head.
    async fn seal(&self, leadership: &Leadership) -> Head {
        self.advance(SEALED_AFTER);
        audit::seal(&self.app, leadership, self.clock.now()).await.expect("it is sealed");
        let last = self.app.store.last_seal().await.expect("the store answers").expect("a seal");
        Head::of(last)
    }

    async fn verified(&self, heads: &[Head]) -> Report {
        audit::verify(&self.app, heads).await.expect("the log can be read")
    }

    /// Nothing is wrong.
    async fn verifies(&self) -> Report {
        let report = self.verified(&[]).await;
        assert_eq!(report.damage, None);
        report
    }

    /// Something is, at this position.
    async fn is_damaged(&self, heads: &[Head], position: i64, about: &str) {
        let report = self.verified(heads).await;
        let damage = report.damage.unwrap_or_else(|| panic!("damage at {position}: {about}"));
        assert!(damage.position == position && damage.about.contains(about), "{position} {about}: {damage:?}");
    }

    async fn raw(&self) -> Raw {
        Raw::open(&self.app.config.database).await
    }
}
