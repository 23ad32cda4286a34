//! An act as people and programs read it.

use serde::Serialize;
use serde_json::Value;

use crate::store::audit::PersonalRow;
use crate::store::audit::search::Found;
use crate::time::UnixTime;

#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    pub id: String,
    pub at: UnixTime,
    pub act: String,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub target_kind: Option<String>,
    pub target_id: Option<String>,
    pub client_id: Option<String>,
    pub outcome: String,
    pub reason: Option<String>,
    pub request_id: Option<String>,
    pub detail: Option<Value>,
    /// `None` when there was nothing personal, or when it is gone.
    pub personal: Option<Personal>,
    /// Its place in the chain, once it is sealed.
    pub position: Option<i64>,
    pub hash: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Personal {
    pub user_id: Option<String>,
    pub address: Option<String>,
    pub device: Option<String>,
    pub name: Option<String>,
}

impl From<Found> for Shown {
    fn from(Found { act, position, hash, personal }: Found) -> Self {
        Self {
            id: act.id,
            at: act.at,
            act: act.act,
            actor_kind: act.actor_kind,
            actor_id: act.actor_id,
            target_kind: act.target_kind,
            target_id: act.target_id,
            client_id: act.client_id,
            outcome: act.outcome,
            reason: act.reason,
            request_id: act.request_id,
            detail: act.detail.and_then(|detail| serde_json::from_str(&detail).ok()),
            personal: personal.map(Personal::from),
            position,
            hash,
        }
    }
}

impl From<PersonalRow> for Personal {
    fn from(PersonalRow { user_id, address, device, name, .. }: PersonalRow) -> Self {
        Self { user_id, address, device, name }
    }
}
