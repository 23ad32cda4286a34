//! Redirect URIs as clients register them (RFC 6749 §3.1.2, RFC 8252 §7 and §8, RFC 9700 §2.1).

use url::{Host, Url};

use super::error::{ErrorCode, Fault};
use super::uri;

checked_text! {
    /// Where an answer may be sent, kept exactly as it was registered: https, http on this machine's loopback
    /// interface, or a private-use scheme of an app (a domain name turned around, so it has a dot in it).
    pub struct RedirectUri(check);
}

fn check(text: &str) -> Result<(), Fault> {
    let url = uri::absolute(text).map_err(|what| invalid(format!("a redirect URI {what}")))?;
    if !url.username().is_empty() || url.password().is_some() || has_user_info(text) {
        return Err(invalid("a redirect URI has a user name or a password in it"));
    }
    if url.host_str().is_some_and(|host| host.contains('*')) {
        return Err(invalid("a redirect URI has a wildcard in its host, but is only ever compared as a whole"));
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err(invalid("a redirect URI with http is not on a loopback host")),
        scheme if scheme.contains('.') => Ok(()),
        _ => Err(invalid("a redirect URI has a scheme that is neither https, http on a loopback host, nor private")),
    }
}

impl RedirectUri {
    /// RFC 9700 §2.1: compared as a whole. An app cannot choose its port on the loopback interface (RFC 8252 §7.3), so for
    /// one that `runs_natively` it may be any.
    pub fn is_meant_by(&self, asked: &str, runs_natively: bool) -> bool {
        if self.0 == asked {
            return true;
        }
        let is_loopback = || asked.parse::<Self>().is_ok_and(|uri| uri.is_loopback()) && self.is_loopback();
        let without_ports = || self.without_port().is_some_and(|own| without_port(asked) == Some(own));
        runs_natively && is_loopback() && without_ports()
    }

    /// Whether an app's own scheme leads there.
    pub fn is_private(&self) -> bool {
        !self.0.starts_with("https:") && !self.0.starts_with("http:")
    }

    fn is_loopback(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url))
    }

    fn without_port(&self) -> Option<(&str, &str)> {
        without_port(&self.0)
    }

    /// What a policy calls the place: its origin, or the scheme of an app.
    pub fn place(&self) -> String {
        let url = Url::parse(&self.0).ok();
        let origin = url.as_ref().map(Url::origin).filter(url::Origin::is_tuple);
        match (origin, url) {
            (Some(origin), _) => origin.ascii_serialization(),
            (None, Some(url)) => format!("{}:", url.scheme()),
            (None, None) => String::new(),
        }
    }
}

/// The host, and all that follows it but its port.
fn without_port(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    // The colons of an IPv6 address stand in brackets.
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    Some((host, rest))
}

/// Also finds an empty user name, of which `Url` keeps nothing.
fn has_user_info(text: &str) -> bool {
    let authority = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next());
    authority.is_some_and(|authority| authority.contains('@'))
}

/// RFC 8252 §7.3 and §8.3: the addresses, and the name that many development tools use.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn invalid(about: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(ErrorCode::InvalidRedirectUri, about)
}
