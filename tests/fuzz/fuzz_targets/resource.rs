//! Resource indicators (RFC 8707 §2).
#![no_main]

use countersign::protocol::resource::ResourceUri;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let by_serde = serde_json::from_value::<ResourceUri>(text.into());
    match text.parse::<ResourceUri>() {
        Ok(uri) => {
            assert_eq!(uri.as_str(), text);
            assert!(text.len() <= 2048 && !text.contains('#'));
            assert_eq!(by_serde.ok(), Some(uri));
        }
        Err(_) => assert!(by_serde.is_err()),
    }
});
