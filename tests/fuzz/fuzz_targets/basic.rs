//! Clients that authenticate in the header (RFC 6749 §2.3.1).
#![no_main]

use countersign::protocol::client_authentication::{AuthMethod, presented};
use countersign::protocol::{ErrorCode, Params};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    let nothing = Params::parse(b"").expect("an empty form is a form");
    match presented(Some(header), &nothing) {
        Ok(presented) => {
            assert_eq!(presented.method(), AuthMethod::ClientSecretBasic);
            assert!((1..=128).contains(&presented.client_id().len()));
            assert!(presented.client_id().bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        }
        Err(fault) => {
            assert_eq!(fault.code, ErrorCode::InvalidClient);
            let with_id = Params::parse(b"client_id=client").expect("this is a form");
            assert!(presented(Some(header), &with_id).is_err());
        }
    }
});
