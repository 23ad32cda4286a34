//! Client metadata (RFC 7591 §2).
#![no_main]

use countersign::protocol::ErrorCode;
use countersign::protocol::client_metadata::ClientMetadata;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    match ClientMetadata::parse(json) {
        Ok(metadata) => {
            let printed = serde_json::to_vec(&metadata).expect("metadata can be printed");
            // Numbers and escapes inside `jwks` may be longer in print than they were sent.
            if printed.len() <= 64 * 1024 {
                assert_eq!(ClientMetadata::parse(&printed).expect("what was printed is read"), metadata);
            }
        }
        Err(fault) => {
            assert!(matches!(fault.code, ErrorCode::InvalidClientMetadata | ErrorCode::InvalidRedirectUri));
        }
    }
});
