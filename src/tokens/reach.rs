//! How far a token reaches: which APIs it is for, and which of the scopes that were asked for it has. The same rules for
//! every grant — RFC 6749 §3.3, RFC 8707 §2.

use crate::directory::{Client, Resource, Roles, Scopes};
use crate::failure::{Reason, Refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::resource::ResourceUri;
use crate::protocol::scope::ScopeSet;

/// Whose scopes a token may have, beside the client's.
#[derive(Clone, Copy)]
pub enum Holder<'a> {
    /// Nobody's: the client acts for itself.
    Client,
    /// What the roles of this user give, and the scopes about who somebody is.
    User { roles: &'a Roles, of: &'a [String] },
}

/// What was asked for, if it is all the client's; without a word, what it registered first.
pub fn audience(client: &Client, asked: &[ResourceUri], issuer: &str) -> Result<Vec<ResourceUri>, Refused> {
    // A client without an audience of its own gets tokens for this server, and may say so.
    let means_issuer = client.audiences().is_empty() && asked.iter().all(|resource| resource.as_str() == issuer);
    if asked.is_empty() || means_issuer {
        return Ok(client.audiences().first().cloned().into_iter().collect());
    }
    if asked.iter().all(|resource| client.audiences().contains(resource)) {
        return Ok(asked.to_vec());
    }
    Err(target_not_allowed("a resource was asked for that the client is not registered for"))
}

/// What of the resources that were granted at the sign-in a client gets that asks for some of them (RFC 8707 §2.2).
pub fn granted_audience(
    client: &Client,
    granted: &str,
    asked: &[ResourceUri],
    issuer: &str,
) -> Result<Vec<ResourceUri>, Refused> {
    let mut granted = separated(granted);
    // What the client may not ask for any more it does not get by an older sign-in either.
    let had_some = !granted.is_empty();
    granted.retain(|resource| client.audiences().contains(resource));
    if had_some && granted.is_empty() {
        return Err(target_not_allowed("the client is no longer registered for what was granted at the sign-in"));
    }
    // Tokens of a grant without resources are for this server, and the client may say so, as it may at the sign-in.
    let means_issuer = granted.is_empty() && asked.iter().all(|resource| resource.as_str() == issuer);
    if asked.is_empty() || means_issuer {
        return Ok(granted);
    }
    if asked.iter().all(|resource| granted.contains(resource)) {
        return Ok(asked.to_vec());
    }
    Err(target_not_allowed("a resource was asked for that was not granted at the sign-in"))
}

/// As they are stored; a URI has no space in it.
pub fn joined(audience: &[ResourceUri]) -> String {
    audience.iter().map(ResourceUri::as_str).collect::<Vec<_>>().join(" ")
}

fn separated(resources: &str) -> Vec<ResourceUri> {
    resources.split(' ').filter_map(|uri| uri.parse().ok()).collect()
}

fn target_not_allowed(about: &'static str) -> Refused {
    Refused::new(ErrorCode::InvalidTarget, Reason::TargetNotAllowed, about)
}

/// The scopes that mean something to the resources; `None` when one of them does not say.
pub fn meant_by(audience: &[ResourceUri], resources: &[Resource]) -> Option<ScopeSet> {
    let mut meant = Vec::new();
    for uri in audience {
        let resource = resources.iter().find(|resource| resource.uri == *uri)?;
        if resource.scopes.is_empty() {
            return None;
        }
        meant.extend(resource.scopes.iter().cloned());
    }
    (!audience.is_empty()).then(|| meant.into_iter().collect())
}

/// All that a client may have right now in the name of `holder`.
pub fn held(client: &Client, holder: Holder<'_>, scopes: &Scopes) -> ScopeSet {
    let of_client = client.scopes(&scopes.known);
    match holder {
        Holder::Client => of_client.difference(&scopes.identity),
        Holder::User { roles, of } => {
            let given = roles.scopes_of(of);
            of_client
                .into_iter()
                .filter(|scope| scopes.identity.contains(scope.as_str()) || given.contains(scope.as_str()))
                .collect()
        }
    }
}

/// What is asked for ∩ what may be had ∩ what the resources understand; without a word, all of that. Who somebody is
/// concerns no resource, so the scopes about that are always understood.
pub fn scope(
    asked: Option<&ScopeSet>,
    held: &ScopeSet,
    scopes: &Scopes,
    meant: Option<&ScopeSet>,
) -> Result<ScopeSet, Refused> {
    let understood = |name: &str| scopes.identity.contains(name) || meant.is_none_or(|meant| meant.contains(name));
    let holds: ScopeSet = held.iter().filter(|scope| understood(scope.as_str())).cloned().collect();
    let Some(asked) = asked else { return Ok(holds) };
    if !asked.is_subset_of(&scopes.known) {
        let about = "a scope was asked for that does not exist";
        return Err(Refused::new(ErrorCode::InvalidScope, Reason::UnknownScope, about));
    }
    let granted = asked.intersection(&holds);
    if granted.is_empty() { Err(nothing_left()) } else { Ok(granted) }
}

/// What is left of scopes that were granted before; some of them may have gone since.
pub fn narrowed(
    asked: &ScopeSet,
    held: &ScopeSet,
    scopes: &Scopes,
    meant: Option<&ScopeSet>,
) -> Result<ScopeSet, Refused> {
    let known = asked.intersection(&scopes.known);
    match (asked.is_empty(), known.is_empty()) {
        (true, _) => Ok(ScopeSet::empty()),
        (false, true) => Err(nothing_left()),
        (false, false) => scope(Some(&known), held, scopes, meant),
    }
}

fn nothing_left() -> Refused {
    let about = "none of the scopes that were asked for can be had here";
    Refused::new(ErrorCode::InvalidScope, Reason::NoScopeLeft, about)
}
