//! Scopes (RFC 6749 §3.3).
#![no_main]

use countersign::protocol::scope::ScopeSet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(set) = ScopeSet::parse(text) else {
        let longer = format!("{text} x");
        assert!(ScopeSet::parse(&longer).is_err());
        return;
    };
    assert!(!set.is_empty());
    let again = ScopeSet::parse(&set.to_string()).expect("what was printed is read");
    assert_eq!(again.to_string(), set.to_string());
    assert_eq!(set.intersection(&again), set);
    assert!(set.difference(&again).is_empty());
});
