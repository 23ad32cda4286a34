//! How far the rights of somebody reach who governs this server: nobody gives a right over it that they lack themselves, nor
//! lays hands on somebody or something that has one.

use crate::audit::By;
use crate::failure::{Outcome, Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::scope::ScopeSet;

/// Scopes over this server itself begin so; what applications call theirs is theirs to give.
const OVER_THIS_SERVER: &str = "admin:";

/// Who acts, and how far their rights reach.
#[derive(Clone, Debug)]
pub struct Authority<'a> {
    pub by: By<'a>,
    /// `None` for an operator, who may do everything.
    pub scope: Option<ScopeSet>,
}

impl Authority<'_> {
    pub fn operator() -> Self {
        Self { by: By::operator(), scope: None }
    }

    /// Refuses when a right over this server is among the scopes that is not among the own ones.
    pub fn covers<'s>(&self, mut scopes: impl Iterator<Item = &'s str>) -> Outcome<()> {
        let Some(own) = &self.scope else { return Ok(()) };
        if scopes.all(|scope| !scope.starts_with(OVER_THIS_SERVER) || own.contains(scope)) {
            return Ok(());
        }
        let about = "this concerns an admin scope that your own token does not hold";
        Err(Refused::new(ErrorCode::Forbidden, Reason::BeyondAuthority, about).into())
    }
}
