//! The client's real address — RFC 7239 §4 (`Forwarded`), and its forerunner `X-Forwarded-For`. What a header says is
//! believed only from trusted proxies, and only up to the first address that is not one of them.

use std::net::{IpAddr, SocketAddr};

use http::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where a request came from; the edge puts it into the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

/// The address of the client: the peer's, unless the peer is a trusted proxy and names one.
pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let forwarded = hops(headers, &FORWARDED, forwarded_hops).map(|hops| walk(peer, &hops, trusted));
    let x_forwarded = hops(headers, &X_FORWARDED_FOR, x_forwarded_hops).map(|hops| walk(peer, &hops, trusted));
    match (forwarded, x_forwarded) {
        // A proxy writes one of the two and may let the other pass as the client sent it: which one is not known.
        (Some(one), Some(other)) if one != other => peer,
        (Some(client), _) | (None, Some(client)) => client,
        (None, None) => peer,
    }
}

pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    // Most servers trust nobody.
    !trusted.is_empty() && trusted.iter().any(|net| net.contains(&address.to_canonical()))
}

/// From the nearest hop outwards, until one is not trusted or cannot be read.
fn walk(peer: IpAddr, hops: &[Option<IpAddr>], trusted: &[IpNet]) -> IpAddr {
    let mut nearest = peer;
    for hop in hops.iter().rev() {
        match hop {
            Some(address) => nearest = *address,
            None => break,
        }
        if !is_trusted(nearest, trusted) {
            break;
        }
    }
    nearest
}

/// The hops of all lines of a header in order, or `None` when the header is not there. A hop that is hidden, unknown or
/// malformed is `None` in its place.
fn hops(
    headers: &HeaderMap,
    name: &HeaderName,
    of_line: fn(&str, &mut Vec<Option<IpAddr>>),
) -> Option<Vec<Option<IpAddr>>> {
    let mut hops = Vec::new();
    let mut present = false;
    for line in headers.get_all(name) {
        present = true;
        match line.to_str() {
            Ok(line) => of_line(line, &mut hops),
            Err(_) => hops.push(None),
        }
    }
    present.then_some(hops)
}

fn x_forwarded_hops(line: &str, hops: &mut Vec<Option<IpAddr>>) {
    hops.extend(line.split(',').map(|hop| address(hop.trim())));
}

/// Elements between commas, each a list of `name=value` between semicolons, where a value may be quoted (RFC 7239 §4).
/// Read here and not by a crate, because those at hand take commas within quotes for the end of an element: whoever
/// sends a quotation mark could then invent a hop.
fn forwarded_hops(line: &str, hops: &mut Vec<Option<IpAddr>>) {
    let mut rest = line;
    loop {
        let (hop, after) = forwarded_element(rest);
        hops.push(hop);
        match after {
            Some(after) => rest = after,
            None => break,
        }
    }
}

/// The `for` of the first element, and what follows its comma. What cannot be read ends the line, because where the
/// next element would begin is a guess.
fn forwarded_element(text: &str) -> (Option<IpAddr>, Option<&str>) {
    let mut hop = None;
    let mut rest = text;
    loop {
        let Some((name, value, after)) = forwarded_pair(rest) else { return (None, None) };
        if name.eq_ignore_ascii_case("for") {
            if hop.is_some() {
                return (None, None);
            }
            hop = Some(address(&value));
        }
        match after.bytes().next() {
            None => return (hop.flatten(), None),
            Some(b',') => return (hop.flatten(), Some(&after[1..])),
            Some(b';') => rest = &after[1..],
            Some(_) => return (None, None),
        }
    }
}

/// `name=value` or `name="value"` at the start of the text, and what follows it.
fn forwarded_pair(text: &str) -> Option<(&str, String, &str)> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim_start_matches([' ', '\t']);
    if name.is_empty() || !name.bytes().all(is_token) {
        return None;
    }
    let (value, after) = match rest.strip_prefix('"') {
        Some(quoted) => unquote(quoted)?,
        None => {
            // An IPv6 address must be quoted here; those that forget the quotes are understood all the same.
            let unquoted = |b: u8| is_token(b) || matches!(b, b'[' | b']' | b':');
            let end = rest.bytes().position(|b| !unquoted(b)).unwrap_or(rest.len());
            (rest[..end].to_owned(), &rest[end..])
        }
    };
    (!value.is_empty()).then(|| (name, value, after.trim_start_matches([' ', '\t'])))
}

/// The text up to the closing quotation mark, and what follows it.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// An address as proxies write it: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let address = text.parse().ok().or_else(|| text.parse().ok().map(|with_port: SocketAddr| with_port.ip()));
    address.or_else(bare).map(|address| address.to_canonical())
}
