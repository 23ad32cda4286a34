//! Keys of clients (RFC 7517 §5).
#![no_main]

use countersign::protocol::client_keys::{ClientAlgorithm, ClientKeys};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(json) = serde_json::from_slice(input) else { return };
    let found = ClientKeys::found(&json);
    if let Ok(registered) = ClientKeys::registered(&json) {
        assert_eq!(registered, found);
    }
    let printed = serde_json::to_value(&found).expect("keys can be printed");
    assert_eq!(serde_json::from_value::<ClientKeys>(printed).expect("and read"), found);
    assert_eq!(found.candidates(ClientAlgorithm::Hs256, None).count(), 0);
});
