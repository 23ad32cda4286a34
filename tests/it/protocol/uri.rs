//! URIs in other languages than their own.

use countersign::protocol::uri::policy_source;

#[test]
fn a_policy_names_one_place_or_none() {
    for (url, source) in [
        ("https://a.example", Some("https://a.example/")),
        ("https://a.example/x.png", Some("https://a.example/x.png")),
        ("https://A.example:443/x.png?y#z", Some("https://a.example/x.png")),
        ("http://127.0.0.1:81/x_~-.png", Some("http://127.0.0.1:81/x_~-.png")),
        ("https://a.example/;,'[]\"<> \\", Some("https://a.example/%3B%2C%27%5B%5D%22%3C%3E%20/")),
        ("https://a.example/\u{e4}", Some("https://a.example/%C3%A4")),
        ("https://b\u{fc}cher.example/", Some("https://xn--bcher-kva.example/")),
        ("https://*.example/x.png", None),
        ("https://*/x.png", None),
        ("https://a;b.example/", None),
        ("https://a,b.example/", None),
        ("https://'none'/", None),
        ("https://[::1]/x.png", None),
        ("data:image/png;base64,AAAA", None),
        ("/x.png", None),
    ] {
        assert_eq!(policy_source(url).as_deref(), source, "{url}");
    }
}
