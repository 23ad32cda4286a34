//! What happens to keys over time. Each step is a conditional statement in the store, so that two nodes, or a node and an
//! operator, cannot take it twice.

use crate::protocol::jwk::{Algorithm, Jwk};
use crate::store::leases::Leadership;
use crate::store::signing_keys::{SigningKeyRow, Step, Succession};
use crate::time::UnixTime;

use super::change::{KeyChange, Recorder};
use super::generate::NewKey;
use super::seal::{KeyEncryptionKeys, signing_key_purpose, value_purpose};
use super::{Keyring, KeyringError, KeyringResult};

const DAY: i64 = 86_400;
/// A node may sign with a key for a moment after another node retired it, and clocks differ.
const RETIRE_MARGIN_SECONDS: i64 = 120;

/// What a rotation did.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Rotated {
    pub algorithm: Algorithm,
    pub active: String,
    /// The key that signed before; `None` when the algorithm had none.
    pub before: Option<String>,
    pub next: Option<String>,
}

/// The keys of one algorithm that matter for its next step.
struct Standing<'a> {
    active: Option<&'a SigningKeyRow>,
    next: Option<&'a SigningKeyRow>,
}

impl<'a> Standing<'a> {
    fn of(rows: &'a [SigningKeyRow], algorithm: Algorithm) -> Self {
        let find = |phase: &str| rows.iter().find(|row| row.algorithm == algorithm.as_str() && row.phase == phase);
        Self { active: find("active"), next: find("next") }
    }
}

impl Keyring {
    /// Makes the keys that are missing. An algorithm that is added to an installation waits like any next key.
    pub(super) async fn ensure_keys(&self, is_new: bool, now: UnixTime) -> KeyringResult<()> {
        let rows = self.rows().await?;
        for &algorithm in &self.inner.settings.algorithms {
            let standing = Standing::of(&rows, algorithm);
            if is_new && standing.active.is_none() {
                self.add_generated(algorithm, "active", now).await?;
            }
            if standing.next.is_none() {
                self.add_generated(algorithm, "next", now).await?;
            }
        }
        Ok(())
    }

    /// The leader's round: what is due by schedule.
    pub async fn keep(&self, now: UnixTime, leadership: &Leadership) -> KeyringResult<()> {
        self.ensure_keys(false, now).await?;
        let rows = self.rows().await?;
        for &algorithm in &self.inner.settings.algorithms {
            let standing = Standing::of(&rows, algorithm);
            let due = standing.active.is_none_or(|active| self.is_due(active, now));
            if due && let Some(next) = standing.next.filter(|next| self.ripe_at(next) <= now) {
                let keys = Succession { active: standing.active.map(|row| row.kid.clone()), next: next.kid.clone() };
                let audit = rotated(&keys, false).by_system(now);
                let step =
                    self.inner.store.rotate_signing_key(keys.clone(), now, Some(leadership.clone()), audit).await?;
                if step == Step::Taken {
                    tracing::info!(active = %keys.next, before = keys.active.as_deref().unwrap_or("none"), "a signing key was rotated by schedule");
                }
                self.ensure_keys(false, now).await?;
            }
        }
        for row in rows.iter().filter(|row| row.phase == "retiring") {
            let expired_before = now.minus(RETIRE_MARGIN_SECONDS);
            if row.covers_until >= expired_before {
                continue;
            }
            let audit = KeyChange::Retired { kid: row.kid.clone() }.by_system(now);
            let step = self.inner.store.retire_signing_key(row.kid.clone(), expired_before, now, audit).await?;
            if step == Step::Taken {
                tracing::info!(kid = %row.kid, "a signing key was retired: the last token that it signed has expired");
            }
        }
        self.refresh().await
    }

    /// Rotates every algorithm now, on an operator's word.
    pub async fn rotate(&self, now: UnixTime, recorder: Recorder<'_>) -> KeyringResult<Vec<Rotated>> {
        self.ensure_keys(false, now).await?;
        let rows = self.rows().await?;
        let mut planned = Vec::new();
        for &algorithm in &self.inner.settings.algorithms {
            let standing = Standing::of(&rows, algorithm);
            let next = standing.next.ok_or(KeyringError::NoSigner(algorithm))?;
            let wait = self.ripe_at(next).since(now);
            if wait > 0 {
                return Err(KeyringError::Refused(format!(
                    "the next {algorithm} key {} has not been published for long enough: verifiers know it in {wait} \
                     seconds; rotate then, or with --emergency if the active key must not be trusted any longer",
                    next.kid
                )));
            }
            planned.push((algorithm, standing.active.map(|row| row.kid.clone()), next.kid.clone()));
        }
        let mut done = Vec::new();
        for (algorithm, before, active) in planned {
            let keys = Succession { active: before.clone(), next: active.clone() };
            let audit = recorder(&rotated(&keys, false));
            if self.inner.store.rotate_signing_key(keys, now, None, audit).await? == Step::Taken {
                done.push(Rotated { algorithm, active, before, next: None });
            }
        }
        self.after(done, now).await
    }

    /// Withdraws every active key, with all that it signed here, and lets the next ones sign at once. A verifier elsewhere
    /// may trust a withdrawn key for one max-age more.
    pub async fn rotate_in_emergency(&self, now: UnixTime, recorder: Recorder<'_>) -> KeyringResult<Vec<Rotated>> {
        self.ensure_keys(false, now).await?;
        let rows = self.rows().await?;
        let mut done = Vec::new();
        for &algorithm in &self.inner.settings.algorithms {
            let standing = Standing::of(&rows, algorithm);
            let next = standing.next.ok_or(KeyringError::NoSigner(algorithm))?.kid.clone();
            let before = standing.active.map(|row| row.kid.clone());
            let keys = Succession { active: before.clone(), next: next.clone() };
            let audit = recorder(&rotated(&keys, true));
            if self.inner.store.withdraw_signing_key(keys, now, audit).await? == Step::Taken {
                let withdrawn = before.as_deref().unwrap_or("none");
                tracing::warn!(active = %next, withdrawn, "a signing key was withdrawn in an emergency");
                done.push(Rotated { algorithm, active: next, before, next: None });
            }
        }
        self.after(done, now).await
    }

    /// Ends a retiring key whose last token has expired, without waiting for the leader.
    pub async fn retire(&self, kid: &str, now: UnixTime, recorder: Recorder<'_>) -> KeyringResult<()> {
        let row = self.row(kid).await?;
        if row.phase != "retiring" {
            return Err(KeyringError::Refused(format!(
                "the key {kid} is {}: only a retiring key can be retired (an active one is rotated first)",
                row.phase
            )));
        }
        let left = row.covers_until.since(now);
        if left >= 0 {
            return Err(KeyringError::Refused(format!(
                "tokens that the key {kid} signed may live for {left} seconds more; with --emergency it is withdrawn at \
                 once, and they are not good here any more"
            )));
        }
        let audit = recorder(&KeyChange::Retired { kid: kid.to_owned() });
        overtaken(self.inner.store.retire_signing_key(kid.to_owned(), now, now, audit).await?)?;
        self.refresh().await
    }

    /// Withdraws one key with all that it signed here: a next or retiring one, or one of an algorithm that the settings no
    /// longer list. The active key of a listed algorithm is withdrawn by rotating it, so that another one signs.
    pub async fn withdraw(&self, kid: &str, now: UnixTime, recorder: Recorder<'_>) -> KeyringResult<()> {
        let row = self.row(kid).await?;
        let is_listed = self.inner.settings.algorithms.iter().any(|algorithm| algorithm.as_str() == row.algorithm);
        let may = match row.phase.as_str() {
            "retiring" | "next" => true,
            "active" => !is_listed,
            _ => false,
        };
        if !may {
            return Err(KeyringError::Refused(format!(
                "the key {kid} is {}: `key rotate --emergency` withdraws a key that signs, and one that has ended stays so",
                row.phase
            )));
        }
        let audit = recorder(&KeyChange::Withdrawn { kid: kid.to_owned() });
        overtaken(self.inner.store.withdraw_one_key(kid.to_owned(), row.phase, now, audit).await?)?;
        tracing::warn!(kid, "a signing key was withdrawn");
        self.ensure_keys(false, now).await?;
        self.refresh().await
    }

    async fn row(&self, kid: &str) -> KeyringResult<SigningKeyRow> {
        let found = self.rows().await?.into_iter().find(|row| row.kid == kid);
        found.ok_or_else(|| KeyringError::Refused(format!("there is no signing key {kid}")))
    }

    /// Seals everything anew under the key-encryption key that seals now; with `make_new`, under a new one.
    pub async fn reseal(&self, make_new: bool, now: UnixTime, recorder: Recorder<'_>) -> KeyringResult<usize> {
        let encryption = if make_new {
            KeyEncryptionKeys::make_another(&self.inner.settings, now)?
        } else {
            KeyEncryptionKeys::load(&self.inner.settings)?
        };
        let mut resealed = 0;
        for row in self.rows().await? {
            let Some(before) = row.sealed.filter(|sealed| !encryption.is_current(sealed)) else { continue };
            let purpose = signing_key_purpose(&row.kid);
            let sealed = encryption.seal(&purpose, &encryption.open(&purpose, &before)?)?;
            resealed += usize::from(self.inner.store.reseal_signing_key(row.kid, before, sealed).await? == Step::Taken);
        }
        for value in self.inner.store.sealed_values().await? {
            if encryption.is_current(&value.sealed) {
                continue;
            }
            let purpose = value_purpose(&value.name);
            let sealed = encryption.seal(&purpose, &encryption.open(&purpose, &value.sealed)?)?;
            resealed += usize::from(self.inner.store.reseal_value(value, sealed).await?);
        }
        if resealed > 0 {
            self.inner.store.record(recorder(&KeyChange::Resealed { values: resealed })).await?;
        }
        self.refresh().await?;
        Ok(resealed)
    }

    pub(super) fn row_for(
        &self,
        key: &NewKey,
        phase: &str,
        origin: &str,
        now: UnixTime,
    ) -> KeyringResult<SigningKeyRow> {
        let kid = key.kid();
        let jwk = Jwk::signing(key.public.clone(), key.algorithm);
        let public_jwk = serde_json::to_string(&jwk).map_err(|error| KeyringError::Failed(error.to_string()))?;
        let sealed = self.inner.encryption.load().seal(&signing_key_purpose(&kid), &key.private_der)?;
        Ok(SigningKeyRow {
            kid,
            algorithm: key.algorithm.as_str().to_owned(),
            phase: phase.to_owned(),
            origin: origin.to_owned(),
            public_jwk,
            sealed: Some(sealed),
            created_at: now,
            activated_at: (phase == "active").then_some(now),
            retiring_at: None,
            ended_at: None,
            covers_until: UnixTime::from_seconds(0),
        })
    }

    async fn add_generated(&self, algorithm: Algorithm, phase: &str, now: UnixTime) -> KeyringResult<()> {
        let key = NewKey::generate(algorithm, self.inner.settings.rsa_bits).await?;
        let row = self.row_for(&key, phase, "generated", now)?;
        // Another node may have been quicker; then its key is the one.
        self.inner.store.add_signing_key(row, None).await?;
        Ok(())
    }

    /// What was done counts even when somebody else was quicker with the rest.
    async fn after(&self, mut done: Vec<Rotated>, now: UnixTime) -> KeyringResult<Vec<Rotated>> {
        overtaken(Step::taken(!done.is_empty()))?;
        self.ensure_keys(false, now).await?;
        self.refresh().await?;
        let rows = self.rows().await?;
        for rotated in &mut done {
            rotated.next = Standing::of(&rows, rotated.algorithm).next.map(|row| row.kid.clone());
        }
        Ok(done)
    }

    fn is_due(&self, active: &SigningKeyRow, now: UnixTime) -> bool {
        let days = i64::try_from(self.inner.settings.rotate_days).unwrap_or(i64::MAX);
        let since = active.activated_at.unwrap_or(active.created_at);
        days > 0 && now >= since.plus(days.saturating_mul(DAY))
    }

    /// When every verifier that keeps to the max-age has seen a next key.
    fn ripe_at(&self, next: &SigningKeyRow) -> UnixTime {
        let seconds = self.inner.settings.jwks_max_age_seconds + self.inner.settings.publish_margin_seconds;
        next.created_at.plus(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}

fn rotated(keys: &Succession, emergency: bool) -> KeyChange {
    KeyChange::Rotated { active: keys.next.clone(), before: keys.active.clone(), emergency }
}

fn overtaken(step: Step) -> KeyringResult<()> {
    match step {
        Step::Taken => Ok(()),
        Step::Overtaken => Err(KeyringError::Refused(
            "the keys have just been changed by somebody else: look at them again".to_owned(),
        )),
    }
}
