//! The real client address: only what trusted proxies say, and no further than the first stranger.

use std::net::IpAddr;

use countersign::http::client_address;
use ipnet::IpNet;
use poem::http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

const PROXY: &str = "10.0.0.1";
const CLIENT: &str = "203.0.113.9";

fn trusted() -> Vec<IpNet> {
    ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().expect("a network")).to_vec()
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn client(peer: &str, headers: &[(&'static str, &str)]) -> String {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
    }
    client_address::of(ip(peer), &map, &trusted()).to_string()
}

#[test]
fn x_forwarded_for_is_walked_from_the_right() {
    for (value, expected) in [
        ("203.0.113.9", CLIENT),
        ("203.0.113.9, 10.0.0.2", CLIENT),
        ("198.51.100.1, 203.0.113.9, 10.9.9.9", CLIENT),
        ("198.51.100.1,203.0.113.9,10.9.9.9", CLIENT),
        ("nonsense, 203.0.113.9", CLIENT),
        ("203.0.113.9:4711", CLIENT),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:203.0.113.9", CLIENT),
        ("203.0.113.9, fd00::2", CLIENT),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("203.0.113.9, nonsense, 10.0.0.2", "10.0.0.2"),
        ("203.0.113.9, unknown", PROXY),
        ("203.0.113.9,", PROXY),
        ("203.0.113.999", PROXY),
        ("203.0.113.9:", PROXY),
        ("", PROXY),
        ("\u{fc}", PROXY),
    ] {
        assert_eq!(client(PROXY, &[("x-forwarded-for", value)]), expected, "{value:?}");
    }
}

#[test]
fn forwarded_is_walked_from_the_right() {
    for (value, expected) in [
        ("for=203.0.113.9", CLIENT),
        ("For=203.0.113.9;proto=https;by=10.0.0.1", CLIENT),
        ("proto=https;for=203.0.113.9", CLIENT),
        ("for=\"203.0.113.9:4711\"", CLIENT),
        ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
        ("for=\"[2001:db8:cafe::17]\"", "2001:db8:cafe::17"),
        ("for=198.51.100.1, for=203.0.113.9, for=10.0.0.2", CLIENT),
        ("for=\"a,b\";host=\"x;y\", for=203.0.113.9", CLIENT),
        ("for=\"203.0.113.\\9\"", CLIENT),
        ("for=203.0.113.9;host=\"a, for=6.6.6.6\"", CLIENT),
        ("for=203.0.113.9;host=\"\\\", for=6.6.6.6\"", CLIENT),
        ("for=_hidden", PROXY),
        ("for=unknown, for=10.0.0.2", "10.0.0.2"),
        ("proto=https", PROXY),
        ("for=203.0.113.9;for=6.6.6.6", PROXY),
        ("for=6.6.6.6;x=\", for=203.0.113.9", PROXY),
        ("for=203.0.113.9;", PROXY),
        ("for = 203.0.113.9", PROXY),
        ("for=\"203.0.113.9", PROXY),
        ("for=\"203.0.113.9\"x", PROXY),
        ("203.0.113.9", PROXY),
        ("for=", PROXY),
        ("=203.0.113.9", PROXY),
        ("", PROXY),
    ] {
        assert_eq!(client(PROXY, &[("forwarded", value)]), expected, "{value:?}");
    }
}

#[test]
fn several_lines_are_one_list() {
    let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "203.0.113.9, 10.0.0.2")];
    assert_eq!(client(PROXY, &lines), CLIENT);
    assert_eq!(client(PROXY, &[("forwarded", "for=6.6.6.6"), ("forwarded", "for=203.0.113.9")]), CLIENT);
}

#[test]
fn two_headers_that_disagree_are_not_believed() {
    let (same, other) = ("for=203.0.113.9", "for=6.6.6.6");
    assert_eq!(client(PROXY, &[("forwarded", same), ("x-forwarded-for", CLIENT)]), CLIENT);
    assert_eq!(client(PROXY, &[("forwarded", other), ("x-forwarded-for", CLIENT)]), PROXY);
}

#[test]
fn a_stranger_is_not_believed() {
    for peer in [CLIENT, "::1", "2001:db8::5"] {
        assert_eq!(client(peer, &[("x-forwarded-for", "6.6.6.6"), ("forwarded", "for=6.6.6.6")]), peer);
    }
    assert_eq!(client("::ffff:10.0.0.1", &[("x-forwarded-for", CLIENT)]), CLIENT, "an IPv4 proxy on an IPv6 socket");
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6"));
    assert_eq!(client_address::of(ip(PROXY), &headers, &[]), ip(PROXY), "nobody is trusted unless it is said");
}

/// Text with many of the characters that the two headers are made of.
fn header_text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,60}", "(for=|by=|[0-9]{1,3}\\.|[,;=\"\\\\ :\\[\\]]|10\\.0\\.0\\.2|6\\.6\\.6\\.6|x){0,20}"]
}

proptest! {
    #[test]
    fn whatever_a_client_sends_the_hop_that_the_proxy_added_is_the_last_word(text in header_text()) {
        let x_forwarded = format!("{text}, {CLIENT}");
        prop_assert_eq!(client(PROXY, &[("x-forwarded-for", &x_forwarded)]), CLIENT);
        let forwarded = client(PROXY, &[("forwarded", &format!("{text}, for={CLIENT}"))]);
        prop_assert!(forwarded == CLIENT || forwarded == PROXY, "{}", forwarded);
        let quoted = client(PROXY, &[("forwarded", &format!("{text}, for=\"{CLIENT}:80\";proto=https"))]);
        prop_assert!(quoted == CLIENT || quoted == PROXY, "{}", quoted);
    }

    #[test]
    fn any_bytes_are_read_and_a_stranger_stays_who_it_is(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        for name in ["forwarded", "x-forwarded-for"] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.clone());
            prop_assert_eq!(client_address::of(ip(CLIENT), &headers, &trusted()), ip(CLIENT));
            let found = client_address::of(ip(PROXY), &headers, &trusted());
            prop_assert_eq!(found, found.to_canonical());
        }
    }
}
