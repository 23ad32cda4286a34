//! Claims out of profile documents (OpenID Connect Core §5.1).
#![no_main]

use countersign::protocol::userinfo;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let Ok(profile) = serde_json::from_str::<Value>(text) else { return };
    for name in userinfo::names() {
        match userinfo::in_profile(&profile, name) {
            Some(Value::Object(address)) => {
                assert!(name == "address" && address.iter().all(|(name, value)| profile["address"][name] == *value));
            }
            Some(value) => assert_eq!(value, profile[name]),
            None => {}
        }
    }
});
