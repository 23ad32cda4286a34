//! How far the rights of somebody reach who governs this server: nobody gives a right over it that they lack themselves, nor
//! lays hands on somebody or something that has one.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::app::App;
use crate::audit::{Act, By};
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::scope::ScopeSet;
use crate::time::UnixTime;

/// Scopes over this server itself begin so; what applications call theirs is theirs to give.
const OVER_THIS_SERVER: &str = "admin:";
/// As much is written down of the scopes that somebody lacked: the names may be the caller's own invention.
const NAMED: usize = 8;
const LONGEST_NAME: usize = 64;

/// Who acts, and how far their rights reach.
#[derive(Debug)]
pub struct Authority<'a> {
    pub by: By<'a>,
    /// `None` for an operator, who may do everything.
    pub scope: Option<ScopeSet>,
    is_noted: AtomicBool,
}

impl<'a> Authority<'a> {
    pub fn new(by: By<'a>, scope: Option<ScopeSet>) -> Self {
        Self { by, scope, is_noted: AtomicBool::new(false) }
    }

    pub fn operator() -> Self {
        Self::new(By::operator(), None)
    }

    /// Refuses when a right over this server is among the scopes that is not among the own ones; `on` is what they are of.
    pub async fn covers<'s>(
        &self,
        app: &App,
        on: Option<(&'static str, &str)>,
        scopes: impl Iterator<Item = &'s str>,
        now: UnixTime,
    ) -> Outcome<()> {
        let Some(own) = &self.scope else { return Ok(()) };
        let lacking: Vec<&str> = scopes.filter(|scope| is_over_this_server(scope) && !own.contains(scope)).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        self.note_refusal(app, Reason::BeyondAuthority, on, &lacking, now).await?;
        let about = "this concerns an admin scope that your own token does not hold";
        Err(Refused::new(ErrorCode::Forbidden, Reason::BeyondAuthority, about).into())
    }

    /// Writes down that rights over this server were lacking, once for each request: a request may be a file of a million
    /// lines, and requests are counted.
    pub async fn note_refusal(
        &self,
        app: &App,
        reason: Reason,
        on: Option<(&'static str, &str)>,
        lacking: &[&str],
        now: UnixTime,
    ) -> Outcome<()> {
        let lacking = lacking.iter().filter(|scope| is_over_this_server(scope)).take(NAMED);
        let lacking: Vec<String> = lacking.map(|scope| scope.chars().take(LONGEST_NAME).collect()).collect();
        if lacking.is_empty() || self.is_noted.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let entry = self.by.does(Act::AccessRefused).refused(reason).with(json!({ "lacking": lacking }));
        let entry = match on {
            Some((kind, id)) => entry.on(kind, id),
            None => entry,
        };
        Ok(app.store.record(entry.record(now)).await?)
    }
}

fn is_over_this_server(scope: &str) -> bool {
    scope.starts_with(OVER_THIS_SERVER)
}
