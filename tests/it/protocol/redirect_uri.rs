//! Redirect URIs.

use countersign::protocol::ErrorCode;
use countersign::protocol::redirect_uri::RedirectUri;
use proptest::prelude::*;

use super::code;

#[test]
fn a_redirect_uri_is_accepted_or_refused() {
    let long = format!("https://a/{}", "x".repeat(2039));
    let rows = [
        ("https", "https://app.example.com/callback", true),
        ("a query", "https://app.example.com/callback?tenant=1", true),
        ("a port", "https://app.example.com:8443/callback", true),
        ("loopback by address", "http://127.0.0.1:51004/callback", true),
        ("loopback in IPv6", "http://[::1]/callback", true),
        ("loopback by name", "http://localhost:3000/callback", true),
        ("a private-use scheme", "com.example.app:/oauth2redirect", true),
        ("a private-use scheme with a host", "com.example.app://callback", true),
        ("http elsewhere", "http://app.example.com/callback", false),
        ("http that begins like loopback", "http://localhost.example.com/", false),
        ("http with loopback as the user", "http://localhost@example.com/", false),
        ("http on every interface", "http://0.0.0.0/", false),
        ("loopback in decimal", "http://2130706433/", false),
        ("a fragment", "https://app.example.com/callback#a", false),
        ("an empty fragment", "https://app.example.com/callback#", false),
        ("a user", "https://user@app.example.com/", false),
        ("a password", "https://user:pass@app.example.com/", false),
        ("an empty user", "https://@app.example.com/", false),
        ("a user in a private-use scheme", "com.example.app://user@callback", false),
        ("relative", "/callback", false),
        ("empty", "", false),
        ("a script", "javascript:alert(1)", false),
        ("a document", "data:text/html,hello", false),
        ("a file", "file:///etc/passwd", false),
        ("a scheme that browsers know", "view-source:https://example.com", false),
        ("a scheme without a dot", "myapp:/callback", false),
        ("a backslash", "https://app.example.com\\@evil.example/", false),
        ("a line break", "https://app.example.com/\r\nSet-Cookie:a", false),
        ("a tab inside the scheme", "java\tscript:alert(1)", false),
        ("a space at the start", " https://app.example.com/", false),
        ("a wildcard host", "https://*.example.com/", false),
        ("too long", &long, false),
    ];
    for (what, text, good) in rows {
        let read = text.parse::<RedirectUri>();
        assert_eq!(read.as_ref().ok().map(RedirectUri::as_str), good.then_some(text), "{what}");
        assert_eq!(code(read, text), (!good).then_some(ErrorCode::InvalidRedirectUri), "{what}");
    }
}

proptest! {
    #[test]
    fn any_text_is_kept_as_it_is_or_refused(text in ".*|(https?|[a-z.]{1,9}):[/a-z0-9.:@?#%\\[\\]\\\\ ]{0,30}") {
        match text.parse::<RedirectUri>() {
            Ok(read) => {
                prop_assert_eq!(read.as_str(), text.as_str());
                prop_assert!(text.is_ascii() && !text.contains(['#', ' ', '\\']) && !text.contains(char::is_control));
                let scheme = text.split(':').next().unwrap_or_default();
                prop_assert!(scheme.contains('.') || scheme.starts_with("http"));
            }
            Err(fault) => prop_assert_eq!(fault.code, ErrorCode::InvalidRedirectUri),
        }
    }
}

#[test]
fn an_app_may_choose_its_port_and_nothing_else() {
    for (registered, asked, web, native) in [
        ("https://app.example/cb", "https://app.example/cb", true, true),
        ("https://app.example/cb", "https://app.example:8443/cb", false, false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", false, true),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", false, true),
        ("http://[::1]/cb", "http://[::1]:51004/cb", false, true),
        ("http://localhost/cb?x=1", "http://localhost:3000/cb?x=1", false, true),
        ("http://localhost/cb?x=1", "http://localhost:3000/cb?x=2", false, false),
        ("http://127.0.0.1/cb", "http://localhost:51004/cb", false, false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb/", false, false),
        ("http://127.0.0.1/cb", "https://127.0.0.1:51004/cb", false, false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004@evil.example/cb", false, false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004#/cb", false, false),
        ("com.example.app:/cb", "com.example.app:/cb", true, true),
        ("com.example.app:/cb", "com.example.app:1/cb", false, false),
    ] {
        let uri: RedirectUri = registered.parse().unwrap();
        assert_eq!(
            (uri.is_meant_by(asked, false), uri.is_meant_by(asked, true)),
            (web, native),
            "{registered} {asked}"
        );
    }
}
