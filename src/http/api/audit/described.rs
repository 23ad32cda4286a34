//! What answers about the audit log hold.

use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;

use crate::http::answer::{Described, FAILS_TO_READ, PAGED, answer};
use crate::http::lines::NDJSON;
use crate::http::reply::Manner;

/// Something that was done.
#[derive(Object)]
#[oai(rename = "AuditEntry")]
pub struct EntryBody {
    id: String,
    /// Seconds since 1970.
    at: i64,
    /// docs/audit.md explains each.
    act: String,
    /// `user`, `client`, `operator`, `system` or `nobody`
    actor_kind: String,
    actor_id: Option<String>,
    target_kind: Option<String>,
    target_id: Option<String>,
    client_id: Option<String>,
    /// `done` or `refused`
    outcome: String,
    /// Why it was refused.
    reason: Option<String>,
    request_id: Option<String>,
    detail: Option<Any<Value>>,
    personal: Option<PersonalBody>,
    /// Its place in the chain, once it is sealed.
    position: Option<i64>,
    hash: Option<String>,
}

/// What is personal in an act, as long as it is kept.
#[derive(Object)]
#[oai(rename = "AuditPersonal")]
pub struct PersonalBody {
    /// Whose it is.
    user_id: Option<String>,
    address: Option<String>,
    device: Option<String>,
    /// The name that was typed.
    name: Option<String>,
}

/// Acts, the newest first.
#[derive(Object)]
#[oai(rename = "AuditPage")]
pub struct PageBody {
    items: Vec<EntryBody>,
    /// The cursor of the next page.
    next: Option<String>,
}

answer!(Listed, PageBody, 200, "A page of acts, the newest first", FAILS_TO_READ, PAGED);

pub struct Exported;
impl Described for Exported {
    type Body = EntryBody;
    const CONTENT_TYPE: &'static str = NDJSON;
    const SUCCESS: &'static str = "The acts, one in each line, the oldest first";
    const MANNER: Manner = Manner::Problem;
    const FAILURES: &'static [(u16, &'static str)] = FAILS_TO_READ;
}
