//! What clients sign to prove themselves (RFC 7523 §3).
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::protocol::ErrorCode;
use countersign::protocol::client_assertion::{ClientAssertion, LEEWAY, LONGEST_LIFE};
use countersign::time::UnixTime;
use libfuzzer_sys::fuzz_target;

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

fuzz_target!(|input: &[u8]| {
    if let Ok(text) = std::str::from_utf8(input) {
        read(text);
    }
    // The input as the claims of an assertion, so that the fuzzer need not learn base64.
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256"}"#);
    read(&format!("{header}.{}.c2ln", URL_SAFE_NO_PAD.encode(input)));
});

fn read(text: &str) {
    match ClientAssertion::parse(text) {
        Err(fault) => assert_eq!(fault.code, ErrorCode::InvalidClient),
        Ok(assertion) => {
            assert!((1..=512).contains(&assertion.name().len()));
            if assertion.check(&["https://id.example"], NOW).is_ok() {
                assert!(assertion.ends() > NOW);
                assert!(assertion.ends() <= NOW.plus(LONGEST_LIFE + 2 * LEEWAY));
            }
            assert!(text.as_bytes().starts_with(assertion.signed().message()));
        }
    }
}
