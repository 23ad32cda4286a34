//! What a client may register by itself: less than what an operator may register for it.

use url::Url;

use crate::failure::{Reason, Refused};
use crate::protocol::client_metadata::ClientMetadata;
use crate::protocol::error::ErrorCode;
use crate::protocol::scope::{self, ScopeName, ScopeSet};
use crate::protocol::token::GrantType;
use crate::store::resources::ResourceRow;
use crate::store::scopes::ScopeRow;

const GRANTS: [GrantType; 2] = [GrantType::AuthorizationCode, GrantType::RefreshToken];

/// What there is to register for.
pub(super) struct Known {
    pub scopes: Vec<ScopeRow>,
    pub resources: Vec<ResourceRow>,
    /// What this client may have beyond what all may have.
    pub more: ScopeSet,
    /// Whether it may get codes without PKCE, if it can prove itself.
    pub without_pkce: bool,
    /// Whether an operator's token let it in, who answers for the pages that it leads to.
    pub invited: bool,
}

impl Known {
    /// The metadata as it is understood (RFC 7591 §3.2.1): what it asks for in vain is refused, what only an operator may
    /// decide is left out.
    pub fn judge(&self, asked: ClientMetadata) -> Result<ClientMetadata, Refused> {
        if let Some(grant) = asked.grant_types.iter().find(|grant| !GRANTS.contains(grant)) {
            let about = format!("grant_types: a client that registers itself may not have {grant}");
            return Err(refused(Reason::GrantNotServed, about));
        }
        if !asked.require_pkce && !self.without_pkce {
            let about = "require_pkce: only an operator lets a client do without it";
            return Err(refused(Reason::Malformed, about.to_owned()));
        }
        check_called("backchannel_logout_uri", asked.backchannel_logout_uri.as_deref(), &asked)?;
        check_called("jwks_uri", asked.jwks_uri.as_deref(), &asked)?;
        for uri in &asked.request_uris {
            check_called("request_uris", Some(uri), &asked)?;
        }
        let scope = self.scope(asked.scope.as_ref())?;
        self.check_audience(&asked, &scope)?;
        let own = |page: &Option<String>, name: &str| shown_page(page.as_deref(), name, &asked, false);
        let pages = |page: &Option<String>, name: &str| shown_page(page.as_deref(), name, &asked, self.invited);
        Ok(ClientMetadata {
            logo_uri: own(&asked.logo_uri, "logo_uri")?,
            client_uri: pages(&asked.client_uri, "client_uri")?,
            policy_uri: pages(&asked.policy_uri, "policy_uri")?,
            tos_uri: pages(&asked.tos_uri, "tos_uri")?,
            scope: Some(scope),
            access_token_lifetime: None,
            ..asked
        })
    }

    /// A client that names none gets those about who somebody is: users are asked for each before it gets anything.
    fn scope(&self, asked: Option<&ScopeSet>) -> Result<ScopeSet, Refused> {
        let Some(asked) = asked else {
            let identity = self.scopes.iter().filter(|row| row.identity && row.built_in);
            return Ok(identity.filter_map(|row| row.name.parse::<ScopeName>().ok()).collect());
        };
        if asked.iter().all(|name| self.may_have(name.as_str())) {
            return Ok(asked.clone());
        }
        let about = "scope: one of them is not open to clients that register themselves".to_owned();
        Err(refused(Reason::UnknownScope, about))
    }

    fn may_have(&self, name: &str) -> bool {
        let Some(row) = self.scopes.iter().find(|row| row.name == name) else { return false };
        let is_for_clients = !row.built_in && !scope::is_own(name);
        row.identity || (is_for_clients && (row.registrable || self.more.contains(name)))
    }

    /// Tokens for an API are of use where one of its scopes is in them; a client without one gets none for it.
    fn check_audience(&self, asked: &ClientMetadata, scope: &ScopeSet) -> Result<(), Refused> {
        let is_identity = |name: &str| self.scopes.iter().any(|row| row.identity && row.name == name);
        let reaches = |api: &ResourceRow| {
            api.scopes.split(' ').any(|name| !name.is_empty() && scope.contains(name) && !is_identity(name))
        };
        let may_reach = |uri: &str| self.resources.iter().any(|api| api.uri == uri && reaches(api));
        if asked.audience.iter().all(|uri| may_reach(uri.as_str())) {
            return Ok(());
        }
        let about = "audience: a client that registers itself gets tokens only for APIs of which it may have a scope";
        Err(refused(Reason::TargetNotAllowed, about.to_owned()))
    }
}

/// This server calls a stranger's address only where that stranger's users come back.
fn check_called(name: &str, called: Option<&str>, asked: &ClientMetadata) -> Result<(), Refused> {
    let Some(called) = called else { return Ok(()) };
    let host = secure_host(called);
    if host.is_some() && asked.redirect_uris.iter().any(|redirect| secure_host(redirect.as_str()) == host) {
        return Ok(());
    }
    Err(refused(Reason::Malformed, format!("{name}: its host is not that of a redirect URI")))
}

/// What people are shown of a stranger (RFC 7591 §5): only pages of the host that they would be led back to, unless any will do.
fn shown_page(page: Option<&str>, name: &str, asked: &ClientMetadata, any: bool) -> Result<Option<String>, Refused> {
    let Some(page) = page else { return Ok(None) };
    let host = secure_host(page);
    if host.is_none() {
        return Err(refused(Reason::Malformed, format!("{name} is not an https URL")));
    }
    let is_own = asked.redirect_uris.iter().any(|redirect| secure_host(redirect.as_str()) == host);
    Ok((any || is_own).then(|| page.to_owned()))
}

fn secure_host(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https")?;
    url.host_str().map(str::to_owned)
}

pub(super) fn refused(reason: Reason, about: String) -> Refused {
    Refused::new(ErrorCode::InvalidClientMetadata, reason, about)
}
