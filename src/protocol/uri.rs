//! Absolute URIs (RFC 3986 §4.3) as resources, redirect URIs and metadata need them: only one way to read them.

use url::Url;

/// Longer ones do not fit into the request lines of common servers.
const MAX_LENGTH: usize = 2048;

/// Reads an absolute URI without a fragment, or says what is wrong with it.
///
/// The `url` crate reads what browsers read: it drops line breaks, turns backslashes around and repairs hosts. Here the
/// text is refused where what it says and what a browser would make of it differ.
pub(super) fn absolute(text: &str) -> Result<Url, &'static str> {
    if text.contains('#') {
        return Err("has a fragment");
    }
    with_fragment(text)
}

/// The same for a link that is only followed by people, and may point into a page.
pub(super) fn with_fragment(text: &str) -> Result<Url, &'static str> {
    if text.len() > MAX_LENGTH {
        return Err("is too long");
    }
    if !has_only_uri_characters(text) {
        return Err("has a character in it that a URI cannot have");
    }
    let url = Url::parse(text).map_err(|_| "is not an absolute URI")?;
    let authority = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match (url.host_str(), authority) {
        (Some(host), Some(authority)) if says_host(authority, host) => Ok(url),
        (Some(_), _) => Err("has a host that is not in its usual form"),
        (None, _) => Ok(url),
    }
}

/// What a content security policy calls the place of a picture: origin and path, as a query has no name there. `None` for a
/// host that has none either: a star would be many hosts, and a policy knows no addresses in brackets.
pub fn policy_source(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let host = url
        .host_str()
        .filter(|host| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)))?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let mut source = format!("{}://{host}{port}", url.scheme());
    for byte in url.path().bytes() {
        // Browsers compare the two decoded; in a policy a semicolon or a comma would be the end.
        if byte.is_ascii_alphanumeric() || b"-._~/%:@!$&()*+=".contains(&byte) {
            source.push(char::from(byte));
        } else {
            source.push_str(&format!("%{byte:02X}"));
        }
    }
    Some(source)
}

/// RFC 3986 §2: unreserved, reserved, and whole percent-encoded bytes.
fn has_only_uri_characters(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let good = match byte {
            b'%' => {
                let mut hex = || bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit());
                hex() && hex()
            }
            byte => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
        };
        if !good {
            return false;
        }
    }
    true
}

/// Whether the host as written is the host as understood: not an address in octal, not a name in percent-encoding.
fn says_host(authority: &str, host: &str) -> bool {
    let written = authority.rsplit_once('@').map_or(authority, |(_, host_and_port)| host_and_port);
    let Some((start, rest)) = written.split_at_checked(host.len()) else { return false };
    start.eq_ignore_ascii_case(host) && (rest.is_empty() || rest.starts_with(':'))
}
