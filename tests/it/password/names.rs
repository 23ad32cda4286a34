//! How usernames, addresses and names are written and compared.

use countersign::accounts::names::{check_email, check_name, check_username, fold};

#[test]
fn names_are_compared_without_case_and_spaces_around_them() {
    assert_eq!(fold("  Alice "), fold("aLICE"));
    assert_eq!(fold("ÄNNE@Example.ORG"), "änne@example.org");
    assert_ne!(fold("al ice"), fold("alice"));
}

#[test]
fn a_username_is_never_an_address() {
    for good in ["a", "alice", "Alice.B-c_d+e", "0", "9lives", &"a".repeat(64)] {
        assert_eq!(check_username(good), Ok(()), "{good}");
    }
    for bad in
        ["", "alice@example.org", ".alice", "-a", "_a", "al ice", " alice", "älice", "a\u{0}", "a/b", &"a".repeat(65)]
    {
        assert!(check_username(bad).is_err(), "{bad:?}");
    }
}

/// RFC 5321 §4.5.3.1, RFC 5322 §3.2.3, RFC 6531.
#[test]
fn an_address_has_the_form_that_a_letter_needs() {
    let local = "l".repeat(64);
    let longest = format!("{local}@{}", ["d".repeat(63).as_str(), &"d".repeat(63), &"d".repeat(61)].join("."));
    assert_eq!(longest.len(), 254);
    for good in ["a@b", "a.b+c@example.org", "o'hara@example.org", "ä@exämple.org", "a@xn--bcher-kva.example", &longest]
    {
        assert_eq!(check_email(good), Ok(()), "{good}");
    }
    let too_long = format!("{longest}d");
    let long_local = format!("l{local}@example.org");
    let long_label = format!("a@{}.org", "d".repeat(64));
    for bad in [
        "",
        "a",
        "@",
        "a@",
        "@b",
        ".a@b",
        "a.@b",
        "a..b@c",
        "a b@c",
        "a@b c",
        "a@b..c",
        "a@.b",
        "a@b.",
        "a@-b",
        "a@b-",
        "\"a\"@b",
        "a@b\r\nBcc: c@d",
        "a\u{0}@b",
        "a@[127.0.0.1]",
        "a,b@c",
        "<a@b>",
        "a@b@",
        &too_long,
        &long_local,
        &long_label,
    ] {
        assert!(check_email(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_name_is_what_people_write() {
    for good in ["A", "Zoë van der Berg", "李小龍", &"ä".repeat(200)] {
        assert_eq!(check_name(good), Ok(()), "{good}");
    }
    for bad in ["", "   ", "a\nb", "a\u{7}", &"a".repeat(201)] {
        assert!(check_name(bad).is_err(), "{bad:?}");
    }
}
