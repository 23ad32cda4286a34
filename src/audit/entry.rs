//! An act on its way into the log.

use std::net::IpAddr;

use serde_json::Value;

use super::Act;
use super::canonical::Canonical;
use crate::failure::Reason;
use crate::keyring::KeyChange;
use crate::secret;
use crate::store::audit::{ActRow, DONE, PersonalRow, REFUSED, Record, SYSTEM};
use crate::store::new_id;
use crate::time::UnixTime;

/// The longest text that a stranger can put into the log.
const LONGEST: usize = 256;

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    pub address: Option<IpAddr>,
    /// What the caller calls itself.
    pub device: Option<String>,
    pub request_id: Option<String>,
}

impl Origin {
    /// `device` is shortened and cleaned: it is the caller's text, and is shown to others.
    pub fn new(address: Option<IpAddr>, device: Option<&str>, request_id: Option<String>) -> Self {
        Self { address, device: device.and_then(readable), request_id }
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor<'a> {
    User(&'a str),
    Client(&'a str),
    /// Whoever may use the command line.
    Operator,
    /// The server by itself.
    System,
    /// Somebody who did not prove to be anybody.
    Nobody,
}

impl<'a> Actor<'a> {
    const fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Client(_) => "client",
            Self::Operator => "operator",
            Self::System => SYSTEM,
            Self::Nobody => "nobody",
        }
    }

    const fn id(self) -> Option<&'a str> {
        match self {
            Self::User(id) | Self::Client(id) => Some(id),
            Self::Operator | Self::System | Self::Nobody => None,
        }
    }
}

/// Who does something, and from where.
#[derive(Clone, Debug)]
pub struct By<'a> {
    pub actor: Actor<'a>,
    pub origin: Origin,
}

impl<'a> By<'a> {
    /// Whoever may use the command line. Where that person sits, the server does not know.
    pub fn operator() -> Self {
        Self { actor: Actor::Operator, origin: Origin::default() }
    }

    pub fn system() -> Self {
        Self { actor: Actor::System, origin: Origin::default() }
    }

    pub fn does(&self, act: Act) -> Entry<'a> {
        Entry::new(act, self.actor).from(&self.origin)
    }

    /// A change of the signing keys.
    pub fn changes_key(&self, change: &KeyChange, now: UnixTime) -> Record {
        let entry = self.does(change.act()).on("key", change.key());
        match change.detail() {
            Some(detail) => entry.with(detail),
            None => entry,
        }
        .record(now)
    }
}

/// What is to be recorded of an act.
#[derive(Clone, Debug)]
#[must_use = "an entry is nothing before it is recorded"]
pub struct Entry<'a> {
    act: Act,
    actor: Actor<'a>,
    target: Option<(&'static str, String)>,
    client: Option<String>,
    refused: Option<Reason>,
    detail: Option<Value>,
    name: Option<String>,
    person: Option<String>,
    origin: Origin,
}

impl<'a> Entry<'a> {
    pub fn new(act: Act, actor: Actor<'a>) -> Self {
        let person = match actor {
            Actor::User(id) => Some(id.to_owned()),
            _ => None,
        };
        Self {
            act,
            actor,
            target: None,
            client: None,
            refused: None,
            detail: None,
            name: None,
            person,
            origin: Origin::default(),
        }
    }

    /// What it was done to: `"user"` and the user's id.
    pub fn on(mut self, kind: &'static str, id: impl Into<String>) -> Self {
        self.target = Some((kind, id.into()));
        self
    }

    /// At which client, also when a stranger only said so.
    pub fn at_client(mut self, client_id: &str) -> Self {
        self.client = readable(client_id);
        self
    }

    pub fn refused(mut self, reason: Reason) -> Self {
        self.refused = Some(reason);
        self
    }

    /// What else there is to say. It stays as long as the log does, so it must not be personal, nor a secret.
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = Some(detail);
        self
    }

    /// The same, beside what is said already: members of one object.
    pub fn and_with(mut self, more: Value) -> Self {
        match (self.detail.as_mut().and_then(Value::as_object_mut), more) {
            (Some(detail), Value::Object(more)) => detail.extend(more),
            (_, more) => self.detail = Some(more),
        }
        self
    }

    /// The user name that was typed.
    pub fn named(mut self, name: &str) -> Self {
        self.name = readable(name);
        self
    }

    /// Whose personal data this is, when it is not that of the user who acts.
    pub fn about_person(mut self, user_id: impl Into<String>) -> Self {
        self.person = Some(user_id.into());
        self
    }

    pub fn from(mut self, origin: &Origin) -> Self {
        self.origin = origin.clone();
        self
    }

    /// The rows to write.
    pub fn record(self, now: UnixTime) -> Record {
        let personal = self.personal(now);
        let (target_kind, target_id) = self.target.unzip();
        let act = ActRow {
            id: new_id(now),
            at: now,
            act: self.act.as_str().to_owned(),
            actor_kind: self.actor.kind().to_owned(),
            actor_id: self.actor.id().map(str::to_owned),
            target_kind: target_kind.map(str::to_owned),
            target_id,
            client_id: self.client,
            outcome: if self.refused.is_some() { REFUSED } else { DONE }.to_owned(),
            reason: self.refused.map(|reason| reason.as_str().to_owned()),
            request_id: self.origin.request_id,
            detail: self.detail.map(|detail| detail.to_string()),
            personal: personal.as_ref().map(|personal| personal.digest.clone()),
        };
        Record { act, personal }
    }

    fn personal(&self, now: UnixTime) -> Option<PersonalRow> {
        let address = self.origin.address.map(|address| address.to_canonical().to_string());
        let (device, name) = (self.origin.device.clone(), self.name.clone());
        if address.is_none() && device.is_none() && name.is_none() {
            return None;
        }
        let mut row = PersonalRow {
            digest: String::new(),
            salt: secret::random_id(),
            at: now,
            user_id: self.person.clone(),
            address,
            device,
            name,
        };
        row.digest = digest(&row);
        Some(row)
    }
}

/// What names personal data in the log: it proves what the data was, and tells nothing once the salt is gone.
pub(super) fn digest(personal: &PersonalRow) -> String {
    let mut canonical = Canonical::new("countersign audit personal 1");
    canonical.text(&personal.salt);
    canonical.maybe(personal.user_id.as_deref());
    canonical.maybe(personal.address.as_deref());
    canonical.maybe(personal.device.as_deref());
    canonical.maybe(personal.name.as_deref());
    canonical.finish()
}

/// Bounded and without control characters; `None` when nothing is left.
fn readable(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!text.is_empty()).then_some(text)
}
