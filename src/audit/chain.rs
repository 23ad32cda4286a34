//! The chain: each act's hash takes in the one before, so that none can be changed, removed or moved without all that
//! follow; and what is signed about it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::canonical::Canonical;
use crate::failure::Outcome;
use crate::keyring::Keyring;
use crate::store::audit::ActRow;
use crate::store::audit::seals::SealRow;
use crate::time::UnixTime;

/// A place in the chain, and the hash that stands for all acts up to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    pub position: i64,
    /// Empty before the first act.
    pub hash: String,
}

/// What is signed: a seal says that the chain came this far, a checkpoint that it begins here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub kind: String,
    pub position: i64,
    pub hash: String,
    pub count: i64,
    pub iat: UnixTime,
}

impl Head {
    pub fn of(row: SealRow) -> Self {
        Self { position: row.position, hash: row.hash }
    }

    /// The head when `act` is the next one.
    pub fn then(&self, act: &ActRow) -> Self {
        let position = self.position.saturating_add(1);
        let mut canonical = Canonical::new("countersign audit act 1");
        canonical.text(&self.hash);
        canonical.number(position);
        canonical.text(&act.id);
        canonical.number(act.at.seconds());
        canonical.text(&act.act);
        canonical.text(&act.actor_kind);
        canonical.maybe(act.actor_id.as_deref());
        canonical.maybe(act.target_kind.as_deref());
        canonical.maybe(act.target_id.as_deref());
        canonical.maybe(act.client_id.as_deref());
        canonical.text(&act.outcome);
        canonical.maybe(act.reason.as_deref());
        canonical.maybe(act.request_id.as_deref());
        canonical.maybe(act.detail.as_deref());
        canonical.maybe(act.personal.as_deref());
        Self { position, hash: canonical.finish() }
    }
}

/// As the log prints it and `audit verify --head` reads it: `42:hash`.
impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.position, self.hash)
    }
}

impl FromStr for Head {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MALFORMED: &str = "a head is a position and a hash, as the server logs it: 42:hash";
        let (position, hash) = text.split_once(':').ok_or(MALFORMED)?;
        let position = position.parse().map_err(|_| MALFORMED)?;
        let is_hash = hash.len() == 43 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if is_hash { Ok(Self { position, hash: hash.to_owned() }) } else { Err(MALFORMED) }
    }
}

/// Signs a head and makes the row that keeps it.
pub async fn sign(keyring: &Keyring, kind: &str, head: &Head, count: i64, now: UnixTime) -> Outcome<SealRow> {
    let statement =
        Statement { kind: kind.to_owned(), position: head.position, hash: head.hash.clone(), count, iat: now };
    let attestation = keyring.attest(&statement).await?;
    Ok(SealRow {
        position: statement.position,
        kind: statement.kind,
        hash: statement.hash,
        count,
        at: now,
        signature: attestation.signature,
        mac: attestation.mac,
    })
}
