//! Redirect URIs (RFC 6749 §3.1.2, RFC 8252 §7 and §8).
#![no_main]

use countersign::protocol::redirect_uri::RedirectUri;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(uri) = text.parse::<RedirectUri>() else { return };
    assert_eq!(uri.as_str(), text);
    assert!(text.is_ascii() && !text.contains(['#', '\\', ' ']) && !text.contains(char::is_control));
    let url = url::Url::parse(text).expect("a redirect URI is a URL");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    assert!(match url.scheme() {
        "https" => true,
        "http" => loopback,
        scheme => scheme.contains('.'),
    });
});
