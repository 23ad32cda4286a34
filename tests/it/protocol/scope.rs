//! Scopes.

use countersign::protocol::ErrorCode;
use countersign::protocol::scope::{ScopeName, ScopeSet};
use proptest::prelude::*;

use super::code;

fn set(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

#[test]
fn a_scope_is_read_or_refused() {
    let long = "a".repeat(129);
    let rows = [
        ("one", "read", Some("read")),
        ("several, in their order", "write read", Some("write read")),
        ("doubles count once", "read write read", Some("read write")),
        ("every kind of character", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~", Some("!#$%&'()*+,-./:;<=>?@[]^_`{|}~")),
        ("empty", "", None),
        ("only a separator", " ", None),
        ("two separators", "read  write", None),
        ("a separator at the start", " read", None),
        ("a separator at the end", "read ", None),
        ("a tab", "read\twrite", None),
        ("a quote", "re\"ad", None),
        ("a backslash", "re\\ad", None),
        ("a control character", "re\u{7f}ad", None),
        ("not ASCII", "l\u{e9}sen", None),
        ("too long", &long, None),
    ];
    for (what, text, expected) in rows {
        let printed = ScopeSet::parse(text);
        assert_eq!(printed.as_ref().map(ToString::to_string).ok().as_deref(), expected, "{what}");
        assert_eq!(code(printed, text), expected.is_none().then_some(ErrorCode::InvalidScope), "{what}");
    }
}

#[test]
fn the_number_of_scopes_is_bounded() {
    let scopes = |count: usize| (0..count).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
    assert_eq!(set(&scopes(128)).len(), 128);
    assert_eq!(code(ScopeSet::parse(&scopes(129)), "s128"), Some(ErrorCode::InvalidScope));
}

#[test]
fn a_name_is_one_scope() {
    assert_eq!("read".parse::<ScopeName>().unwrap().as_str(), "read");
    for text in ["", "a b", "a\"b"] {
        assert_eq!(code(text.parse::<ScopeName>(), text), Some(ErrorCode::InvalidScope));
        assert!(serde_json::from_value::<ScopeName>(text.into()).is_err());
    }
}

#[test]
fn the_algebra_of_sets() {
    let (ab, bc) = (set("a b"), set("b c"));
    assert_eq!(ab.intersection(&bc).to_string(), "b");
    assert_eq!(ab.difference(&bc).to_string(), "a");
    assert!(set("b").is_subset_of(&ab) && !ab.is_subset_of(&bc));
    assert!(ScopeSet::empty().is_subset_of(&ab) && ScopeSet::empty().is_empty());
    assert!(ab.contains("a") && !ab.contains("c"));
    assert_eq!(set("a b"), set("b a"));
    assert_ne!(set("a b"), set("a"));
    assert_ne!(set("a"), set("a b"));
    assert_eq!(set("b a b").iter().cloned().collect::<ScopeSet>().to_string(), "b a");
}

#[test]
fn serde_writes_one_text_and_reads_the_empty_one_too() {
    assert_eq!(serde_json::to_string(&set("b a")).unwrap(), "\"b a\"");
    assert_eq!(serde_json::from_str::<ScopeSet>("\"b a\"").unwrap().to_string(), "b a");
    assert!(serde_json::from_str::<ScopeSet>("\"\"").unwrap().is_empty());
    assert!(serde_json::from_str::<ScopeSet>("\"a  b\"").is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_what_was_read_prints_and_reads_the_same(text in ".*|[!-~ ]{0,40}|[ab ]{0,9}") {
        match ScopeSet::parse(&text) {
            Ok(read) => {
                let printed = read.to_string();
                prop_assert_eq!(ScopeSet::parse(&printed).unwrap().to_string(), printed);
                prop_assert!(text.split(' ').all(|name| read.contains(name)));
            }
            Err(fault) => {
                prop_assert_eq!(fault.code, ErrorCode::InvalidScope);
                let longer = format!("{text} x");
                prop_assert!(ScopeSet::parse(&longer).is_err(), "what is refused stays refused with more behind it");
            }
        }
    }

    #[test]
    fn what_is_common_and_what_is_not_make_the_whole(one in "[a-e]( [a-e]){0,5}", other in "[a-e]( [a-e]){0,5}") {
        let (one, other) = (set(&one), set(&other));
        let parts: ScopeSet = one.intersection(&other).into_iter().chain(one.difference(&other)).collect();
        prop_assert_eq!(&parts, &one);
        prop_assert!(one.intersection(&other).is_subset_of(&other));
        prop_assert!(one.difference(&other).intersection(&other).is_empty());
    }
}
