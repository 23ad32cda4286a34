//! The issuer: the URL by which this server is known, the `iss` of every token (RFC 8414 §2).

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use super::read::rule::{Flag, Optional, Parsed, parsed};
use super::read::section;

section! {
    /// Who this server is.
    "" => Identity {
        /// The URL under which clients reach this server; it is the `iss` of every token and is never derived from a
        /// request. Without it: `localhost` with the port of this server. Plain http is for development only.
        issuer: Option<Issuer> = None, Optional(issuer());
        /// Allows an http issuer and the conveniences of a developer's machine. Without it: only while the issuer and
        /// the listener are loopback.
        development: Option<bool> = None, Optional(Flag);
    }
}

fn issuer() -> Parsed<Issuer> {
    parsed("an https URL without a query, a fragment or a slash at its end", Issuer::from_str)
}

/// An http or https URL without query, fragment, user and trailing slash. Kept byte by byte, since that is how
/// verifiers compare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    /// Where the path begins; the length of the text when there is none.
    path_start: usize,
    is_loopback: bool,
}

impl Issuer {
    /// `localhost` with a port: what the server is called until somebody says otherwise.
    pub(super) fn local(scheme: &str, port: u16) -> Self {
        let text = format!("{scheme}://localhost:{port}");
        Self { path_start: text.len(), text, is_loopback: true }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Empty, or beginning with a slash.
    pub fn path(&self) -> &str {
        &self.text[self.path_start..]
    }

    /// The name of the machine, without a port.
    pub fn host(&self) -> String {
        let url = Url::parse(&self.text).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "localhost".to_owned())
    }

    pub fn is_https(&self) -> bool {
        self.text.starts_with("https://")
    }

    /// Whether only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// The URL of an endpoint below the issuer; `path` begins with a slash.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

impl Default for Issuer {
    /// The embedded server's.
    fn default() -> Self {
        Self::local("http", 8080)
    }
}

impl FromStr for Issuer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let rest = rest.ok_or("it must begin with https:// (or http:// for development)")?;
        // The parser mends these silently; verifiers that compare bytes do not.
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err("it must be of printable ASCII characters only, without spaces and backslashes");
        }
        if text.contains(['?', '#']) {
            return Err("it must have no query and no fragment");
        }
        if text.ends_with('/') {
            return Err("remove the slash at its end");
        }
        let url = Url::parse(text).map_err(|_| "it is no URL")?;
        if !url.username().is_empty() || url.password().is_some() || rest.split('/').any(|part| part.contains('@')) {
            return Err("it must have no user and no password");
        }
        let authority = rest.find('/').unwrap_or(rest.len());
        let path_start = text.len() - rest.len() + authority;
        if authority == 0 || (path_start < text.len() && url.path() != &text[path_start..]) {
            return Err("its path must be plain: no empty host, no . or .. in it");
        }
        let is_loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err("it names no host"),
        };
        Ok(Self { text: text.to_owned(), path_start, is_loopback })
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
